//! `rpclient who`: who holds what and who waits for what.

use rpclient::respo::Timestamp;
use rpclient::respo::wire::{LeaseOverview, PooledRequest};
use rpclient::{Label, Name};
use serde_json::json;

use crate::arguments::CommonArguments;
use crate::failure::Failure;
use crate::lock::held::in_words;
use crate::{elapsed, output, overview, queue};

pub(crate) async fn run(common: &CommonArguments) -> Result<(), Failure> {
    let client = common.client()?;
    let (leases, waiting) = (client.leases().await?, client.requests().await?);
    if common.json {
        return output::print_json(&json!({"leases": leases, "waiting": waiting}));
    }
    if leases.is_empty() && waiting.is_empty() {
        output::say("nobody holds anything, and nobody waits");
        return Ok(());
    }
    // The server's clock, by which all times are.
    let overview = overview::fetch(common).await?;
    let several = overview.pools.len() > 1;
    let mut text = String::new();
    for lease in &leases {
        text.push_str(&in_pool(several, &lease.pool));
        text.push_str(&holds(lease, overview.time));
    }
    for request in &waiting {
        text.push_str(&in_pool(several, &request.pool));
        text.push_str(&waits(request, overview.time));
    }
    output::print(&text)
}

fn in_pool(several: bool, pool: &Label) -> String {
    if several { format!("{pool}: ") } else { String::new() }
}

fn holds(lease: &LeaseOverview, now: Timestamp) -> String {
    let holding = &lease.holding;
    let names: Vec<&Name> = lease.resources.iter().flatten().collect();
    let who = name(holding.holder.as_ref());
    let since = elapsed::since(holding.since, now);
    let mut text = format!("{who} has held {} for {since}", in_words(&names));
    if let Some(until) = holding.orphaned_until {
        text.push_str(&format!(", is away, and may come back within {}", left(until, now)));
    } else if let Some(expires) = holding.expires {
        text.push_str(&format!(
            ", and holds it for {} more unless it is renewed",
            left(expires, now)
        ));
    }
    if let Some(description) = &holding.description {
        text.push_str(&format!(" ({description})"));
    }
    format!("{text} [lease {}]\n", holding.id)
}

fn waits(PooledRequest { request, .. }: &PooledRequest, now: Timestamp) -> String {
    let who = name(request.holder.as_ref());
    let (place, of) = (request.position, request.of);
    let since = elapsed::since(request.since, now);
    let asked_for = queue::asked_for(request);
    let mut text = format!("{who} has waited for {asked_for} for {since}, place {place} of {of}");
    if let Some(state) = queue::state(request) {
        text.push_str(&format!(", {state}"));
    }
    if let Some(description) = &request.description {
        text.push_str(&format!(" ({description})"));
    }
    format!("{text} [request {}]\n", request.id)
}

fn name(holder: Option<&Label>) -> String {
    holder.map_or_else(|| "somebody".to_owned(), ToString::to_string)
}

fn left(until: Timestamp, now: Timestamp) -> String {
    elapsed::rounded(until.since(now))
}
