//! What the engine can be asked to do, and what it answers.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::idempotency::MadeWith;
use crate::inventory::{Inventory, InventoryChange};
use crate::lease::Grant;
use crate::names::{Label, Name};
use crate::request::{Request, RequestId};
use crate::time::Timestamp;
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
    /// A client asks for resources, once: if the key has made a request before, that is taken up.
    SubmitOnce {
        /// Who asks.
        session: SessionId,
        /// For what.
        request: Arc<Request>,
        /// The digest of the token, which follows from the key and the salt.
        token: TokenDigest,
        /// The key, and a salt for what it makes.
        made_with: MadeWith,
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
    /// Keeps a request or lease alive that is kept by being renewed.
    Renew {
        /// Which one.
        id: RequestId,
        /// On whose authority.
        by: Authority,
        /// For how long from now, if not for its own ttl. A renewal never shortens.
        ttl: Option<Duration>,
    },
    /// Moves every end that a lease has.
    Extend {
        /// Which one.
        id: RequestId,
        /// On whose authority.
        by: Authority,
        /// By how much.
        more: Duration,
    },
    /// Releases some resources of a lease. If they are all, it ends.
    ReleasePart {
        /// Which one.
        id: RequestId,
        /// On whose authority.
        by: Authority,
        /// What is not needed any more.
        resources: Vec<Name>,
    },
    /// Passes a lease to another holder, who has the grace period, or its linger or ttl if that is longer,
    /// to take it up or renew it.
    Transfer {
        /// Which one.
        id: RequestId,
        /// On whose authority.
        by: Authority,
        /// The new holder.
        to: Label,
        /// The digest of the new holder's token.
        token: TokenDigest,
    },
    /// Lets somebody else act on a lease: see it, renew it, extend it, release it.
    Allow {
        /// Which one.
        id: RequestId,
        /// On whose authority.
        by: Authority,
        /// Who.
        who: Label,
        /// The digest of a token for this one.
        token: TokenDigest,
    },
    /// Takes that back.
    Disallow {
        /// Which one.
        id: RequestId,
        /// On whose authority.
        by: Authority,
        /// Who.
        who: Label,
    },
    /// Asks how a request or lease stands.
    LookUp {
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
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// Done; there is no more to say.
    Done,
    /// What the key has made before has this id. A `Resumed` notice is in the same effects.
    Repeated {
        /// Which one.
        id: RequestId,
        /// What its token follows from, together with the key.
        salt: [u8; 16],
    },
    /// It ends then unless something is done about it. `None`: it waits, and a session follows it.
    Renewed {
        /// When.
        expires: Option<Timestamp>,
    },
    /// How it stands.
    Found(Box<Standing>),
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

/// How a request or lease stands, for those who may act on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// What was asked for, and who holds it.
    pub request: Arc<Request>,
    /// When it came in.
    pub queued_at: Timestamp,
    /// What it holds, with the moment at which it ends unless it is renewed or extended; `None` while it waits.
    pub grant: Option<Grant>,
    /// Who else may act on it.
    pub allowed: Vec<Label>,
}
