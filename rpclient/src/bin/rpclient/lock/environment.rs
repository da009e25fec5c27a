//! The environment that the command gets: what was leased, and how to reach its parts.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::env;
use std::ffi::OsString;
use std::path::Path;

use rpclient::{Client, Lease, Resource};
use serde_json::Value;

/// Names with a meaning of their own, whatever entities and properties there are.
const RESERVED: [&str; 8] = [
    "RESPO_RESOURCE",
    "RESPO_LEASE_ID",
    "RESPO_LEASE_FILE",
    "RESPO_FENCE",
    "RESPO_URL",
    "RESPO_NAME",
    "RESPO_POOL",
    "RESPO_ADMIN_TOKEN_FILE",
];
/// Those that rpclient itself reads, which go on to the command.
const SETTINGS: [&str; 4] = ["RESPO_URL", "RESPO_NAME", "RESPO_POOL", "RESPO_ADMIN_TOKEN_FILE"];
/// The longest value that is exported. Linux refuses to start a command with one beyond 128 KiB.
const LONGEST_VALUE: usize = 64 * 1024;

/// What an outer `rpclient lock` has exported of its own lease: the command must not take it for its own.
pub(super) fn inherited() -> Vec<OsString> {
    let is_stale = |name: &OsString| {
        let name = name.to_string_lossy();
        name.starts_with("RESPO_") && !SETTINGS.contains(&name.as_ref())
    };
    env::vars_os().map(|(name, _)| name).filter(is_stale).collect()
}

/// Variables for the command, and what could not be made one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Environment {
    pub(super) variables: BTreeMap<String, String>,
    /// A sentence for each property that is left out though it is a scalar.
    pub(super) left_out: Vec<String>,
}

impl Environment {
    /// What the holder of `lease` gets.
    pub(super) fn of(client: &Client, lease: &Lease, lease_file: &Path) -> Self {
        let mut environment = Self::default();
        environment.export_properties(lease.resource());
        for (name, value) in [
            ("RESPO_RESOURCE", lease.resource().name.to_string()),
            ("RESPO_LEASE_ID", lease.id().to_string()),
            ("RESPO_FENCE", lease.fence().to_string()),
            ("RESPO_LEASE_FILE", lease_file.to_string_lossy().into_owned()),
            ("RESPO_URL", client.url()),
        ] {
            environment.variables.insert(name.to_owned(), value);
        }
        environment
    }

    /// Exports every scalar property, in the order of entities and paths: the first to claim a name
    /// keeps it.
    fn export_properties(&mut self, resource: &Resource) {
        for (entity, parts) in &resource.entities {
            for (key, value) in &parts.properties {
                self.export(&format!("{entity}.{key}"), value);
            }
        }
    }

    fn export(&mut self, path: &str, value: &Value) {
        let text = match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.export(&format!("{path}.{key}"), value);
                }
                return;
            }
            Value::Null | Value::Array(_) => return,
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
        };
        let name = variable_name(path);
        let problem = if RESERVED.contains(&name.as_str()) {
            "that name has a meaning of its own"
        } else if text.contains('\0') {
            "no variable can hold the character U+0000"
        } else if text.len() > LONGEST_VALUE {
            "it is too long for a variable"
        } else if let Entry::Vacant(place) = self.variables.entry(name.clone()) {
            place.insert(text);
            return;
        } else {
            "an earlier property has that name"
        };
        self.left_out.push(format!("property {path} is not exported as {name}: {problem}"));
    }
}

/// `dut.serial-port` is `RESPO_DUT_SERIAL_PORT`: capitals, and `_` for all but ASCII letters and digits.
fn variable_name(path: &str) -> String {
    let character = |character: char| {
        if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' }
    };
    format!("RESPO_{}", path.chars().map(character).collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn exported(entities: Value) -> Environment {
        let resource = json!({"name": "bench-1", "entities": entities});
        let mut environment = Environment::default();
        environment.export_properties(&serde_json::from_value(resource).unwrap());
        environment
    }

    #[test]
    fn scalars_are_exported_under_their_path_in_capitals() {
        let environment = exported(json!({
            "dut": {"properties": {
                "serial-port": "/dev/ttyUSB0", "baud": 115_200, "fused": false, "empty": "",
                "ssh": {"host": "dut.lab", "ports": [22, 23], "none": null}
            }},
            "jtag/1": {"properties": {"größe": 1.5}}
        }));
        let expected = [
            ("RESPO_DUT_BAUD", "115200"),
            ("RESPO_DUT_EMPTY", ""),
            ("RESPO_DUT_FUSED", "false"),
            ("RESPO_DUT_SERIAL_PORT", "/dev/ttyUSB0"),
            ("RESPO_DUT_SSH_HOST", "dut.lab"),
            ("RESPO_JTAG_1_GR__E", "1.5"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(environment.variables, BTreeMap::from(expected));
        assert!(environment.left_out.is_empty());
    }

    #[test]
    fn of_two_properties_with_one_name_the_first_keeps_it_and_the_other_is_told() {
        let environment = exported(json!({
            "dut": {"properties": {"a-b": "second", "a": {"b": "first"}}},
            "dut-a": {"properties": {"b": "third"}}
        }));
        assert_eq!(environment.variables["RESPO_DUT_A_B"], "first");
        assert_eq!(environment.left_out.len(), 2);
        assert!(environment.left_out[0].contains("dut.a-b"), "{:?}", environment.left_out);
    }

    #[test]
    fn what_no_variable_can_say_is_left_out() {
        let environment = exported(json!({
            "lease": {"properties": {"id": "42"}},
            "dut": {"properties": {"nul": "a\0b", "long": "x".repeat(LONGEST_VALUE + 1)}}
        }));
        assert!(environment.variables.is_empty());
        assert_eq!(environment.left_out.len(), 3);
    }
}
