//! The log of leases: who got what, and why it ended.

use respo::engine::{Notice, NoticeKind};
use respo::{Grant, Label, LeaseNotifier, Name};

/// Writes what becomes of a pool's requests to the log: never a token, never a property.
pub(crate) struct LeaseLog {
    pool: Label,
}

impl LeaseLog {
    pub(crate) fn new(pool: Label) -> Self {
        Self { pool }
    }
}

impl LeaseNotifier for LeaseLog {
    fn notify(&self, notice: &Notice) {
        let (pool, id) = (self.pool.as_str(), notice.id);
        let holder = notice.request.holder.as_ref().map_or("", Label::as_str);
        match &notice.kind {
            NoticeKind::Queued => tracing::debug!(pool, %id, holder, "queued"),
            NoticeKind::Granted(grant) => {
                let description =
                    notice.request.description.as_ref().map_or("", |text| text.as_str());
                let (resource, fence) = (resources(grant), grant.fence);
                tracing::info!(pool, %id, holder, resource, %fence, description, "granted");
            }
            NoticeKind::Orphaned { until } => {
                tracing::info!(pool, %id, holder, %until, "orphaned");
            }
            // Each call that waits takes it up.
            NoticeKind::Resumed { .. } if notice.request.ttl().is_some() => {
                tracing::debug!(pool, %id, holder, "followed");
            }
            NoticeKind::Resumed { .. } => tracing::info!(pool, %id, holder, "resumed"),
            NoticeKind::Transferred { to, .. } => {
                tracing::info!(pool, %id, holder, to = to.as_str(), "transferred");
            }
            NoticeKind::PartlyReleased { resources } => {
                let resource = names(resources.iter());
                tracing::info!(pool, %id, holder, resource, "partly released");
            }
            NoticeKind::Extended { expires } => {
                tracing::info!(pool, %id, holder, %expires, "extended");
            }
            NoticeKind::Allowed { who } => {
                tracing::info!(pool, %id, holder, who = who.as_str(), "allowed");
            }
            NoticeKind::Disallowed { who } => {
                tracing::info!(pool, %id, holder, who = who.as_str(), "disallowed");
            }
            NoticeKind::Ended { reason, grant: Some(grant) } => {
                tracing::info!(pool, %id, holder, resource = resources(grant), %reason, "ended");
            }
            NoticeKind::Ended { reason, grant: None } => {
                tracing::debug!(pool, %id, holder, %reason, "left the queue");
            }
            // Said of every lease at once, and logged once by the daemon.
            NoticeKind::Draining { .. } | NoticeKind::Restarting { .. } | _ => {}
        }
    }
}

fn resources(grant: &Grant) -> String {
    names(grant.resources.iter().flatten().map(|resource| &resource.name))
}

fn names<'n>(names: impl Iterator<Item = &'n Name>) -> String {
    names.map(Name::as_str).collect::<Vec<_>>().join(" ")
}
