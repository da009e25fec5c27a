//! Leases as clients see them: what was granted, who holds it, why it ended.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::inventory::Resource;
use crate::matcher::pairing;
use crate::names::{Label, Name, Text};
use crate::request::{Fence, Request, RequestId, Requirement};
use crate::time::Timestamp;

/// A granted request. Its properties are for the holder alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Grant {
    /// The id of the request that was granted, now that of the lease.
    pub id: RequestId,
    /// Larger than that of every earlier grant in the pool.
    pub fence: Fence,
    /// The resources, per requirement in the order of the request; as they were when granted.
    pub resources: Vec<Vec<Arc<Resource>>>,
    /// When it was granted.
    pub since: Timestamp,
    /// When it ends at the latest.
    pub expires: Option<Timestamp>,
}

impl Grant {
    /// For each resource, for each entity pattern of its requirement of `request`, in its order, the entity
    /// that serves it. `request` is the one that was granted.
    #[must_use]
    pub fn pairing(&self, request: &Request) -> Vec<Vec<Vec<Name>>> {
        let pair = |(requirement, resources): (&Requirement, &Vec<Arc<Resource>>)| {
            let selector = requirement.selector();
            let pair = |resource: &Arc<Resource>| {
                selector.map(|selector| pairing(selector, resource)).unwrap_or_default()
            };
            resources.iter().map(pair).collect()
        };
        request.requirements().iter().zip(&self.resources).map(pair).collect()
    }

    /// The names of the resources, in order.
    #[cfg(feature = "engine")]
    pub(crate) fn names(&self) -> impl Iterator<Item = &Name> {
        self.resources.iter().flatten().map(|resource| &resource.name)
    }
}

/// Who holds a resource, since when and for what: what everyone may know of a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Holding {
    /// The lease.
    pub id: RequestId,
    /// Its fence.
    pub fence: Fence,
    /// Who holds it, as far as the holder said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Label>,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text>,
    /// Since when.
    pub since: Timestamp,
    /// When it ends, unless it is renewed or extended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The holder's session is away; it may come back with its token until this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orphaned_until: Option<Timestamp>,
    /// Who else may act on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<Label>,
}

/// Why a request or a lease ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EndReason {
    /// Its holder released it, or cancelled it while it waited.
    Released,
    /// Its session ended, and it had no linger.
    Disconnected,
    /// Its session ended, and nobody came back for it in time.
    Orphaned,
    /// It reached its maximum duration.
    MaxDuration,
    /// It was not renewed in time.
    Expired,
    /// It was not granted in the time that it was ready to wait.
    WaitExpired,
    /// The inventory changed, and no resource could satisfy it any more.
    NoSuch,
    /// An administrator ended it.
    Revoked,
    /// The server stopped.
    Draining,
    /// Another session took it up with its token. Said to the earlier one; the lease goes on.
    TakenOver,
    /// Its holder passed it on to another. Said to the earlier one; the lease goes on.
    Transferred,
}

impl EndReason {
    /// The stable name, as the surfaces show it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Disconnected => "disconnected",
            Self::Orphaned => "orphaned",
            Self::MaxDuration => "max_duration",
            Self::Expired => "expired",
            Self::WaitExpired => "wait_expired",
            Self::NoSuch => "no_such",
            Self::Revoked => "revoked",
            Self::Draining => "draining",
            Self::TakenOver => "taken_over",
            Self::Transferred => "transferred",
        }
    }

    /// What happened, as a sentence for people.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Released => "the holder released it",
            Self::Disconnected => "the client's connection ended",
            Self::Orphaned => "the client's connection ended and it did not come back in time",
            Self::MaxDuration => "the lease reached its maximum duration",
            Self::Expired => "it was not renewed in time",
            Self::WaitExpired => "it was not granted in the time that it was ready to wait",
            Self::NoSuch => {
                "the inventory changed and no resource can satisfy the request any more"
            }
            Self::Revoked => "an administrator ended it",
            Self::Draining => "the server is stopping",
            Self::TakenOver => "another connection took it up with its token",
            Self::Transferred => "its holder passed it on to another",
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}
