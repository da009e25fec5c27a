//! `rpclient list`: the resources that match a selection.

use std::collections::BTreeSet;

use rpclient::Word;
use rpclient::respo::wire::ResourceOverview;

use crate::arguments::CommonArguments;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;
use crate::overview::{self, InPool};
use crate::selection::ListArguments;
use crate::table::Table;
use crate::waiters::selects;

/// Nothing that matches is `NoSuch`, as it would be for `lock`.
pub(crate) async fn run(
    common: &CommonArguments,
    arguments: &ListArguments,
) -> Result<ExitCode, Failure> {
    let selector = arguments.selector()?;
    let overview = overview::fetch(common).await?;
    let several = overview.pools.len() > 1;
    let selected: Vec<InPool<'_, ResourceOverview>> = overview
        .pools
        .iter()
        .flat_map(|pool| pool.resources.iter().map(|item| InPool { pool: &pool.name, item }))
        .filter(|resource| selects(&selector, resource.item))
        .collect();
    if common.json {
        output::print_json(&selected)?;
    } else if selected.is_empty() {
        output::say("nothing matches");
    } else {
        output::print(&text(&selected, several))?;
    }
    Ok(if selected.is_empty() { ExitCode::NoSuch } else { ExitCode::Success })
}

fn text(selected: &[InPool<'_, ResourceOverview>], several_pools: bool) -> String {
    let mut table = Table::new(&["RESOURCE", "STATE", "LOCATION", "ATTRIBUTES", "ENTITIES"]);
    for InPool { pool, item } in selected {
        let entities = item
            .entities
            .iter()
            .map(|(name, entity)| format!("{name}[{}]", words(&entity.attributes)));
        let name =
            if several_pools { format!("{pool}: {}", item.name) } else { item.name.to_string() };
        table.row([
            name,
            item.state.code().to_owned(),
            item.location.as_ref().map(ToString::to_string).unwrap_or_default(),
            words(&item.attributes),
            entities.collect::<Vec<_>>().join(" "),
        ]);
    }
    table.render()
}

/// Attributes, as one writes them in a selection.
pub(crate) fn words(words: &BTreeSet<Word>) -> String {
    words.iter().map(Word::as_str).collect::<Vec<_>>().join(",")
}
