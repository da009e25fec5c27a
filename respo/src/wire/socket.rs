//! The messages of the WebSocket at `/ws`: one JSON object in each text message.
//!
//! The client's messages carry a `ref` of its choice, and what the server says about one carries the same.
//! What a client says of a lease that it requested or resumed on the same connection needs no `token`.
//!
//! ```
//! use respo::wire::socket::ClientMessage;
//! let text = r#"{"type":"renew","ref":"a1","id":7,"ttl":"30s"}"#;
//! let message: ClientMessage = serde_json::from_str(text)?;
//! assert_eq!(message.reference(), "a1");
//! assert_eq!(serde_json::to_string(&message)?, text);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    EventId, GrantedLease, LeaseOverview, PooledRequest, PooledResource, Problem, PublicEvent,
    QueuedRequest,
};
use crate::lease::EndReason;
use crate::names::{Label, Name};
use crate::request::{Request, RequestId};
use crate::time::{HumanDuration, Timestamp};

/// The most characters of a `ref`: 64.
pub const MAX_REF_CHARS: usize = 64;

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

/// What the server says. `Debug` does not show tokens.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServerMessage {
    /// The first message on a connection.
    Hello {
        /// The version of the server.
        version: String,
        /// The server's clock.
        time: Timestamp,
        /// How often the server pings, in seconds. A client that says nothing for three times that long, not
        /// even a pong, is taken for gone; so may a client take the server.
        heartbeat_seconds: f64,
        /// The pools.
        pools: Vec<Label>,
    },
    /// The request waits. Said at the start and when its place or the candidates change.
    Queued {
        /// The message that made the request or took it up.
        #[serde(rename = "ref")]
        reference: String,
        /// The request and its place. `token` is in the first one only.
        request: QueuedRequest,
    },
    /// The request was granted.
    Granted {
        /// The message that made the request or took it up.
        #[serde(rename = "ref")]
        reference: String,
        /// What was granted.
        lease: GrantedLease,
    },
    /// The server is about to stop.
    Draining {
        /// The message that made the request or took it up.
        #[serde(rename = "ref")]
        reference: String,
        /// How long it still waits for holders, in seconds.
        deadline_seconds: u64,
    },
    /// The server stops, and keeps the request or the lease.
    Restarting {
        /// The message that made the request or took it up.
        #[serde(rename = "ref")]
        reference: String,
        /// How long the token is good for once the server is back, in seconds.
        grace_seconds: u64,
    },
    /// The request or lease has ended, or is somebody else's. Nothing follows with this `ref`.
    Ended {
        /// The message that made the request or took it up.
        #[serde(rename = "ref")]
        reference: String,
        /// Which one.
        id: RequestId,
        /// Why, for programs.
        reason: EndReason,
        /// Why, for people.
        detail: String,
    },
    /// It is done.
    Done {
        /// What.
        #[serde(rename = "ref")]
        reference: String,
    },
    /// A lease has a new end.
    Renewed {
        /// What is answered.
        #[serde(rename = "ref")]
        reference: String,
        /// Which one.
        id: RequestId,
        /// When it ends unless it is renewed again. `None`: nobody needs to renew it at the moment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires: Option<Timestamp>,
    },
    /// A token for somebody else.
    Token {
        /// What is answered.
        #[serde(rename = "ref")]
        reference: String,
        /// The lease.
        id: RequestId,
        /// Who is to have it.
        holder: Label,
        /// The secret.
        token: String,
    },
    /// What happens in the pool is told from now on.
    Subscribed {
        /// What is answered.
        #[serde(rename = "ref")]
        reference: String,
    },
    /// Something happened in the pool.
    Happened {
        /// The subscription.
        #[serde(rename = "ref")]
        reference: String,
        /// What.
        happened: PublicEvent,
    },
    /// Some of what happened can no longer be told, as the client reads too slowly or asked for what is not
    /// kept: lists must be read again. The subscription goes on.
    Missed {
        /// The subscription.
        #[serde(rename = "ref")]
        reference: String,
    },
    /// The list that was asked for: one of the three is there.
    List {
        /// What is answered.
        #[serde(rename = "ref")]
        reference: String,
        /// The resources.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resources: Option<Vec<PooledResource>>,
        /// The leases.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        leases: Option<Vec<LeaseOverview>>,
        /// The waiting requests, in the order in which they will be served, pool by pool.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        requests: Option<Vec<PooledRequest>>,
    },
    /// What the client said is refused, or makes no sense. The connection lives on.
    Error {
        /// What is answered, as far as that could be read.
        #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        /// What is wrong.
        problem: Problem,
    },
}

impl ServerMessage {
    /// The client's name for what this is about.
    #[must_use]
    pub fn reference(&self) -> Option<&str> {
        match self {
            Self::Hello { .. } => None,
            Self::Error { reference, .. } => reference.as_deref(),
            Self::Queued { reference, .. }
            | Self::Granted { reference, .. }
            | Self::Draining { reference, .. }
            | Self::Restarting { reference, .. }
            | Self::Ended { reference, .. }
            | Self::Done { reference }
            | Self::Renewed { reference, .. }
            | Self::Token { reference, .. }
            | Self::Subscribed { reference }
            | Self::Happened { reference, .. }
            | Self::Missed { reference }
            | Self::List { reference, .. } => Some(reference),
        }
    }
}

impl fmt::Debug for ServerMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reference = self.reference();
        match self {
            Self::Queued { request, .. } => {
                f.debug_struct("Queued").field("ref", &reference).field("request", request).finish()
            }
            Self::Granted { lease, .. } => {
                f.debug_struct("Granted").field("ref", &reference).field("lease", lease).finish()
            }
            Self::Ended { id, reason, .. } => f
                .debug_struct("Ended")
                .field("ref", &reference)
                .field("id", id)
                .field("reason", reason)
                .finish(),
            Self::Error { problem, .. } => {
                f.debug_struct("Error").field("ref", &reference).field("problem", problem).finish()
            }
            _ => f.debug_struct("ServerMessage").field("ref", &reference).finish_non_exhaustive(),
        }
    }
}
