//! `rpclient queue`: the requests that wait, in the order in which they will be served.

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
    let headings = ["REQUEST", "PLACE", "PRIORITY", "WAITS", "HOLDER", "FOR", "DESCRIPTION"];
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
            item.description.as_ref().map(ToString::to_string).unwrap_or_default(),
        ]);
    }
    table.render()
}

/// What a request asks for, in words.
pub(crate) fn asked_for(waiting: &WaitingOverview) -> String {
    if waiting.selector.is_empty() { "anything".to_owned() } else { waiting.selector.clone() }
}
