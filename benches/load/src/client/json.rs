//! The little of respod's JSON that the load generator reads.

use serde::Deserialize;

use crate::client::Held;
use crate::failure::{Doing, Failure};

/// A granted lease, or a waiting request.
#[derive(Debug, Deserialize)]
pub(super) struct Proof<'a> {
    id: u64,
    #[serde(borrow)]
    token: Option<&'a str>,
}

impl Proof<'_> {
    pub(super) fn parse(json: &[u8]) -> Result<Proof<'_>, Failure> {
        serde_json::from_slice(json).doing("read the answer")
    }

    pub(super) fn held(&self) -> Held {
        let token = self.token.unwrap_or_default().to_owned();
        Held { id: self.id, key: String::new(), token }
    }
}

/// A line of `/lock`, or a message of `/ws`.
#[derive(Debug, Deserialize)]
pub(super) struct Said<'a> {
    #[serde(borrow)]
    pub(super) event: &'a str,
    #[serde(borrow, rename = "ref")]
    pub(super) reference: Option<&'a str>,
    #[serde(borrow)]
    pub(super) lease: Option<Proof<'a>>,
}

impl Said<'_> {
    pub(super) fn parse(json: &[u8]) -> Result<Said<'_>, Failure> {
        serde_json::from_slice(json).doing("read what the server says")
    }

    /// The lease that it grants.
    pub(super) fn granted(&self) -> Option<Held> {
        if self.event == "granted" { self.lease.as_ref().map(Proof::held) } else { None }
    }
}

/// What the server said instead of what was expected.
pub(super) fn unexpected(expected: &str, status: u16, said: &[u8]) -> Failure {
    let said = String::from_utf8_lossy(said);
    Failure::new(format!("expected {expected}, got {status}: {said}"))
}
