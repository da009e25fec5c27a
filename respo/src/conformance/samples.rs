//! Inventories, requests and records that have everything that there can be in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::good;
use crate::engine::Record;
use crate::idempotency::MadeWith;
use crate::inventory::{Entity, Inventory, Resource, Stack};
use crate::lease::EndReason;
use crate::names::{Label, MAX_NAME_CHARS, MAX_TEXT_CHARS, Name, Text, Word};
use crate::request::{Fence, Hold, MAX_TAGS, Priority, Request, RequestId, Requirement, Wait};
use crate::rules::{Allowance, GroupTag, Rules};
use crate::selector::{EntityPattern, Selector};
use crate::time::{MAX_DURATION, Timestamp};
use crate::token::Token;

/// An inventory of `size` resources: the first two are a stack, and so are all of them, if there are so many.
/// Every other one has rules.
pub(super) fn inventory(size: u64) -> Arc<Inventory> {
    let resources = (0..size).map(|number| resource(bench(number), number));
    let stack = |size: u64| Stack((0..size).map(bench).collect());
    let stacks: BTreeSet<Stack> = [2, size].map(stack).into();
    let stacks = stacks.into_iter().filter(|stack| size > 1 && stack.0.len() > 1);
    let inventory = good(Inventory::new(resources), "an inventory");
    let inventory = good(inventory.with_stacks(stacks), "its stacks");
    Arc::new(if size.is_multiple_of(2) { inventory.with_rules(rules()) } else { inventory })
}

pub(super) fn bench(number: u64) -> Name {
    good(Name::new(format!("bench-{number}")), "a name")
}

/// Every rule, none of them as it is by default, and at its extremes.
fn rules() -> Rules {
    Rules {
        ephemeral: true,
        hold_back_after: MAX_DURATION - Duration::from_micros(1),
        max_leases: Allowance { per_holder: Some(1), per_group: None },
        max_resources: Allowance { per_holder: Some(u32::MAX), per_group: Some(2) },
        group_tag: GroupTag(good(Label::new("Gruppe, \"näher\" = a"), "a label")),
    }
}

/// A resource; the larger `kind`, the more is said of it.
pub(super) fn resource(name: Name, kind: u64) -> Resource {
    let mut resource = Resource::new(name);
    if kind > 0 {
        resource.location = Some(good(Label::new("Büro 1, \"left\""), "a label"));
        resource.attributes = ["can", "hil"].map(|word| good(Word::new(word), "a word")).into();
    }
    if kind > 1 {
        let text = "\u{1F50C}".repeat(MAX_TEXT_CHARS);
        resource.description = Some(good(Text::new(text), "a text"));
        resource.endpoint = Some(good(Text::new("ssh://bench.example"), "a text"));
        resource.properties = properties();
        let dut = Entity {
            attributes: [good(Word::new("arm64"), "a word")].into(),
            properties: properties(),
        };
        resource.entities = BTreeMap::from([(good(Name::new("dut"), "a name"), dut)]);
    }
    resource
}

/// Every kind of property.
fn properties() -> BTreeMap<String, Value> {
    let values = json!({
        "text": "a 'quoted' \"text\" with \\, \n and \u{0}",
        "largest": u64::MAX, "smallest": i64::MIN,
        "tenths": 0.1 + 0.2, "tiny": f64::MIN_POSITIVE, "huge": f64::MAX, "whole": 1.0,
        "no": false, "nothing": null, "empty": {}, "list": [1, "two", [3.5, {"four": 4}]],
        "": "a key without a letter",
    });
    serde_json::from_value(values).unwrap_or_default()
}

/// A request; the larger `kind`, the more is said in it.
pub(super) fn request(kind: u64) -> Request {
    let mut request = Request::one(Selector::any());
    if kind > 0 {
        request.holder = Some(good(Label::new("ci-88 / née"), "a label"));
        request.priority = good(Priority::new(-1000), "a priority");
    }
    if kind > 1 {
        request.description = Some(good(Text::new("a \"nightly\" = run"), "a text"));
        let tags = (0..MAX_TAGS).map(|number| {
            let key = good(Label::new(format!("key={number}")), "a label");
            (key, good(Text::new("x"), "a text"))
        });
        request.tags = tags.collect();
    }
    request
}

/// A request that says everything, at its longest.
fn longest_request() -> Request {
    let mut request = request(9);
    let name = good(Name::new("n".repeat(MAX_NAME_CHARS)), "a name");
    let word = |word: &'static str| good(Word::new(word), "a word");
    let patterns = [["a", "b"], ["a", "c"], ["a", "b"]];
    let pattern = |words: [&'static str; 2]| EntityPattern {
        attributes: words.map(word).into(),
        ..EntityPattern::default()
    };
    let mut selector = Selector::named(name).with_entities(patterns.map(pattern));
    selector.location = Some(good(Label::new("a b,c[d]&e=f%"), "a label"));
    selector.attributes = [word("can")].into();
    good(request.set_requirements(vec![Requirement::one(selector)]), "a requirement");
    request.wait = Wait::UpTo(MAX_DURATION);
    request.hold = Hold::Connection { linger: MAX_DURATION - Duration::from_micros(1) };
    request.max_duration = Some(Duration::from_micros(1));
    request
}

/// A history with every kind of record, and with a grant from an earlier inventory.
pub(super) fn records() -> Vec<Record> {
    let at = |micros: u64| Timestamp::from_micros(1_700_000_000_000_001 + micros);
    // The last microsecond of the year 9999.
    let latest = Timestamp::from_micros(253_402_300_799_999_999);
    let token = |number: u128| Token::from_random(number.to_be_bytes()).digest();
    let queued = |id, request, micros| Record::Queued {
        id: RequestId(id),
        request: Arc::new(request),
        token: token(u128::from(id) << 100),
        // The second and the third are one party's.
        party: RequestId(if id == 3 { 2 } else { id }),
        made_with: (id == 2).then(|| MadeWith { key: token(u128::MAX), salt: [0xff; 16] }),
        at: at(micros),
    };
    let replaced = |revision, size, micros| Record::InventoryReplaced {
        revision,
        inventory: inventory(size),
        at: at(micros),
    };
    let granted = |id, fence, number, expires| Record::Granted {
        id: RequestId(id),
        fence: Fence(fence),
        resources: vec![vec![bench(number)]],
        at: at(20),
        expires,
    };
    vec![
        replaced(1, 3, 0),
        queued(1, longest_request(), 1),
        queued(2, request(0), 2),
        queued(3, request(2), 3),
        granted(2, 1, 0, None),
        granted(3, 1 << 60, 2, Some(latest)),
        // bench-2 is retired, and bench-0 goes on as it was.
        replaced(2, 1, 30),
        Record::ClockSet { from: at(40), to: at(7_000_000_040) },
        Record::Ended { id: RequestId(2), reason: EndReason::MaxDuration, at: at(7_000_000_050) },
        Record::Ended { id: RequestId(3), reason: EndReason::Orphaned, at: at(7_000_000_060) },
        replaced(3, 0, 7_000_000_070),
        Record::ClockSet { from: at(7_000_000_080), to: at(80) },
        queued(1 << 60, request(1), 90),
    ]
}
