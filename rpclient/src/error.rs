//! What can go wrong, one variant for each reason that a caller can act on.

use std::io;

use respo::wire::{Candidate, Problem};
use respo::yaml::InventoryProblem;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::event::Ending;
use crate::lease::LostReason;
use crate::setback::NothingBehind;

/// Why a URL cannot be that of a respod.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{url:?} is not the URL of a respod: {problem}")]
pub struct UrlError {
    /// The URL, as it was given.
    pub url: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

/// Why a call did not do what it should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The URL cannot be that of a respod.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// No connection could be made, it broke, or the answer did not come in time.
    #[error("cannot reach respod at {url}: {source}")]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// What the system said.
        source: io::Error,
    },
    /// The request was not to wait, and not enough of what matches is free.
    #[error("{detail}")]
    Busy {
        /// What the server said.
        detail: String,
        /// Who holds what is missing; at most 16 are listed.
        candidates: Vec<Candidate>,
        /// The allowance of the pool that is used up, if that is the reason, as a sentence.
        limit: Option<String>,
    },
    /// The request was not granted in the time that it was ready to wait.
    #[error("{detail}")]
    WaitExpired {
        /// What the server said.
        detail: String,
    },
    /// The resources of the inventory can never satisfy the request.
    #[error("{detail}")]
    NoSuch {
        /// What the server said.
        detail: String,
        /// The parts of the request that nothing satisfies.
        parts: Vec<Unmatched>,
    },
    /// The inventory has mistakes; nothing was changed.
    #[error("{detail}")]
    InvalidInventory {
        /// What the server said.
        detail: String,
        /// Every mistake.
        problems: Vec<InventoryProblem>,
    },
    /// The server ended the request while it waited.
    #[error("the request has ended: {0}")]
    Ended(Ending),
    /// The lease is no longer held.
    #[error("the lease is lost: {0}")]
    Lost(#[from] LostReason),
    /// The server refuses the call for another reason; [`Problem::code`] says which.
    #[error("{}", describe(.0))]
    Refused(Box<Problem>),
    /// The answer was not what a respod says.
    #[error("{url} answered, but not as a respod does: {problem}")]
    Protocol {
        /// Who answered.
        url: String,
        /// What was wrong with the answer.
        problem: String,
    },
}

/// A part of a request that no resource of the inventory satisfies.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
pub struct Unmatched {
    /// Which requirement it is a part of, counted from 1. `None`: the request has but one, or no single one
    /// is to blame.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requirement: Option<usize>,
    /// Such as `resource`, `location`, `attributes`, `properties`, `entities`, `where`, or, where each part
    /// by itself can be met, `combination`.
    pub part: String,
    /// What the request asked for.
    pub value: String,
    /// What is wrong, as a sentence.
    pub detail: String,
}

impl Error {
    /// The stable name of the reason: that of the server where it gave one.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Url(_) => "invalid_url",
            Self::Unreachable { .. } => "unreachable",
            Self::Busy { .. } => "busy",
            Self::WaitExpired { .. } => "wait_expired",
            Self::NoSuch { .. } => "no_such",
            Self::InvalidInventory { .. } => "invalid_inventory",
            Self::Ended(ending) => &ending.code,
            Self::Lost(_) => "lost",
            Self::Refused(problem) => &problem.code,
            Self::Protocol { .. } => "protocol",
        }
    }

    /// Whether the same call may succeed later without anything being changed.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Busy { .. }
            | Self::WaitExpired { .. }
            | Self::Ended(_)
            | Self::Lost(_) => true,
            Self::Refused(problem) => problem.status == 429 || problem.status >= 500,
            Self::Url(_)
            | Self::NoSuch { .. }
            | Self::InvalidInventory { .. }
            | Self::Protocol { .. } => false,
        }
    }

    pub(crate) fn from_problem(mut problem: Problem) -> Self {
        let detail = describe(&problem);
        match problem.code.as_str() {
            "busy" => Self::Busy {
                detail,
                candidates: list(problem.more.remove("candidates")),
                limit: problem.more.get("limit").and_then(Value::as_str).map(str::to_owned),
            },
            "no_such" => Self::NoSuch { detail, parts: list(problem.more.remove("parts")) },
            "gone" => {
                let reason = problem.more.remove("reason").unwrap_or_default();
                Self::from_ending(Ending::new(reason.as_str().unwrap_or("gone"), detail))
            }
            "invalid_inventory" => {
                Self::InvalidInventory { detail, problems: list(problem.more.remove("problems")) }
            }
            _ => Self::Refused(Box::new(problem)),
        }
    }

    /// The same for another one who waited for the same connection.
    pub(crate) fn told_again(&self) -> Self {
        match self {
            Self::Unreachable { url, source } => {
                Self::Unreachable { url: url.clone(), source: again(source) }
            }
            Self::Refused(problem) => Self::Refused(problem.clone()),
            Self::Protocol { url, problem } => {
                Self::Protocol { url: url.clone(), problem: problem.clone() }
            }
            // No connection fails like this.
            other => Self::Protocol { url: String::new(), problem: other.to_string() },
        }
    }

    pub(crate) fn from_ending(ending: Ending) -> Self {
        use respo::EndReason;
        match ending.reason {
            Some(EndReason::WaitExpired) => Self::WaitExpired { detail: ending.to_string() },
            Some(EndReason::NoSuch) => {
                Self::NoSuch { detail: ending.to_string(), parts: Vec::new() }
            }
            _ => Self::Ended(ending),
        }
    }
}

/// The same error once more: what is asked of it is its kind, its words, and whether it is a proxy's.
fn again(error: &io::Error) -> io::Error {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<NothingBehind>());
    match inner {
        Some(nothing) => io::Error::new(error.kind(), *nothing),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

fn describe(problem: &Problem) -> String {
    [&problem.detail, &problem.title, &problem.code]
        .into_iter()
        .find(|text| !text.is_empty())
        .cloned()
        .unwrap_or_default()
}

/// The items of a JSON list that can be read. A later server may list kinds that are not known here.
fn list<T: DeserializeOwned>(value: Option<Value>) -> Vec<T> {
    let Some(Value::Array(items)) = value else {
        return Vec::new();
    };
    items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect()
}
