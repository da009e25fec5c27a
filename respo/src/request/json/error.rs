//! What is wrong with the JSON of a request.

use std::iter;

use serde_json::error::Category;
use serde_path_to_error::Path;

use crate::request::RequirementError;

/// Why something is not the JSON of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestJsonError {
    /// Where, such as `requirements[0].entities[1].atributes`; empty if it is the request itself.
    pub path: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// The most characters of a path or of a problem: both may repeat what was sent.
const MAX_CHARS: usize = 600;

impl RequestJsonError {
    pub(super) fn at(path: &Path, error: &serde_json::Error) -> Self {
        if error.classify() != Category::Data {
            return Self::syntax(error);
        }
        let message = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let problem = message.strip_suffix(&place).unwrap_or(&message);
        let path = if path.iter().next().is_none() { String::new() } else { path.to_string() };
        // A message about an expression may have several lines.
        Self { path: presentable(&path, ""), problem: presentable(problem, "\n") }
    }

    /// What is not JSON at all.
    pub(super) fn syntax(error: &serde_json::Error) -> Self {
        Self { path: String::new(), problem: format!("it is not JSON: {error}") }
    }
}

impl From<RequirementError> for RequestJsonError {
    fn from(error: RequirementError) -> Self {
        let path = match error.requirement {
            Some(number) => format!("requirements[{}]", number.saturating_sub(1)),
            None => "requirements".to_owned(),
        };
        Self { path, problem: error.problem }
    }
}

impl std::error::Error for RequestJsonError {}

impl std::fmt::Display for RequestJsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.problem),
            path => write!(f, "{path}: {}", self.problem),
        }
    }
}

/// Without control characters that are not `kept`, and without the middle of what is too long.
fn presentable(text: &str, kept: &str) -> String {
    let mut visible = String::new();
    for c in text.chars() {
        if c.is_control() && !kept.contains(c) {
            visible.extend(c.escape_default());
        } else {
            visible.push(c);
        }
    }
    let length = visible.chars().count();
    if length <= MAX_CHARS {
        return visible;
    }
    let half = MAX_CHARS / 2;
    let (start, end) = (visible.chars().take(half), visible.chars().skip(length - half));
    start.chain(iter::once('…')).chain(end).collect()
}
