//! `/v1`: leases that are kept by being renewed, and everything that there is, as lists and one by one.

mod answers;
pub(crate) mod create;
pub(crate) mod events;
mod follow;
pub(crate) mod leases;
mod page;
pub(crate) mod release;
pub(crate) mod requests;
pub(crate) mod resources;
pub(crate) mod stacks;
pub(crate) mod terms;

use std::sync::Arc;

use respo::broker::Broker;
use respo::{Label, Snapshot};

use crate::api::Api;
use crate::problem::Problem;

/// What everyone may know of every pool, or of the one that is named.
async fn snapshots(api: &Api, pool: Option<&str>) -> Result<Vec<(Label, Arc<Snapshot>)>, Problem> {
    let brokers: Vec<&Broker> = match pool {
        Some(name) => vec![api.pools.select(Some(name))?],
        None => api.pools.iter().collect(),
    };
    let mut pools = Vec::new();
    for broker in brokers {
        pools.push((broker.pool().clone(), broker.snapshot().await));
    }
    Ok(pools)
}
