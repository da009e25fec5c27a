//! Requests that say everything that a request can say, in words that are hard to write down.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::collection::{btree_map, btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use respo::property::WantedProperties;
use respo::{
    Condition, EntityPattern, Hold, Label, Name, Priority, PropertyPath, PropertyValue, Request,
    Requirement, Scalar, Selector, Text, Wait, Wanted, Word,
};
use serde_json::Value;

/// What looks like something else, or has something special in it.
const ODD: [&str; 36] = [
    "2",
    "of",
    "0",
    "007",
    "true",
    "null",
    "1.0",
    "-5",
    "1e5",
    "1e999",
    "NaN",
    "a=b",
    "=b",
    "+a",
    "++a=b",
    "@s",
    "{a}",
    "[a]",
    "a,b",
    "a b",
    " a",
    "a ",
    "\"a\"",
    "'a'",
    "a\\",
    "\\\"",
    "%41",
    "a&b=c",
    "a+b",
    "#",
    "\u{FFFD}",
    "\u{a0}",
    "a\u{3000}b",
    "ü",
    "where=x",
    "properties.a",
];

fn odd() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => select(&ODD[..]).prop_map(str::to_owned),
        1 => "\\PC{1,5}",
        1 => "[a-z=+@{},\"\\\\\\[\\] .]{1,6}",
    ]
}

pub fn name() -> impl Strategy<Value = Name> {
    prop_oneof![
        select(&["2", "of", "a", "007", "count", "1:2"][..]).prop_map(str::to_owned),
        "[a-zA-Z0-9._:/-]{1,4}"
    ]
    .prop_map(|name| Name::new(name).unwrap())
}

fn word() -> impl Strategy<Value = Word> {
    odd().prop_filter_map("not an attribute", |word| Word::new(word).ok())
}

pub fn label() -> impl Strategy<Value = Label> {
    odd().prop_filter_map("not a label", |label| Label::new(label).ok())
}

fn path() -> impl Strategy<Value = PropertyPath> {
    let keys =
        ["count", "where", "keys", "properties.a", "properties", "gsm.operator", "\n", "\u{85}x"];
    prop_oneof![
        select(keys.to_vec()).prop_map(str::to_owned),
        odd(),
        (odd(), any::<String>()).prop_map(|(key, below)| format!("{key}.{below}"))
    ]
    .prop_filter_map("not a path", |path| PropertyPath::new(path).ok())
}

fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        3 => odd().prop_map(Value::from),
        1 => any::<String>().prop_map(Value::from),
        1 => select(&["", " ", "\n", "\u{7f}\u{85}"][..]).prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
    .prop_map(|value| Scalar::of(&value).unwrap())
}

fn properties() -> impl Strategy<Value = WantedProperties> {
    let value = prop_oneof![
        2 => scalar().prop_map(PropertyValue::Equal),
        1 => btree_set(scalar(), 0..4).prop_map(PropertyValue::Contains)
    ];
    btree_map(path(), value, 0..3)
}

fn pattern() -> impl Strategy<Value = EntityPattern> {
    (btree_set(word(), 0..3), properties())
        .prop_map(|(attributes, properties)| EntityPattern { attributes, properties })
}

fn condition() -> impl Strategy<Value = Condition> {
    let texts = [
        "name == \"bench-1\"",
        "  size(entities) > 1  ",
        "\"can\" in attributes\n&& location != 'B\u{fc}ro \"1\"'",
        "name.startsWith(\"a+b%20&c=d#\")",
    ];
    select(texts.to_vec()).prop_map(|text| Condition::new(text).unwrap())
}

pub fn selector() -> impl Strategy<Value = Selector> {
    let names = prop_oneof![Just(BTreeSet::new()), btree_set(name(), 1..4)];
    let attributes = btree_set(word(), 0..3);
    (
        names,
        option::of(label()),
        attributes,
        vec(pattern(), 0..3),
        properties(),
        option::of(condition()),
    )
        .prop_map(|(names, location, attributes, entities, properties, condition)| Selector {
            names,
            location,
            attributes,
            entities,
            properties,
            condition,
        })
}

pub fn requirement() -> impl Strategy<Value = Requirement> {
    let count = || prop_oneof![2 => Just(1), 1 => 1_u16..=20];
    let matching =
        (count(), selector()).prop_map(|(count, selector)| (count, Wanted::Matching(selector)));
    let of_keys = (btree_set(name(), 1..5), count())
        .prop_map(|(keys, count)| (count.min(keys.len() as u16), Wanted::Keys(keys)));
    let wanted = prop_oneof![3 => matching, 1 => of_keys];
    let stack = option::of(prop_oneof![3 => Just(Label::new("s").unwrap()), 1 => label()]);
    (wanted, stack).prop_map(|((count, wanted), stack)| Requirement { count, wanted, stack })
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        select(&[1, 999_999, 1_000_000, 90_000_000, 366 * 86_400_000_000][..]),
        1_u64..1_000_000_000_000
    ]
    .prop_map(Duration::from_micros)
}

pub fn request() -> impl Strategy<Value = Request> {
    let wait = prop_oneof![
        1 => Just(Wait::No),
        1 => duration().prop_map(Wait::UpTo),
        1 => Just(Wait::Forever)
    ];
    let text = || odd().prop_filter_map("not a text", |text| Text::new(text).ok());
    let requirements = vec(requirement(), 1..4)
        .prop_filter_map("they do not go together", |all| Request::new(all).ok());
    let rest = (
        -1000_i64..=1000,
        option::of(text()),
        option::of(label()),
        btree_map(label(), text(), 0..3),
    );
    let times = (wait, option::of(duration()), option::of(duration()));
    (requirements, rest, times).prop_map(|(mut request, rest, times)| {
        let (priority, description, holder, tags): (_, _, _, BTreeMap<Label, Text>) = rest;
        let (wait, linger, max_duration) = times;
        request.priority = Priority::new(priority).unwrap();
        request.description = description;
        request.holder = holder;
        request.tags = tags;
        request.wait = wait;
        request.hold = Hold::Connection { linger: linger.unwrap_or_default() };
        request.max_duration = max_duration;
        request
    })
}
