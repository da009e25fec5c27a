//! What the engine can be asked to do, and what it answers.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::inventory::{Inventory, InventoryChange};
use crate::request::{Request, RequestId};
use crate::token::{Token, TokenDigest};

/// A session's number. The caller allots them and never uses one twice while the engine lives.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SessionId(pub u64);

/// Who ends a request or a lease.
#[derive(Debug, Clone)]
pub enum Authority {
    /// The session that it belongs to.
    Session(SessionId),
    /// Whoever knows its token.
    Token(Token),
    /// Whoever knows the digest of its token: the broker, for a client that has gone.
    Digest(TokenDigest),
    /// An administrator.
    Administrator,
}

/// What the engine is asked to do.
#[derive(Debug, Clone)]
pub enum Command {
    /// A client has come.
    OpenSession(SessionId),
    /// A client has gone: its requests end, or linger as they asked.
    CloseSession(SessionId),
    /// A client asks for resources.
    Submit {
        /// Who asks.
        session: SessionId,
        /// For what.
        request: Arc<Request>,
        /// The digest of the secret that will prove that the lease is this client's.
        token: TokenDigest,
    },
    /// A client takes up a request or lease whose session has gone, or takes it over from a session
    /// whose end has not been noticed yet.
    Resume {
        /// Who takes it up.
        session: SessionId,
        /// The secret that it was given.
        token: Token,
    },
    /// Ends a lease, or a request that waits.
    End {
        /// Which one.
        id: RequestId,
        /// On whose authority.
        by: Authority,
    },
    /// Replaces the inventory whole.
    ReplaceInventory(Arc<Inventory>),
    /// Grants nothing from now on, ends what waits, and tells holders how long they have.
    Drain {
        /// How long leases are left.
        deadline: Duration,
    },
    /// The server stops and keeps everything: tells every client, and from now on no session's end
    /// changes anything. Nothing is granted or taken up afterwards.
    Suspend,
    /// Ends every request and lease, since the server stops and keeps nothing. Nothing is granted
    /// afterwards.
    EndAll,
}

/// What the engine answers to a command that it carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Done; there is no more to say.
    Done,
    /// The request has this id. A `Granted` notice follows in the same effects if it was granted.
    Submitted(RequestId),
    /// The inventory was replaced.
    Replaced {
        /// The revision in force.
        revision: u64,
        /// What changed.
        change: InventoryChange,
    },
}
