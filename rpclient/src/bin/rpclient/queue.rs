//! `rpclient queue`: the requests that wait, in the order in which they will be served.

use rpclient::Name;
use rpclient::respo::wire::{Overview, WaitingOverview};

use crate::arguments::CommonArguments;
use crate::failure::Failure;
use crate::overview::{self, InPool};
use crate::table::Table;
use crate::{elapsed, output};

pub(crate) async fn run(common: &CommonArguments) -> Result<(), Failure> {
    let overview = overview::fetch(common).await?;
    let waiting: Vec<InPool<'_, WaitingOverview>> = overview
        .pools
        .iter()
        .flat_map(|pool| pool.waiting.iter().map(|item| InPool { pool: &pool.name, item }))
        .collect();
    if common.json {
        return output::print_json(&waiting);
    }
    if waiting.is_empty() {
        output::say("nobody waits");
        return Ok(());
    }
    output::print(&text(&waiting, &overview))
}

fn text(waiting: &[InPool<'_, WaitingOverview>], overview: &Overview) -> String {
    let headings =
        ["REQUEST", "PLACE", "PRIORITY", "WAITS", "HOLDER", "FOR", "STATE", "DESCRIPTION"];
    let mut table = Table::new(&headings);
    for InPool { pool, item } in waiting {
        let several = overview.pools.len() > 1;
        table.row([
            if several { format!("{pool}: {}", item.id) } else { item.id.to_string() },
            format!("{} of {}", item.position, item.of),
            item.priority.to_string(),
            elapsed::since(item.since, overview.time),
            item.holder.as_ref().map(ToString::to_string).unwrap_or_default(),
            asked_for(item),
            state(item).unwrap_or_default(),
            item.description.as_ref().map(ToString::to_string).unwrap_or_default(),
        ]);
    }
    table.render()
}

/// What a request asks for: its requirements, as `lock` takes them.
pub(crate) fn asked_for(waiting: &WaitingOverview) -> String {
    match waiting.requirements.as_slice() {
        [] if waiting.selector.is_empty() => "anything".to_owned(),
        // A respod that does not show them knows of one requirement only.
        [] => waiting.selector.clone(),
        [only] if only == "1" => "anything".to_owned(),
        requirements => requirements.join("; "),
    }
}

/// What is held back for a request already, or what keeps it waiting whatever is free.
pub(crate) fn state(waiting: &WaitingOverview) -> Option<String> {
    let names = waiting.held_back.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
    waiting.limit.clone().or_else(|| (!names.is_empty()).then(|| format!("{names} held back")))
}
