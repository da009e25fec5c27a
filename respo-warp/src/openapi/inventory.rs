//! The schema of an inventory, which has a file of its own (`docs/inventory.schema.json`), among the others.

use serde_json::{Map, Value, json};

/// Where the schema keeps its parts.
const PARTS: &str = "$defs";

/// Adds `InventoryDocument` and its parts, whose names begin with `Inventory`.
pub(super) fn add(document: &mut Value) {
    let mut whole = respo::yaml::json_schema();
    let parts = whole.as_object_mut().map(|schema| {
        schema.remove("$schema");
        schema.remove(PARTS)
    });
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else {
        return;
    };
    if let Some(Some(Value::Object(parts))) = parts {
        schemas
            .extend(parts.into_iter().map(|(name, part)| (of_inventory(&name), part)).map(moved));
    }
    let (name, whole) = moved(("InventoryDocument".to_owned(), whole));
    schemas.insert(name, whole);
}

fn of_inventory(part: &str) -> String {
    format!("Inventory{part}")
}

/// The same, its references to other parts leading to where they are now.
fn moved((name, mut schema): (String, Value)) -> (String, Value) {
    move_references(&mut schema);
    (name, schema)
}

fn move_references(value: &mut Value) {
    match value {
        Value::Object(map) => {
            move_reference(map);
            map.values_mut().for_each(move_references);
        }
        Value::Array(items) => items.iter_mut().for_each(move_references),
        _ => {}
    }
}

fn move_reference(schema: &mut Map<String, Value>) {
    let part = schema.get("$ref").and_then(Value::as_str);
    let part = part.and_then(|reference| reference.strip_prefix("#/$defs/"));
    if let Some(name) = part.map(of_inventory) {
        schema.insert("$ref".to_owned(), json!(format!("#/components/schemas/{name}")));
    }
}
