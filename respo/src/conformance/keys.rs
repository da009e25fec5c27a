//! A history of requests for several things at once, and of keys that are in no inventory.

use std::sync::Arc;

use serde_json::json;

use super::{good, samples};
use crate::condition::Condition;
use crate::engine::Record;
use crate::inventory::{Inventory, Resource};
use crate::lease::EndReason;
use crate::names::{Label, MAX_NAME_CHARS, Name, Word};
use crate::property::{MAX_PROPERTY_CHARS, PropertyPath, PropertyValue, WantedProperties};
use crate::request::{Fence, MAX_KEYS, MAX_REQUIREMENTS, Request, RequestId, Requirement, Wanted};
use crate::selector::{EntityPattern, Selector};
use crate::time::Timestamp;
use crate::token::Token;

/// Its records, in batches.
pub(super) fn batches() -> Vec<Vec<Record>> {
    let two_of_three = || Requirement::keys(2, [key(1), key(2), samples::bench(0)]);
    vec![
        // An ephemeral pool.
        vec![replaced(1, samples::inventory(2), 0)],
        vec![queued(1, with_everything(), 1)],
        vec![queued(2, request(vec![two_of_three()]), 2)],
        vec![queued(3, request(vec![two_of_three()]), 3)],
        vec![granted(2, 1, vec![vec![key(1), samples::bench(0)]], 4)],
        // When key-1 was used is forgotten, though another request asks for it; bench-0 is remembered.
        vec![ended(2, 5)],
        // Granted at once.
        vec![queued(4, request(vec![Requirement::keys(1, [key(1)])]), 6), granted_key(4, 2, 6)],
        // A pool in which no key is anybody's candidate any more: key-1 stays with its holder.
        vec![replaced(2, samples::inventory(1), 7)],
        vec![ended(4, 8)],
        vec![replaced(3, samples::inventory(2), 9)],
        vec![granted(3, 3, vec![vec![key(1), key(2)]], 10)],
        // key-1 becomes a resource of the inventory, whose age is that of the key.
        vec![replaced(4, inventory_of_key(), 11)],
        vec![ended(3, 12)],
        vec![queued(5, with_most_requirements(), 13)],
    ]
}

/// A request with everything that there can be in a requirement.
fn with_everything() -> Request {
    let label = |text: &str| good(Label::new(text), "a label");
    let word = |word: &'static str| good(Word::new(word), "a word");
    let mut selector = Selector::any();
    selector.attributes = [word("can")].into();
    selector.properties = properties();
    let condition = r#"name == "bench-1" || "can" in attributes"#;
    selector.condition = Some(good(Condition::new(condition), "a condition"));
    // The order of patterns is that of the answer.
    let of =
        |attribute, properties| EntityPattern { attributes: [word(attribute)].into(), properties };
    let parts = Selector::any()
        .with_entities([of("jtag", properties()), of("arm64", WantedProperties::new())]);
    let long = Name::new("k".repeat(MAX_NAME_CHARS));
    let keys = (1..MAX_KEYS as u64).map(key).chain([good(long, "a name")]);
    let stack = |stack: &str, requirement| Requirement { stack: Some(label(stack)), ..requirement };
    request(vec![
        stack("s", Requirement { count: 3, ..matching(selector) }),
        stack("the other, \"s\" & more", matching(parts)),
        stack("s", Requirement::keys(200, keys)),
        Requirement::keys(1, [samples::bench(0)]),
        Requirement { count: 50, ..matching(Selector::any()) },
        matching(Selector::named(samples::bench(1))),
    ])
}

/// A request with as many requirements as there may be.
fn with_most_requirements() -> Request {
    let one = |number| Requirement::keys(1, [key(number), key(number + 1_000)]);
    request((0..MAX_REQUIREMENTS as u64).map(one).collect())
}

fn matching(selector: Selector) -> Requirement {
    Requirement { count: 1, wanted: Wanted::Matching(selector), stack: None }
}

/// Every kind of property that can be asked for.
fn properties() -> WantedProperties {
    let longest = "\u{1F50C}".repeat(MAX_PROPERTY_CHARS);
    let wanted = [
        ("text", json!("a 'quoted' \"text\" with \\, \n and \u{0}")),
        ("long", json!(longest)),
        ("deep.down here.[0]", json!(0.1 + 0.2)),
        ("largest", json!(u64::MAX)),
        ("smallest", json!(i64::MIN)),
        ("yes", json!(true)),
        ("nothing", json!(null)),
        ("list", json!([1, "two", 3.5, false, null])),
        ("an empty list", json!([])),
    ];
    let wanted = wanted.map(|(path, value)| {
        let path = good(PropertyPath::new(path), "a path");
        (path, good(PropertyValue::of(&value), "a value"))
    });
    wanted.into()
}

/// With tags, which are the properties of a key.
fn request(requirements: Vec<Requirement>) -> Request {
    let mut request = samples::request(2);
    good(request.set_requirements(requirements), "requirements");
    request
}

fn key(number: u64) -> Name {
    good(Name::new(format!("key-{number}")), "a name")
}

fn inventory_of_key() -> Arc<Inventory> {
    Arc::new(good(Inventory::new([Resource::new(key(1))]), "an inventory"))
}

fn at(micros: u64) -> Timestamp {
    Timestamp::from_micros(1_700_000_000_000_000 + micros)
}

fn replaced(revision: u64, inventory: Arc<Inventory>, micros: u64) -> Record {
    Record::InventoryReplaced { revision, inventory, at: at(micros) }
}

/// All of them are one party's.
fn queued(id: u64, request: Request, micros: u64) -> Record {
    Record::Queued {
        id: RequestId(id),
        request: Arc::new(request),
        token: Token::from_random(u128::from(id).to_be_bytes()).digest(),
        party: RequestId(1),
        made_with: None,
        at: at(micros),
    }
}

fn granted(id: u64, fence: u64, resources: Vec<Vec<Name>>, micros: u64) -> Record {
    let (id, fence) = (RequestId(id), Fence(fence));
    Record::Granted { id, fence, resources, at: at(micros), expires: None }
}

fn granted_key(id: u64, fence: u64, micros: u64) -> Record {
    granted(id, fence, vec![vec![key(1)]], micros)
}

fn ended(id: u64, micros: u64) -> Record {
    Record::Ended { id: RequestId(id), reason: EndReason::Released, at: at(micros) }
}
