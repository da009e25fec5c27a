//! Which fields of a resource differ between two inventories.

use std::collections::BTreeSet;

use rpclient::Resource;
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
}
