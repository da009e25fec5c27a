//! Everything that goes wrong, as RFC 9457 problem documents: the codes, statuses and titles of all surfaces.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::Problem;
#[cfg(feature = "broker")]
use crate::broker::PoolError;
use crate::query::QueryError;
use crate::refusal::Refusal;
use crate::request::RequestJsonError;

/// The kinds of problem. Each has a code, a status and a title of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProblemKind {
    /// What was said makes no sense, or no valid sense.
    Malformed,
    /// There are several pools, and none was named.
    PoolRequired,
    /// The administrator's token is missing, or another was given.
    Unauthorized,
    /// The token is not that of the lease, or is missing.
    WrongToken,
    /// The token is that of somebody whom the holder lets act on the lease, and this is for its holder alone.
    GuestToken,
    /// A browser sent it from a page of another site.
    CrossOrigin,
    /// No resource could ever satisfy the request.
    NoSuch,
    /// There is no pool of this name.
    NoSuchPool,
    /// There is no such request or lease, or it has ended.
    NoRequest,
    /// Nobody of this name may act on the lease.
    NoGuest,
    /// The request or lease has ended; the problem says why.
    Gone,
    /// There is no resource of this name.
    NoSuchResource,
    /// The inventory has no such revision, or it is no longer kept.
    NoSuchRevision,
    /// There is nothing at this path.
    NotFound,
    /// The path does not have this method.
    MethodNotAllowed,
    /// The body did not arrive in time.
    Timeout,
    /// Asked not to wait, and what is asked for is taken.
    Busy,
    /// The request waits still, and this is about what it holds.
    NotGranted,
    /// The lease is not kept by being renewed, and has no end that could be moved.
    NotRenewable,
    /// The lease does not hold what was named.
    NotHeld,
    /// As many others may act on the lease as may.
    TooManyGuests,
    /// What the idempotency key made has ended, or was passed on.
    KeySpent,
    /// The idempotency key has made another request.
    KeyReused,
    /// The fence is not that of the lease: its resources have passed on.
    StaleFence,
    /// The body is longer than it may be.
    TooLarge,
    /// The body is not said to be JSON.
    UnsupportedMediaType,
    /// The inventory has mistakes.
    InvalidInventory,
    /// A limit of the pool is exceeded.
    OverLimit,
    /// The path speaks another protocol, to which the connection must be upgraded.
    UpgradeRequired,
    /// As many requests wait as may.
    QueueFull,
    /// The session, or the connection, has as many of something as it may have.
    TooManyRequests,
    /// A defect of the server.
    Internal,
    /// The server is stopping.
    Draining,
    /// The store cannot be read or written.
    StoreUnavailable,
}

impl ProblemKind {
    /// Every kind.
    pub const ALL: [Self; 34] = [
        Self::Malformed,
        Self::PoolRequired,
        Self::Unauthorized,
        Self::WrongToken,
        Self::GuestToken,
        Self::CrossOrigin,
        Self::NoSuch,
        Self::NoSuchPool,
        Self::NoRequest,
        Self::NoGuest,
        Self::Gone,
        Self::NoSuchResource,
        Self::NoSuchRevision,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Timeout,
        Self::Busy,
        Self::NotGranted,
        Self::NotRenewable,
        Self::NotHeld,
        Self::TooManyGuests,
        Self::KeySpent,
        Self::KeyReused,
        Self::StaleFence,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidInventory,
        Self::OverLimit,
        Self::UpgradeRequired,
        Self::QueueFull,
        Self::TooManyRequests,
        Self::Internal,
        Self::Draining,
        Self::StoreUnavailable,
    ];

    /// The stable name, for programs.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.description().0
    }

    /// The status over HTTP.
    #[must_use]
    pub fn status(self) -> u16 {
        self.description().1
    }

    /// The kind in a few words, for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.description().2
    }

    fn description(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::Malformed => ("malformed", 400, "the request is malformed"),
            Self::PoolRequired => ("pool_required", 400, "the pool must be named"),
            Self::Unauthorized => ("unauthorized", 401, "the administrator's token is needed"),
            Self::WrongToken => ("wrong_token", 403, "the token is not that of the lease"),
            Self::GuestToken => ("guest_token", 403, "this is for the holder of the lease"),
            Self::CrossOrigin => ("cross_origin", 403, "the request comes from another site"),
            Self::NoSuch => ("no_such", 404, "no resource can satisfy the request"),
            Self::NoSuchPool => ("no_such_pool", 404, "there is no such pool"),
            Self::NoRequest => ("no_request", 404, "there is no such request or lease"),
            Self::NoGuest => ("no_guest", 404, "nobody of this name may act on the lease"),
            Self::Gone => ("gone", 410, "the request or lease has ended"),
            Self::NoSuchResource => ("no_such_resource", 404, "there is no resource of this name"),
            Self::NoSuchRevision => {
                ("no_such_revision", 404, "there is no such revision of the inventory")
            }
            Self::NotFound => ("not_found", 404, "there is nothing at this path"),
            Self::MethodNotAllowed => {
                ("method_not_allowed", 405, "this path does not have this method")
            }
            Self::Timeout => ("timeout", 408, "the body did not arrive in time"),
            Self::Busy => ("busy", 409, "the request cannot be granted now"),
            Self::NotGranted => ("not_granted", 409, "the request has not been granted yet"),
            Self::NotRenewable => {
                ("not_renewable", 409, "the lease has no end that could be moved")
            }
            Self::NotHeld => ("not_held", 409, "the lease does not hold this resource"),
            Self::TooManyGuests => {
                ("too_many_guests", 409, "as many others may act on the lease as may")
            }
            Self::KeySpent => ("key_spent", 409, "what the idempotency key made is over"),
            Self::StaleFence => ("stale_fence", 409, "the fence is not that of the lease"),
            Self::KeyReused => ("key_reused", 422, "the idempotency key made another request"),
            Self::TooLarge => ("too_large", 413, "the body is too large"),
            Self::UnsupportedMediaType => ("unsupported_media_type", 415, "the body is not JSON"),
            Self::InvalidInventory => ("invalid_inventory", 422, "the inventory has mistakes"),
            Self::OverLimit => ("over_limit", 422, "a limit of the pool is exceeded"),
            Self::UpgradeRequired => ("upgrade_required", 426, "this path speaks WebSocket"),
            Self::QueueFull => ("queue_full", 429, "the queue is full"),
            Self::TooManyRequests => {
                ("too_many_requests", 429, "the session has too many requests")
            }
            Self::Internal => ("internal", 500, "a defect of the server"),
            Self::Draining => ("draining", 503, "the server is stopping"),
            Self::StoreUnavailable => ("store_unavailable", 503, "the store does not work"),
        }
    }
}

impl Problem {
    /// A problem of this kind. `detail` says what is wrong here, and how to mend it.
    #[must_use]
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        let (code, status, title) = kind.description();
        Self {
            kind: format!("urn:respo:problem:{code}"),
            title: title.to_owned(),
            status,
            code: code.to_owned(),
            detail: detail.into(),
            more: BTreeMap::new(),
        }
    }

    /// The same, with a further member. What cannot be written as JSON is left out.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).unwrap_or(Value::Null);
        if !value.is_null() {
            self.more.insert(name.to_owned(), value);
        }
        self
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        Self::new(ProblemKind::Malformed, error.to_string()).with("parameter", &error.parameter)
    }
}

impl From<RequestJsonError> for Problem {
    fn from(error: RequestJsonError) -> Self {
        let RequestJsonError { path, problem } = error;
        let place = if path.is_empty() { String::new() } else { format!(" at {path}") };
        Self::new(ProblemKind::Malformed, format!("the body{place}: {problem}")).with("path", path)
    }
}

#[cfg(feature = "broker")]
impl From<crate::broker::PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        let detail = error.to_string();
        match error {
            PoolError::Required(pools) => {
                Self::new(ProblemKind::PoolRequired, detail).with("pools", pools)
            }
            PoolError::NoSuch { pools, .. } => {
                Self::new(ProblemKind::NoSuchPool, detail).with("pools", pools)
            }
        }
    }
}

/// What is refused, as a client is told it. What a [`StoreUnavailable`](Refusal::StoreUnavailable) says of the
/// store is left out.
impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::Busy { candidates, limit } => {
                let problem = Self::new(ProblemKind::Busy, detail).with("candidates", candidates);
                match limit {
                    Some(limit) => problem.with("limit", limit),
                    None => problem,
                }
            }
            Refusal::NoSuch { parts } => {
                Self::new(ProblemKind::NoSuch, detail).with("parts", parts)
            }
            Refusal::QueueFull(_) => Self::new(ProblemKind::QueueFull, detail),
            Refusal::TooManyRequests(_) => Self::new(ProblemKind::TooManyRequests, detail),
            Refusal::OverLimit(_) => Self::new(ProblemKind::OverLimit, detail),
            Refusal::NoRequest(_) => Self::new(ProblemKind::NoRequest, detail),
            Refusal::NoRevision(_) => Self::new(ProblemKind::NoSuchRevision, detail),
            Refusal::WrongToken => Self::new(ProblemKind::WrongToken, detail),
            Refusal::GuestToken => Self::new(ProblemKind::GuestToken, detail),
            Refusal::NotGranted(_) => Self::new(ProblemKind::NotGranted, detail),
            Refusal::NotRenewable(_) => Self::new(ProblemKind::NotRenewable, detail),
            Refusal::NotHeld(_) => Self::new(ProblemKind::NotHeld, detail),
            Refusal::TooManyGuests(_) => Self::new(ProblemKind::TooManyGuests, detail),
            Refusal::NoGuest(_) => Self::new(ProblemKind::NoGuest, detail),
            Refusal::KeyReused => Self::new(ProblemKind::KeyReused, detail),
            Refusal::KeySpent(_) => Self::new(ProblemKind::KeySpent, detail),
            Refusal::Draining => Self::new(ProblemKind::Draining, detail),
            Refusal::StoreUnavailable(_) => {
                // What the store says is for those who run the server.
                let detail = "the store does not work at the moment, and nothing was changed; ask \
                              again when its disk is mended";
                Self::new(ProblemKind::StoreUnavailable, detail)
            }
            // A surface's session lives as long as its call or its connection, so an ended one is a defect.
            Refusal::NoSession => Self::new(ProblemKind::Internal, detail),
        }
    }
}
