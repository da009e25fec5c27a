//! The log of leases: who got what, and why it ended.

use respo::engine::{Notice, NoticeKind};
use respo::{Grant, Label, LeaseNotifier};

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
            NoticeKind::Resumed { .. } => tracing::info!(pool, %id, holder, "resumed"),
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
    let names: Vec<&str> =
        grant.resources.iter().flatten().map(|resource| resource.name.as_str()).collect();
    names.join(" ")
}
