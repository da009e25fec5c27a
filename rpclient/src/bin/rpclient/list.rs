//! `rpclient list`: the resources that match a selection.

use std::collections::BTreeSet;

use rpclient::{Label, PooledResource, Word};

use crate::arguments::CommonArguments;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;
use crate::selection::ListArguments;
use crate::table::Table;

/// Nothing that matches is `NoSuch`, as it would be for `lock`.
pub(crate) async fn run(
    common: &CommonArguments,
    arguments: &ListArguments,
) -> Result<ExitCode, Failure> {
    let listed = common.client()?.resources(&arguments.selector()?).await?;
    if common.json {
        output::print_json(&listed)?;
    } else if listed.is_empty() {
        output::say("nothing matches");
    } else {
        output::print(&text(&listed))?;
    }
    Ok(if listed.is_empty() { ExitCode::NoSuch } else { ExitCode::Success })
}

fn text(listed: &[PooledResource]) -> String {
    let pools: BTreeSet<&Label> = listed.iter().map(|one| &one.pool).collect();
    let mut table = Table::new(&["RESOURCE", "STATE", "LOCATION", "ATTRIBUTES", "ENTITIES"]);
    for PooledResource { pool, resource } in listed {
        let entities = resource
            .entities
            .iter()
            .map(|(name, entity)| format!("{name}[{}]", words(&entity.attributes)));
        let name = &resource.name;
        table.row([
            if pools.len() > 1 { format!("{pool}: {name}") } else { name.to_string() },
            resource.state.code().to_owned(),
            resource.location.as_ref().map(ToString::to_string).unwrap_or_default(),
            words(&resource.attributes),
            entities.collect::<Vec<_>>().join(" "),
        ]);
    }
    table.render()
}

/// Attributes, as one writes them in a selection.
pub(crate) fn words(words: &BTreeSet<Word>) -> String {
    words.iter().map(Word::as_str).collect::<Vec<_>>().join(",")
}
