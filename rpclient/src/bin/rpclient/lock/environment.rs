//! The environment that the command gets: what was leased, and how to reach its parts.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::env;
use std::ffi::OsString;
use std::path::Path;

use rpclient::{Client, Lease, Resource};
use serde_json::Value;

/// Names with a meaning of their own, whatever entities and properties there are.
const RESERVED: [&str; 9] = [
    "RESPO_RESOURCE",
    "RESPO_RESOURCES",
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
/// How much is exported of all properties together. With 2 MiB in all, Linux starts no command.
const MOST: usize = 512 * 1024;

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
        let names: Vec<&str> = lease.all_resources().map(|it| it.name.as_str()).collect();
        let mut environment = Self::with_properties(lease.all_resources().map(|it| &it.resource));
        for (name, value) in [
            ("RESPO_RESOURCE", lease.resource().name.to_string()),
            ("RESPO_RESOURCES", names.join(" ")),
            ("RESPO_LEASE_ID", lease.id().to_string()),
            ("RESPO_FENCE", lease.fence().to_string()),
            ("RESPO_LEASE_FILE", lease_file.to_string_lossy().into_owned()),
            ("RESPO_URL", client.url()),
        ] {
            environment.variables.insert(name.to_owned(), value);
        }
        environment
    }

    /// Every scalar property of the resources. Those of one resource have no number in their names.
    fn with_properties<'r>(resources: impl Iterator<Item = &'r Resource>) -> Self {
        let resources: Vec<&Resource> = resources.collect();
        let mut exporter = Exporter::default();
        match resources.as_slice() {
            [only] => exporter.export_resource("RESPO", "", only),
            several => {
                for (resource, number) in several.iter().zip(1..) {
                    let prefix = format!("RESPO_{number}");
                    let name = resource.name.to_string();
                    exporter.environment.variables.insert(format!("{prefix}_RESOURCE"), name);
                    exporter.export_resource(&prefix, &format!(" of {}", resource.name), resource);
                }
            }
        }
        exporter.finish()
    }
}

/// Makes variables of properties.
#[derive(Default)]
struct Exporter {
    environment: Environment,
    /// The length of all names and values so far.
    length: usize,
    /// How many properties have found no room.
    beyond: usize,
}

impl Exporter {
    /// Exports the resource's own properties, and then those of its entities in the order of entities and
    /// paths: the first to claim a name keeps it.
    fn export_resource(&mut self, prefix: &str, of: &str, resource: &Resource) {
        for (key, value) in &resource.properties {
            self.export(
                &variable_name(prefix, &format!("resource.{key}")),
                &format!("{key}{of}"),
                value,
            );
        }
        for (entity, parts) in &resource.entities {
            for (key, value) in &parts.properties {
                let path = format!("{entity}.{key}");
                self.export(&variable_name(prefix, &path), &format!("{path}{of}"), value);
            }
        }
    }

    /// Exports what has this name, and is called so in messages.
    fn export(&mut self, name: &str, called: &str, value: &Value) {
        let text = match value {
            Value::Object(fields) => {
                for (key, value) in fields {
                    self.export(&variable_name(name, key), &format!("{called}.{key}"), value);
                }
                return;
            }
            Value::Null | Value::Array(_) => return,
            Value::String(text) => text.clone(),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
        };
        let length = name.len() + text.len();
        let problem = if RESERVED.contains(&name) {
            "that name has a meaning of its own"
        } else if text.contains('\0') {
            "no variable can hold the character U+0000"
        } else if text.len() > LONGEST_VALUE {
            "it is too long for a variable"
        } else if self.length + length > MOST {
            self.beyond += 1;
            return;
        } else if let Entry::Vacant(place) = self.environment.variables.entry(name.to_owned()) {
            self.length += length;
            place.insert(text);
            return;
        } else {
            "an earlier property has that name"
        };
        let sentence = format!("property {called} is not exported as {name}: {problem}");
        self.environment.left_out.push(sentence);
    }

    fn finish(mut self) -> Environment {
        if self.beyond > 0 {
            self.environment.left_out.push(format!(
                "{} properties are not exported, since all together are too much for an environment; the \
                 lease file has them",
                self.beyond
            ));
        }
        self.environment
    }
}

/// `dut.serial-port` after `RESPO` is `RESPO_DUT_SERIAL_PORT`: capitals, and `_` for all but ASCII letters and
/// digits.
fn variable_name(prefix: &str, path: &str) -> String {
    let character = |character: char| {
        if character.is_ascii_alphanumeric() { character.to_ascii_uppercase() } else { '_' }
    };
    format!("{prefix}_{}", path.chars().map(character).collect::<String>())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn exported(entities: Value) -> Environment {
        all_exported(&[json!({"name": "bench-1", "entities": entities})])
    }

    fn all_exported(resources: &[Value]) -> Environment {
        let resources = resources.iter().cloned().map(serde_json::from_value);
        let resources: Vec<Resource> = resources.collect::<Result<_, _>>().unwrap();
        Environment::with_properties(resources.iter())
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
    #[test]
    fn of_several_resources_each_has_its_number_and_its_name() {
        let phone = |name: &str, socket: &str| {
            json!({"name": name, "properties": {"platform": "android", "gsm": {"operator": "GTE"}},
                "entities": {"dut": {"properties": {"socket": socket}}}})
        };
        let environment = all_exported(&[phone("phone-2", "a"), phone("phone-1", "b")]);
        let expected = [
            ("RESPO_1_DUT_SOCKET", "a"),
            ("RESPO_1_RESOURCE", "phone-2"),
            ("RESPO_1_RESOURCE_GSM_OPERATOR", "GTE"),
            ("RESPO_1_RESOURCE_PLATFORM", "android"),
            ("RESPO_2_DUT_SOCKET", "b"),
            ("RESPO_2_RESOURCE", "phone-1"),
            ("RESPO_2_RESOURCE_GSM_OPERATOR", "GTE"),
            ("RESPO_2_RESOURCE_PLATFORM", "android"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(environment.variables, BTreeMap::from(expected));
    }

    #[test]
    fn an_entity_called_resource_takes_nothing_from_the_resource() {
        let resource = json!({"name": "bench-1", "properties": {"slots": 4},
            "entities": {"resource": {"properties": {"slots": 1, "colour": "red"}}}});
        let environment = all_exported(std::slice::from_ref(&resource));
        assert_eq!(environment.variables["RESPO_RESOURCE_SLOTS"], "4");
        assert_eq!(environment.variables["RESPO_RESOURCE_COLOUR"], "red");
        assert!(environment.left_out[0].contains("resource.slots is not exported"));
        let environment = all_exported(&[resource.clone(), resource]);
        assert!(
            environment.left_out[1]
                .contains("resource.slots of bench-1 is not exported as RESPO_2_")
        );
    }

    #[test]
    fn more_than_a_command_can_be_started_with_is_left_out_in_one_sentence() {
        let properties: BTreeMap<String, String> = (10..30)
            .map(|number| (format!("p{number}"), "x".repeat(LONGEST_VALUE - 100)))
            .collect();
        let environment = exported(json!({"dut": {"properties": properties}}));
        assert_eq!(environment.variables.len(), 8);
        let [sentence] = environment.left_out.as_slice() else { panic!() };
        assert!(sentence.starts_with("12 properties are not exported"), "{sentence}");
    }
}
