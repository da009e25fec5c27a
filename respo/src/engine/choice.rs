//! The choice of stacks: for each label of a request one.

use std::cmp::Reverse;

use crate::engine::stacks::StackIndex;

/// The most choices that are looked at, where a request has several labels.
const MAX_CHOICES: usize = 4096;

/// How good it is to take a label's resources from a stack: first how many of them are there, then how
/// small the stack is. The smaller, the better.
pub(crate) type Merit = (Reverse<usize>, usize);

/// The stacks that a label may come from, the best first.
pub(crate) type Options = Vec<(Merit, StackIndex)>;

/// One stack for each label of a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Choice {
    /// The sum of what its stacks have to offer, if none competes with another.
    pub(crate) merit: Merit,
    pub(crate) stacks: Vec<StackIndex>,
}

/// Every choice, the best first. Without labels there is one, which is empty. Of several labels at most
/// [`MAX_CHOICES`]. The options are sorted.
pub(crate) fn choices(options: &[Options]) -> Vec<Choice> {
    let most = MAX_CHOICES.max(options.iter().map(Vec::len).max().unwrap_or_default());
    let mut choices = vec![Choice::default()];
    for options in options {
        let mut longer = Vec::new();
        for (rank, choice) in choices.iter().enumerate() {
            // Whatever comes later than this has so many better ones before it.
            for ((Reverse(count), size), stack) in options.iter().take(most / (rank + 1)) {
                let (Reverse(counts), sizes) = choice.merit;
                let mut stacks = choice.stacks.clone();
                stacks.push(*stack);
                longer.push(Choice { merit: (Reverse(counts + count), sizes + size), stacks });
            }
        }
        longer.sort();
        longer.truncate(most);
        choices = longer;
    }
    choices
}

/// Whether [`choices`] leaves some out.
pub(crate) fn are_too_many(options: &[Options]) -> bool {
    let all = options.iter().map(Vec::len).try_fold(1usize, usize::checked_mul);
    options.len() > 1 && all.is_none_or(|all| all > MAX_CHOICES)
}
