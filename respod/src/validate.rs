//! `--validate-schema` and `--print-schema`: what respod does without serving.

use std::path::Path;

use respo::yaml::{InventoryDocument, json_schema};

use crate::exit::Exit;
use crate::inventory_file;
use crate::output::print;

/// Checks an inventory file and prints every problem, or how much is good.
pub(crate) fn validate(path: &Path) -> Exit {
    match inventory_file::read(path) {
        Ok(document) => {
            print([format!("{}: good: {}", inventory_file::name(path), count(&document))]);
            Exit::Success
        }
        Err(error) => {
            print(error.lines(path));
            Exit::Invalid
        }
    }
}

/// Prints the JSON Schema of inventories.
pub(crate) fn print_schema() -> Exit {
    match serde_json::to_string_pretty(&json_schema()) {
        Ok(text) => {
            print([text]);
            Exit::Success
        }
        Err(error) => {
            eprintln!("failed to write the schema: {error}");
            Exit::CannotStart
        }
    }
}

fn count(document: &InventoryDocument) -> String {
    let resources: usize = document.pools.iter().map(|(_, inventory)| inventory.len()).sum();
    let entities: usize = document
        .pools
        .iter()
        .flat_map(|(_, inventory)| inventory.resources())
        .map(|resource| resource.entities.len())
        .sum();
    [(resources, "resource", "resources"), (entities, "entity", "entities")]
        .into_iter()
        .chain([(document.pools.len(), "pool", "pools")])
        .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
        .collect::<Vec<_>>()
        .join(", ")
}
