//! Conditions: what they say of a resource, how they are refused, and that nothing makes them run away.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "conditions/errors.rs"]
mod errors;
#[path = "conditions/hostile.rs"]
mod hostile;
#[path = "conditions/meaning.rs"]
mod meaning;

use respo::{Condition, Entity, Label, Name, Resource, Text, Word};
use serde_json::{Value, json};

fn words(list: &str) -> std::collections::BTreeSet<Word> {
    list.split_whitespace().map(|word| Word::new(word).unwrap()).collect()
}

fn properties(value: Value) -> std::collections::BTreeMap<String, Value> {
    serde_json::from_value(value).unwrap()
}

/// A bench with something of everything.
fn bench() -> Resource {
    let mut bench = Resource::new(Name::new("bench-1").unwrap());
    bench.location = Some(Label::new("office1").unwrap());
    bench.description = Some(Text::new("by the window").unwrap());
    bench.attributes = words("can lin usb");
    bench.properties = properties(json!({
        "ram": 8, "share": 0.5, "whole": 2.0, "huge": u64::MAX, "spare": true, "nothing": null,
        "gsm": {"operator": "GTE", "slots": [1, 2]}, "circuits": ["a", "b", "c"], "secret": "s3cr3t",
        "a.b": "dotted",
    }));
    let phone = json!({"platform": "android", "serial": "12"});
    let dut = Entity { attributes: words("jtag arm64"), properties: properties(phone) };
    let power = Entity { attributes: words("relay"), properties: properties(json!({"volt": 12})) };
    bench.entities.insert(Name::new("dut").unwrap(), dut);
    bench.entities.insert(Name::new("power").unwrap(), power);
    bench
}

fn accepts(text: &str) -> Result<bool, String> {
    Condition::new(text).unwrap_or_else(|error| panic!("{text}: {error}")).accepts(&bench())
}

fn refusal(text: &str) -> String {
    match Condition::new(text) {
        Ok(_) => panic!("{text:?} was not refused"),
        Err(error) => error.to_string(),
    }
}
