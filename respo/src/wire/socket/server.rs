//! What the server says.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::lease::EndReason;
use crate::names::Label;
use crate::request::RequestId;
use crate::time::Timestamp;
use crate::wire::{
    GrantedLease, LeaseOverview, PooledRequest, PooledResource, Problem, PublicEvent, QueuedRequest,
};

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
