//! `rpclient show`: one resource and who waits for it.

use rpclient::respo::wire::{ResourceOverview, ResourceState, WaitingOverview};
use rpclient::respo::{Stack, Timestamp};
use rpclient::{Label, Name};
use serde::Serialize;

use crate::arguments::CommonArguments;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::list::words;
use crate::queue::{asked_for, state};
use crate::waiters::Waiters;
use crate::{elapsed, output, overview};

#[derive(Serialize)]
struct Shown<'a> {
    pool: &'a Label,
    resource: &'a ResourceOverview,
    /// The stacks that it is in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stacks: Vec<&'a Stack>,
    waiting: Vec<&'a WaitingOverview>,
    /// Those of which it is not known whether they could take it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    perhaps_waiting: Vec<&'a WaitingOverview>,
}

pub(crate) async fn run(common: &CommonArguments, name: &str) -> Result<(), Failure> {
    let overview = overview::fetch(common).await?;
    let mut found = overview.pools.iter().filter_map(|pool| {
        let resource = pool.resources.iter().find(|resource| resource.name.as_str() == name)?;
        Some((pool, resource))
    });
    let Some((pool, resource)) = found.next() else {
        let message = format!("no such resource: {name}\n'rpclient list' shows what there is");
        return Err(Failure::new(ExitCode::NoSuch, message));
    };
    if let Some((other, _)) = found.next() {
        return Err(Failure::usage(format!(
            "{name} is in the pools {} and {}; name one with --pool",
            pool.name, other.name
        )));
    }
    let Waiters { surely: waiting, perhaps: perhaps_waiting } = Waiters::of(resource, pool);
    let stacks = pool.stacks.iter().filter(|stack| stack.0.contains(&resource.name)).collect();
    let shown = Shown { pool: &pool.name, resource, stacks, waiting, perhaps_waiting };
    if common.json {
        output::print_json(&shown)
    } else {
        output::print(&text(&shown, overview.time))
    }
}

fn text(shown: &Shown<'_>, now: Timestamp) -> String {
    let mut lines = Vec::new();
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            lines.push(format!("{key:<12} {value}"));
        }
    };
    let resource = shown.resource;
    line("resource", Some(resource.name.to_string()));
    line("pool", Some(shown.pool.to_string()));
    line("state", Some(resource.state.code().to_owned()));
    line("location", resource.location.as_ref().map(ToString::to_string));
    line("attributes", Some(words(&resource.attributes)));
    line("description", resource.description.as_ref().map(ToString::to_string));
    line("endpoint", resource.endpoint.as_ref().map(ToString::to_string));
    for (name, entity) in &resource.entities {
        line("entity", Some(format!("{name} [{}]", words(&entity.attributes))));
    }
    for Stack(members) in &shown.stacks {
        line("stack", Some(members.iter().map(Name::as_str).collect::<Vec<_>>().join(" ")));
    }
    match &resource.lease {
        // It is not held itself.
        Some(lease) if resource.state == ResourceState::Collateral => {
            let holder = lease.holder.as_ref().map(|holder| format!(" of {holder}"));
            let holder = holder.unwrap_or_default();
            line("wired to", Some(format!("what lease {}{holder} has", lease.id)));
        }
        Some(lease) => {
            line("lease", Some(format!("{} (fence {})", lease.id, lease.fence)));
            line("holder", lease.holder.as_ref().map(ToString::to_string));
            line("for", lease.description.as_ref().map(ToString::to_string));
            line("since", Some(format!("{} ({})", lease.since, elapsed::since(lease.since, now))));
            line("expires", lease.expires.map(|expires| expires.to_string()));
            line("away until", lease.orphaned_until.map(|until| until.to_string()));
        }
        None => {}
    }
    if let Some(waiter) = &resource.held_back_for {
        let holder = waiter.holder.as_ref().map(|holder| format!(" of {holder}"));
        let holder = holder.unwrap_or_default();
        line("kept for", Some(format!("request {}{holder}, which waits for more", waiter.id)));
    }
    for waiting in &shown.waiting {
        line("waiting", Some(waiter(waiting, now)));
    }
    for waiting in &shown.perhaps_waiting {
        line("perhaps", Some(waiter(waiting, now)));
    }
    if !shown.perhaps_waiting.is_empty() {
        let all = shown.waiting.len() + shown.perhaps_waiting.len();
        line("", Some(format!("{} of these {all} wait for it", resource.queue)));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn waiter(waiting: &WaitingOverview, now: Timestamp) -> String {
    let mut text = format!("{} of {}: ", waiting.position, waiting.of);
    match &waiting.holder {
        Some(holder) => text.push_str(holder.as_str()),
        None => text.push_str("someone"),
    }
    text.push_str(&format!(" for {}", elapsed::since(waiting.since, now)));
    if let Some(description) = &waiting.description {
        text.push_str(&format!(", {description}"));
    }
    text.push_str(&format!(" ({})", asked_for(waiting)));
    if let Some(state) = state(waiting) {
        text.push_str(&format!(": {state}"));
    }
    text
}
