//! Why the engine does not do what it is asked: its one error type.

use std::time::Duration;

use serde::Serialize;

use crate::names::{Label, Name};
use crate::request::RequestId;
use crate::wire::{Candidate, ResourceState};

/// How long a client that was told `busy` should wait before it asks again: 20 seconds.
pub const RETRY_AFTER: Duration = Duration::from_secs(20);

/// The most candidates that an answer lists: 16.
pub const MAX_LISTED_CANDIDATES: usize = 16;

/// The most parts that a `no_such` lists: 16.
pub const MAX_UNMATCHED_PARTS: usize = 16;

/// A part of a selector that no resource of the inventory satisfies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnmatchedPart {
    /// Which requirement it is a part of, counted from 1. `None`: the request has but one, or no single one
    /// is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirement: Option<usize>,
    /// Which part: `resource`, `location`, `attributes`, `properties`, `entities`, `where` or `combination`.
    pub part: &'static str,
    /// What it asks for, in the form of the query string.
    pub value: String,
    /// What is wrong, as a sentence.
    pub detail: String,
}

/// Why a request is not granted, or a command not carried out.
///
/// Waiting is not a refusal. Each variant has a stable [`code`](Self::code).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Asked not to wait, and every candidate is taken.
    #[error("{}", describe_busy(.candidates, .limit.as_deref()))]
    Busy {
        /// Who has what is missing; at most [`MAX_LISTED_CANDIDATES`] are listed.
        candidates: Vec<Candidate>,
        /// The allowance of the pool that is used up, if that is the reason.
        limit: Option<String>,
    },
    /// No resource of the inventory could ever satisfy the request.
    #[error("{}", .parts.iter().map(describe_part).collect::<Vec<_>>().join("; "))]
    NoSuch {
        /// The parts that match nothing, at least one.
        parts: Vec<UnmatchedPart>,
    },
    /// The pool's queue is as long as it may get.
    #[error("the queue is full: {0} requests are waiting, which is the most that this pool allows")]
    QueueFull(usize),
    /// The session has as many requests as it may have.
    #[error("this session has {0} requests, which is the most that one session may have")]
    TooManyRequests(usize),
    /// A limit of the request is beyond what the pool allows.
    #[error("{0}")]
    OverLimit(String),
    /// There is no such session, or it has ended.
    #[error("this session has ended")]
    NoSession,
    /// There is no such request or lease, or it has ended.
    #[error("there is no request or lease {0}; it may have ended")]
    NoRequest(RequestId),
    /// The inventory has no such revision, or does not keep it any more.
    #[error("there is no revision {0} of the inventory, or it is no longer kept")]
    NoRevision(u64),
    /// The token is not that of the request.
    #[error("the token does not belong to this lease")]
    WrongToken,
    /// The token is that of somebody whom the holder lets act on the lease, and this is for its holder alone.
    #[error(
        "this token lets see, renew, extend and release the lease; to pass it on or to allow it to others is for \
         its holder"
    )]
    GuestToken,
    /// It waits still, and this is about what it holds.
    #[error("request {0} has not been granted yet")]
    NotGranted(RequestId),
    /// It is not kept by being renewed, and has no end that could be moved.
    #[error(
        "lease {0} is kept by its connection and has no end that could be moved; one with a ttl is kept by being \
         renewed"
    )]
    NotRenewable(RequestId),
    /// The lease does not hold this resource.
    #[error("the lease does not hold {0}")]
    NotHeld(Name),
    /// As many others may act on the lease as are allowed.
    #[error(
        "{0} others may act on this lease, which is the most that a lease may have; take it back from one first"
    )]
    TooManyGuests(usize),
    /// This one may not act on the lease anyway.
    #[error("{0} is not allowed to act on this lease")]
    NoGuest(Label),
    /// The idempotency key has made another request.
    #[error("this idempotency key was used for another request; make up a new one for each")]
    KeyReused,
    /// What the idempotency key made has ended, or is another holder's.
    #[error(
        "this idempotency key has made request {0}, which has ended or was passed on; make up a new one for each"
    )]
    KeySpent(RequestId),
    /// The daemon is about to stop and grants nothing more.
    #[error("the server is stopping and grants nothing more; ask again when it is back")]
    Draining,
    /// The store could not be written, or read.
    #[error("the store does not work at the moment, and nothing was changed: {0}")]
    StoreUnavailable(String),
}

impl Refusal {
    /// The stable name of the reason, as the surfaces show it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Busy { .. } => "busy",
            Self::NoSuch { .. } => "no_such",
            Self::QueueFull(_) => "queue_full",
            Self::TooManyRequests(_) => "too_many_requests",
            Self::OverLimit(_) => "over_limit",
            Self::NoSession => "no_session",
            Self::NoRequest(_) => "no_request",
            Self::NoRevision(_) => "no_such_revision",
            Self::WrongToken => "wrong_token",
            Self::GuestToken => "guest_token",
            Self::NotGranted(_) => "not_granted",
            Self::NotRenewable(_) => "not_renewable",
            Self::NotHeld(_) => "not_held",
            Self::TooManyGuests(_) => "too_many_guests",
            Self::NoGuest(_) => "no_guest",
            Self::KeyReused => "key_reused",
            Self::KeySpent(_) => "key_spent",
            Self::Draining => "draining",
            Self::StoreUnavailable(_) => "store_unavailable",
        }
    }
}

fn describe_part(part: &UnmatchedPart) -> String {
    match part.requirement {
        Some(number) => format!("requirement {number}: {}", part.detail),
        None => part.detail.clone(),
    }
}

fn describe_busy(candidates: &[Candidate], limit: Option<&str>) -> String {
    if let Some(limit) = limit {
        return format!("the limit is reached: {limit}");
    }
    let candidates: Vec<String> = candidates.iter().map(describe).collect();
    format!("what is asked for is taken: {}", candidates.join(", "))
}

/// Who has a resource that is missing.
fn describe(candidate: &Candidate) -> String {
    let name = &candidate.resource;
    if let Some(waiter) = &candidate.held_back_for {
        return match &waiter.holder {
            Some(holder) => format!("{name} is held back for {holder}, who waits for more"),
            None => format!("{name} is held back for request {}, which waits for more", waiter.id),
        };
    }
    let holder = candidate.lease.as_ref().and_then(|lease| lease.holder.as_ref());
    match (candidate.state, holder) {
        (ResourceState::Collateral, Some(holder)) => {
            format!("{name} is wired to a resource that {holder} holds")
        }
        (ResourceState::Collateral, None) => format!("{name} is wired to a resource that is held"),
        (_, Some(holder)) => format!("{name} is held by {holder}"),
        (_, None) => format!("{name} is held"),
    }
}
