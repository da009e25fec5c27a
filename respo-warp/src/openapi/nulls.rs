//! Nothing that may be left out is `null`.
//!
//! What is an `Option` in Rust is derived as a key that may be left out *and* may be `null`. Here it is
//! one or the other: what has nothing to say is left out, and a key that is always there may be `null`.

use serde_json::{Map, Value};

/// Takes `null` from the schema of each key and parameter that may be left out.
pub(super) fn remove(value: &mut Value) {
    match value {
        Value::Object(map) => {
            from_properties(map);
            from_parameter(map);
            map.values_mut().for_each(remove);
        }
        Value::Array(items) => items.iter_mut().for_each(remove),
        _ => {}
    }
}

fn from_properties(schema: &mut Map<String, Value>) {
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        let optional =
            properties.iter_mut().filter(|(key, _)| !required.contains(&Value::from(key.as_str())));
        optional.for_each(|(_, schema)| from_schema(schema));
    }
}

fn from_parameter(parameter: &mut Map<String, Value>) {
    if parameter.contains_key("in")
        && let Some(schema) = parameter.get_mut("schema")
    {
        from_schema(schema);
    }
    if let Some(content) = parameter.get_mut("content").and_then(Value::as_object_mut) {
        content.values_mut().filter_map(|media| media.get_mut("schema")).for_each(from_schema);
    }
}

fn from_schema(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = types.as_slice() {
            map["type"] = only.clone();
        }
    }
    if let Some(Value::Array(choices)) = map.get_mut("oneOf") {
        choices.retain(|choice| choice["type"] != "null");
        if let [only] = choices.as_mut_slice() {
            let only = only.take();
            map.remove("oneOf");
            if let Value::Object(only) = only {
                // What is said of the key itself, such as its description, goes before.
                for (key, value) in only {
                    map.entry(key).or_insert(value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_may_be_left_out_is_not_null_and_what_is_always_there_may_be() {
        let null_or_name = json!({"oneOf": [{"type": "null"}, {"$ref": "#/Name", "description": "a"}], "description": "b"});
        let mut schema = json!({
            "required": ["always"],
            "properties": {
                "always": {"type": ["string", "null"]},
                "text": {"type": ["string", "null"]},
                "name": null_or_name,
                "choice": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
            },
        });
        remove(&mut schema);
        let expected = json!({
            "always": {"type": ["string", "null"]},
            "text": {"type": "string"},
            "name": {"$ref": "#/Name", "description": "b"},
            "choice": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
        });
        assert_eq!(schema["properties"], expected);
    }
}
