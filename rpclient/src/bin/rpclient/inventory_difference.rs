//! What differs between two inventories: the fields of a resource, the stacks, the rules.

use std::collections::{BTreeMap, BTreeSet};

use rpclient::Resource;
use rpclient::respo::{Inventory, Rules, Stack};
use serde_json::Value;

/// The paths of the fields that differ, each after `+`, `-` or nothing for added, removed and changed.
///
/// Values are not shown: among them are the keys and passwords of the entities.
pub(crate) fn changed_fields(old: &Resource, new: &Resource) -> Vec<String> {
    let as_json = |resource| serde_json::to_value(resource).unwrap_or(Value::Null);
    let mut fields = Vec::new();
    collect(&as_json(old), &as_json(new), "", &mut fields);
    fields
}

/// The stacks and the rules that differ, a line each, after `+`, `-` or `~` for added, removed and changed.
pub(crate) fn changed_rules(old: &Inventory, new: &Inventory) -> Vec<String> {
    let [before, after] = [old, new].map(|it| it.stacks().iter().collect::<BTreeSet<_>>());
    let line = |sign: &str, stack: &Stack| {
        let names: Vec<&str> = stack.0.iter().map(AsRef::as_ref).collect();
        format!("{sign} stack {}", names.join(" "))
    };
    let added = after.difference(&before).map(|stack| line("+", stack));
    let removed = before.difference(&after).map(|stack| line("-", stack));
    let mut lines: Vec<String> = added.chain(removed).collect();
    let [before, after] = [old, new].map(|inventory| rules_by_path(inventory.rules()));
    let paths = after.keys().chain(before.keys().filter(|path| !after.contains_key(*path)));
    for path in paths {
        match (before.get(path), after.get(path)) {
            (Some(old), Some(new)) if old == new => {}
            (Some(old), Some(new)) => lines.push(format!("~ {path}: {old} -> {new}")),
            (None, Some(new)) => lines.push(format!("+ {path}: {new}")),
            (old, _) => {
                lines.extend(old.map(|old| format!("- {path}: {old}")));
            }
        }
    }
    lines
}

/// The rules that are not as by default, each with the way to it: `max_leases.per_holder`.
fn rules_by_path(rules: &Rules) -> BTreeMap<String, String> {
    let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut found = BTreeMap::new();
    // Rules are a map of values, and of maps of values.
    if let Ok(Value::Object(rules)) = serde_json::to_value(rules) {
        for (rule, value) in &rules {
            match value {
                Value::Object(limits) => found.extend(
                    limits.iter().map(|(whose, limit)| (format!("{rule}.{whose}"), shown(limit))),
                ),
                value => {
                    found.insert(rule.clone(), shown(value));
                }
            }
        }
    }
    found
}

fn collect(old: &Value, new: &Value, path: &str, fields: &mut Vec<String>) {
    let (Value::Object(before), Value::Object(after)) = (old, new) else {
        if old != new {
            fields.push(path.to_owned());
        }
        return;
    };
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (before.get(key), after.get(key)) {
            (Some(old), Some(new)) => collect(old, new, &path, fields),
            (None, _) => fields.push(format!("+{path}")),
            (_, None) => fields.push(format!("-{path}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use rpclient::respo::yaml::InventoryDocument;

    use super::*;

    fn resource(json: serde_json::Value) -> Resource {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn differences_are_told_by_path_and_never_by_value() {
        let old = resource(serde_json::json!({
            "name": "bench-1", "location": "office1", "attributes": ["can"],
            "entities": {"dut": {"properties": {"key": "secret", "port": 1}}}
        }));
        let new = resource(serde_json::json!({
            "name": "bench-1", "location": "office2", "attributes": ["can"],
            "entities": {"dut": {"properties": {"key": "other", "host": "h"}}, "psu": {}}
        }));
        assert_eq!(
            changed_fields(&old, &new),
            [
                "+entities.dut.properties.host",
                "entities.dut.properties.key",
                "-entities.dut.properties.port",
                "+entities.psu",
                "location"
            ]
        );
        assert!(changed_fields(&old, &old).is_empty());
    }

    #[test]
    fn stacks_and_rules_are_told_with_what_they_were_and_will_be() {
        let inventory = |rules: &str, stacks: &str| {
            let text = format!(
                "pool: {{name: lab, resources: {{a: , b: , c: }}, stacks: [{stacks}], {rules}}}"
            );
            InventoryDocument::parse(&text).unwrap().pools.remove(0).1
        };
        let old = inventory("hold_back_after: 5m, max_leases: {per_holder: 3}", "[a, b], [b, c]");
        let new = inventory(
            "ephemeral: true, max_leases: {per_holder: 4}, max_resources: {per_group: 2}, \
             group_tag: team",
            "[b, c], [c, b, a]",
        );
        assert_eq!(
            changed_rules(&old, &new),
            [
                "+ stack a b c",
                "- stack a b",
                "+ ephemeral: true",
                "+ group_tag: team",
                "~ max_leases.per_holder: 3 -> 4",
                "+ max_resources.per_group: 2",
                "- hold_back_after: 5m",
            ]
        );
        assert_eq!(changed_rules(&old, &old), Vec::<String>::new());
    }
}
