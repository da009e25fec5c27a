//! Lists: what there is, what is held, and what waits.

use std::sync::Arc;

use respo::broker::Broker;
use respo::query::ResourceQuery;
use respo::snapshot::Snapshot;
use respo::wire::socket::{Listed, ServerMessage};
use respo::wire::{PooledRequest, PooledResource, ProblemKind};
use respo::{Label, QueryError};

use crate::refused::Refused;

/// What a list is to have.
pub(crate) struct Wanted {
    pub(crate) of: Listed,
    /// In these pools.
    pub(crate) brokers: Vec<Broker>,
    /// For resources.
    pub(crate) query: ResourceQuery,
}

impl Wanted {
    /// The message with the list, as JSON. A thread for work that takes a while makes it.
    pub(crate) async fn list(self, reference: String) -> Result<Vec<u8>, Refused> {
        let mut pools = Vec::new();
        for broker in &self.brokers {
            pools.push((broker.pool().clone(), broker.snapshot().await));
        }
        let write = move || {
            let list = self.among(reference, &pools)?;
            serde_json::to_vec(&list).map_err(|error| defect(&error))
        };
        tokio::task::spawn_blocking(write).await.unwrap_or_else(|error| Err(defect(&error)))
    }

    fn among(
        &self,
        reference: String,
        pools: &[(Label, Arc<Snapshot>)],
    ) -> Result<ServerMessage, QueryError> {
        let (mut resources, mut leases, mut requests) = (None, None, None);
        match self.of {
            Listed::Leases => {
                let leases_of = |(pool, snapshot): &(Label, Arc<Snapshot>)| {
                    snapshot.leases.iter().map(|lease| lease.overview(pool)).collect::<Vec<_>>()
                };
                leases = Some(pools.iter().flat_map(leases_of).collect());
            }
            Listed::Requests => {
                let requests_of = |(pool, snapshot): &(Label, Arc<Snapshot>)| {
                    let waiting = snapshot.waiting.iter();
                    let request = |waiting| snapshot.waiting_overview(waiting);
                    let pooled = |request| PooledRequest { pool: pool.clone(), request };
                    waiting.map(request).map(pooled).collect::<Vec<_>>()
                };
                requests = Some(pools.iter().flat_map(requests_of).collect());
            }
            _ => resources = Some(self.resources(pools)?),
        }
        Ok(ServerMessage::List { reference, resources, leases, requests })
    }

    fn resources(
        &self,
        pools: &[(Label, Arc<Snapshot>)],
    ) -> Result<Vec<PooledResource>, QueryError> {
        let mut filter = self.query.filter();
        let mut found = Vec::new();
        for (pool, snapshot) in pools {
            // What decides is everything that is known of a resource; what is shown is what all may know.
            for (known, resource) in snapshot.resources() {
                if filter.takes(known, resource.state())? {
                    let resource = resource.to_overview();
                    found.push(PooledResource { pool: pool.clone(), resource });
                }
            }
        }
        Ok(found)
    }
}

fn defect(error: &dyn std::error::Error) -> Refused {
    tracing::error!(%error, "a list could not be made");
    Refused::new(ProblemKind::Internal, "a defect of the server; its log says more")
}
