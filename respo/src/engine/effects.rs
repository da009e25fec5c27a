//! What follows from a command: facts to make durable, and what to tell whom.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::command::SessionId;
use crate::idempotency::MadeWith;
use crate::inventory::Inventory;
use crate::lease::{EndReason, Grant};
use crate::names::{Label, Name};
use crate::request::{Fence, Request, RequestId};
use crate::time::Timestamp;
use crate::token::TokenDigest;

/// A durable fact. The durable state is exactly what the records add up to.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Record {
    /// A request came in.
    Queued {
        /// Its id, larger than every earlier one.
        id: RequestId,
        /// What it asks for.
        request: Arc<Request>,
        /// The digest of its token.
        token: TokenDigest,
        /// Whose it is, where stacks are concerned: the id of the eldest request that its session had then,
        /// or its own. Durable, since sessions are not.
        party: RequestId,
        /// The idempotency key that it was made with, if it was.
        made_with: Option<MadeWith>,
        /// When.
        at: Timestamp,
    },
    /// A request was granted.
    Granted {
        /// Which one.
        id: RequestId,
        /// Larger than that of every earlier grant.
        fence: Fence,
        /// The resources, per requirement.
        resources: Vec<Vec<Name>>,
        /// When.
        at: Timestamp,
        /// When it ends at the latest.
        expires: Option<Timestamp>,
    },
    /// A request or a lease ended.
    Ended {
        /// Which one.
        id: RequestId,
        /// Why.
        reason: EndReason,
        /// When.
        at: Timestamp,
    },
    /// A lease was given more time, or was renewed, as was a request that waits, for longer than its own ttl.
    Extended {
        /// Which one.
        id: RequestId,
        /// When it ends at the latest.
        expires: Option<Timestamp>,
        /// Until when it lives without being renewed, if it is kept by that.
        until: Option<Timestamp>,
        /// When.
        at: Timestamp,
    },
    /// Some resources of a lease were released, not all.
    PartlyReleased {
        /// Which one.
        id: RequestId,
        /// What it holds no more.
        resources: Vec<Name>,
        /// When.
        at: Timestamp,
    },
    /// A lease passed to another holder. Those whom the earlier one allowed to act on it may do so no more,
    /// and its idempotency key is spent.
    Transferred {
        /// Which one.
        id: RequestId,
        /// The request, now of its new holder.
        request: Arc<Request>,
        /// The digest of its new token.
        token: TokenDigest,
        /// Whose it is now, where stacks are concerned: of the former holder's other requests no longer.
        party: RequestId,
        /// When.
        at: Timestamp,
    },
    /// Somebody else may act on a lease.
    Allowed {
        /// Which one.
        id: RequestId,
        /// Who.
        who: Label,
        /// The digest of this one's token, in place of an earlier one.
        token: TokenDigest,
        /// When.
        at: Timestamp,
    },
    /// Somebody else may not act on a lease any more.
    Disallowed {
        /// Which one.
        id: RequestId,
        /// Who.
        who: Label,
        /// When.
        at: Timestamp,
    },
    /// The clock was set, as at a start: every time in the state moves with it, so that what was left of
    /// each deadline is left still.
    ClockSet {
        /// What the old clock would show now.
        from: Timestamp,
        /// What the new one shows.
        to: Timestamp,
    },
    /// The inventory was replaced.
    InventoryReplaced {
        /// The new revision, one more than the last.
        revision: u64,
        /// The new inventory.
        inventory: Arc<Inventory>,
        /// When.
        at: Timestamp,
    },
}

/// What a client is told.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The session to tell, if the request has one at the moment.
    pub session: Option<SessionId>,
    /// The request that it is about.
    pub id: RequestId,
    /// What was asked for, and by whom.
    pub request: Arc<Request>,
    /// What happened.
    pub kind: NoticeKind,
}

/// What happened to a request.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum NoticeKind {
    /// It was put in the queue.
    Queued,
    /// It was granted. `expires` says when it ends unless it is renewed or extended.
    Granted(Grant),
    /// Its session has gone; it stays until then, or until it is resumed.
    Orphaned {
        /// When it ends if nobody resumes it.
        until: Timestamp,
    },
    /// It was taken up by another session.
    Resumed {
        /// What it holds, if it has been granted.
        grant: Option<Grant>,
        /// The session that had it until now, if one had.
        earlier: Option<SessionId>,
    },
    /// It was given more time.
    Extended {
        /// When it ends unless it is renewed or extended again.
        expires: Timestamp,
    },
    /// Some of its resources were released.
    PartlyReleased {
        /// Which ones.
        resources: Vec<Name>,
    },
    /// It passed to another holder: nothing follows for the session that is told this.
    Transferred {
        /// Who had it.
        from: Option<Label>,
        /// Who has it now.
        to: Label,
    },
    /// Somebody else may act on it.
    Allowed {
        /// Who.
        who: Label,
    },
    /// Somebody else may not act on it any more.
    Disallowed {
        /// Who.
        who: Label,
    },
    /// The server stops; leases end after this time.
    Draining {
        /// How long leases are left.
        deadline: Duration,
    },
    /// The server stops and keeps it; nothing follows. Its client can come back with its token.
    Restarting {
        /// For how long, once the server is back.
        grace: Duration,
    },
    /// It ended; nothing follows.
    Ended {
        /// Why.
        reason: EndReason,
        /// What it held until now, if it had been granted.
        grant: Option<Grant>,
    },
}

/// What follows from a call to the engine.
///
/// **The order is the contract**: first make `records` durable, in order, all or nothing; only then
/// answer the command and send `notices`, in order. Nobody may learn of a grant that a crash could
/// take back. If the records cannot be made durable, drop the engine and the effects, tell nobody,
/// and [restore](crate::Engine::restore) from what the store has.
#[derive(Debug, Default)]
pub struct Effects {
    /// Facts to make durable first.
    pub records: Vec<Record>,
    /// What to tell clients afterwards.
    pub notices: Vec<Notice>,
}

impl Effects {
    /// Forgets everything but the allocated memory.
    pub fn clear(&mut self) {
        self.records.clear();
        self.notices.clear();
    }
}
