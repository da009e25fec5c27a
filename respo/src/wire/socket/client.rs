//! What clients say.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::names::{Label, Name};
use crate::request::{Request, RequestId};
use crate::time::HumanDuration;
use crate::wire::EventId;

/// What a client says. `Debug` does not show tokens.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ClientMessage {
    /// Asks for resources. Answered with what becomes of it: `queued`, `granted`, …, `ended`.
    Request {
        /// Names it.
        #[serde(rename = "ref")]
        reference: String,
        /// Where. May be left out where there is one pool.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<Label>,
        /// What is asked for.
        request: Request,
        /// Makes it once only, however often it is said: see `Idempotency-Key`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        idempotency_key: Option<String>,
    },
    /// Takes up a request or lease with its token. Answered as `request` is.
    Resume {
        /// Names it.
        #[serde(rename = "ref")]
        reference: String,
        /// Where it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<Label>,
        /// Its token.
        token: String,
    },
    /// Leaves the queue, or gives a lease back. Answered with `done`.
    Cancel {
        /// Names it.
        #[serde(rename = "ref")]
        reference: String,
        /// The request or lease.
        id: RequestId,
        /// Where it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<Label>,
        /// Its token, where it is not this connection's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// Gives a lease back, or some resources of it, or leaves the queue. Answered with `done`.
    Release {
        /// Names it.
        #[serde(rename = "ref")]
        reference: String,
        /// The request or lease.
        id: RequestId,
        /// Where it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<Label>,
        /// Its token, where it is not this connection's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// Only these.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        resources: Vec<Name>,
    },
    /// Keeps a request or lease with a ttl alive. Answered with `renewed`.
    Renew {
        /// Names it.
        #[serde(rename = "ref")]
        reference: String,
        /// The request or lease.
        id: RequestId,
        /// Where it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<Label>,
        /// Its token, where it is not this connection's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// For how long, if not for its own ttl.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl: Option<HumanDuration>,
    },
    /// Moves the end of a lease. Answered with `renewed`.
    Extend {
        /// Names it.
        #[serde(rename = "ref")]
        reference: String,
        /// The request or lease.
        id: RequestId,
        /// Where it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<Label>,
        /// Its token, where it is not this connection's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// By how much.
        by: HumanDuration,
    },
    /// Passes a lease on. Answered with `token`.
    Transfer {
        /// Names it.
        #[serde(rename = "ref")]
        reference: String,
        /// The request or lease.
        id: RequestId,
        /// Where it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<Label>,
        /// Its token, where it is not this connection's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// To whom.
        to: Label,
    },
    /// Lets somebody else act on a lease. Answered with `token`.
    Allow {
        /// Names it.
        #[serde(rename = "ref")]
        reference: String,
        /// The request or lease.
        id: RequestId,
        /// Where it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<Label>,
        /// Its token, where it is not this connection's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// Whom.
        who: Label,
    },
    /// Takes that back. Answered with `done`.
    Disallow {
        /// Names it.
        #[serde(rename = "ref")]
        reference: String,
        /// The request or lease.
        id: RequestId,
        /// Where it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<Label>,
        /// Its token, where it is not this connection's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// Whom.
        who: Label,
    },
    /// Asks to be told what happens in a pool. Answered with `subscribed`, `happened`, `missed`.
    Subscribe {
        /// Names it.
        #[serde(rename = "ref")]
        reference: String,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<Label>,
        /// What came after this event, too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<EventId>,
    },
    /// Asks not to be told any more. Answered with `done`.
    Unsubscribe {
        /// Names it.
        #[serde(rename = "ref")]
        reference: String,
        /// The `ref` of the `subscribe`.
        subscription: String,
    },
    /// Asks for a list. Answered with `list`.
    List {
        /// Names it.
        #[serde(rename = "ref")]
        reference: String,
        /// Of what.
        of: Listed,
        /// Where.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pool: Option<Label>,
        /// Which ones, in the form of the query string of `GET /v1/resources`; for `resources` only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        query: Option<String>,
    },
}

impl ClientMessage {
    /// The client's name for this message.
    #[must_use]
    pub fn reference(&self) -> &str {
        match self {
            Self::Request { reference, .. }
            | Self::Resume { reference, .. }
            | Self::Cancel { reference, .. }
            | Self::Release { reference, .. }
            | Self::Renew { reference, .. }
            | Self::Extend { reference, .. }
            | Self::Transfer { reference, .. }
            | Self::Allow { reference, .. }
            | Self::Disallow { reference, .. }
            | Self::Subscribe { reference, .. }
            | Self::Unsubscribe { reference, .. }
            | Self::List { reference, .. } => reference,
        }
    }
}

impl fmt::Debug for ClientMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientMessage").field("ref", &self.reference()).finish_non_exhaustive()
    }
}

/// What a list is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Listed {
    /// The resources.
    Resources,
    /// The leases.
    Leases,
    /// The waiting requests.
    Requests,
}
