//! `rpclient status`: every resource, who holds it, who waits for it.

use rpclient::respo::Timestamp;
use rpclient::respo::wire::{Overview, PoolOverview};

use crate::arguments::CommonArguments;
use crate::elapsed;
use crate::failure::Failure;
use crate::table::Table;
use crate::{output, overview};

pub(crate) async fn run(common: &CommonArguments) -> Result<(), Failure> {
    let overview = overview::fetch(common).await?;
    if common.json { output::print_json(&overview) } else { output::print(&text(&overview)) }
}

fn text(overview: &Overview) -> String {
    let tables = overview.pools.iter().map(|pool| {
        let heading =
            if overview.pools.len() > 1 { format!("pool {}\n", pool.name) } else { String::new() };
        format!("{heading}{}", pool_table(pool, overview.time))
    });
    tables.collect::<Vec<_>>().join("\n")
}

fn pool_table(pool: &PoolOverview, now: Timestamp) -> String {
    let headings = ["RESOURCE", "STATE", "LOCATION", "HOLDER", "HELD", "WAITING", "DESCRIPTION"];
    let mut table = Table::new(&headings);
    for resource in &pool.resources {
        let lease = resource.lease.as_ref();
        let description = lease.and_then(|lease| lease.description.as_ref());
        table.row([
            resource.name.to_string(),
            resource.state.code().to_owned(),
            resource.location.as_ref().map(ToString::to_string).unwrap_or_default(),
            overview::holder(resource).unwrap_or_default(),
            lease.map(|lease| elapsed::since(lease.since, now)).unwrap_or_default(),
            resource.queue.to_string(),
            description.map(ToString::to_string).unwrap_or_default(),
        ]);
    }
    table.render()
}
