//! What is wrong with the text of a condition, and where.

/// Why a text is not a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ConditionError {
    /// What is wrong, where, and what would be right.
    pub problem: String,
}

/// How much of the text is shown before and after the place, in characters.
const EXCERPT: usize = 24;

impl ConditionError {
    pub(super) fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into() }
    }

    /// `what` is wrong at a place in the text, which is counted in characters from 0; `instead` says what
    /// would be right.
    pub(super) fn at(text: &str, place: usize, what: &str, instead: &str) -> Self {
        let number = place + 1;
        Self::new(format!("{what} at character {number}: {}; {instead}", excerpt(text, place)))
    }
}

/// What stands around a place, with a caret before it, on one line.
fn excerpt(text: &str, place: usize) -> String {
    let from = place.saturating_sub(EXCERPT);
    let line = |c: char| if c.is_control() { ' ' } else { c };
    let before: String = text.chars().skip(from).take(place - from).map(line).collect();
    let after: String = text.chars().skip(place).take(EXCERPT).map(line).collect();
    let start = if from > 0 { "…" } else { "" };
    let end = if text.chars().nth(place + EXCERPT).is_some() { "…" } else { "" };
    format!("{start}{before}^{after}{end}")
}
