//! What the calls on one lease or waiting request are answered with.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::QueuedRequest;
use crate::names::{Label, Name};
use crate::request::{Fence, RequestId};
use crate::time::{HumanDuration, Timestamp};

/// A waiting request as whoever has its token sees it: the answer to `POST /v1/leases` where it has to wait, and
/// to `GET /v1/requests/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PendingRequest {
    /// The request and its place. `token` is there in the answer to `POST` only.
    #[serde(flatten)]
    pub request: QueuedRequest,
    /// The pool it is in.
    pub pool: Label,
    /// It ends when its client has not come back for so long. `None`: its connection keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<HumanDuration>,
}

/// The answer to `renew` and `extend`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RenewedLease {
    /// Which one.
    pub id: RequestId,
    /// When it ends unless it is renewed or extended again. `None`: it waits, and a session follows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// The answer to `transfer` and `allow`: a token for somebody else. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IssuedToken {
    /// The lease.
    pub id: RequestId,
    /// Who is to have it.
    pub holder: Label,
    /// The secret.
    pub token: String,
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedToken")
            .field("id", &self.id)
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}

/// The answer to `verify`: the lease is in force, and the fence is its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifiedLease {
    /// Which one.
    pub id: RequestId,
    /// Its fence.
    pub fence: Fence,
    /// Who holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Label>,
    /// What it holds.
    pub resources: Vec<Name>,
    /// When it ends, unless it is renewed or extended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}
