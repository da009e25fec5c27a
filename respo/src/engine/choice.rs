//! The choice of stacks: for each label of a request one, and the smallest that will do.

use crate::engine::stacks::StackIndex;

/// The most choices that are tried for one request.
pub(crate) const MAX_CHOICES: usize = 4096;

/// One stack for each label of a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Choice {
    /// How many resources they have, summed up.
    pub(crate) size: usize,
    pub(crate) stacks: Vec<StackIndex>,
}

/// The stacks that a label may come from, with their sizes.
pub(crate) type Options = Vec<(usize, StackIndex)>;

/// Every choice, the smallest first; at most [`MAX_CHOICES`]. Without labels there is one, which is empty.
/// `options` are sorted.
pub(crate) fn choices(options: &[Options]) -> Vec<Choice> {
    let mut choices = vec![Choice::default()];
    for options in options {
        let mut longer = Vec::new();
        for (rank, choice) in choices.iter().enumerate() {
            // Whatever comes later than this has so many smaller ones before it.
            for (size, stack) in options.iter().take(MAX_CHOICES / (rank + 1)) {
                let mut stacks = choice.stacks.clone();
                stacks.push(*stack);
                longer.push(Choice { size: choice.size + size, stacks });
            }
        }
        longer.sort();
        longer.truncate(MAX_CHOICES);
        choices = longer;
    }
    choices
}

/// Whether [`choices`] leaves some out.
pub(crate) fn are_too_many(options: &[Options]) -> bool {
    let all = options.iter().map(Vec::len).try_fold(1usize, usize::checked_mul);
    all.is_none_or(|all| all > MAX_CHOICES)
}
