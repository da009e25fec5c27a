//! Random resources, selectors and requests for the property tests.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use respo::{
    Entity, EntityPattern, Hold, Label, Name, Priority, Request, Resource, Selector, Wait, Word,
};

fn words(letters: &'static [&'static str]) -> impl Strategy<Value = BTreeSet<Word>> {
    btree_set(proptest::sample::select(letters), 0..=letters.len())
        .prop_map(|set| set.into_iter().map(|word| Word::new(word).unwrap()).collect())
}

fn location() -> impl Strategy<Value = Option<Label>> {
    proptest::option::of(proptest::sample::select(&["office1", "office2"][..]))
        .prop_map(|location| location.map(|location| Label::new(location).unwrap()))
}

pub fn entity() -> impl Strategy<Value = Entity> {
    words(&["x", "y", "z"]).prop_map(|attributes| Entity { attributes, ..Entity::default() })
}

pub fn resources(most: usize) -> impl Strategy<Value = Vec<Resource>> {
    let one = (words(&["a", "b"]), location(), vec(entity(), 0..3), any::<bool>());
    vec(one, most).prop_map(|all| {
        let present = all.into_iter().enumerate().filter(|(_, (.., present))| *present);
        present
            .map(|(n, (attributes, location, entities, _))| {
                let mut resource = Resource::new(Name::new(format!("r{n}")).unwrap());
                resource.attributes = attributes;
                resource.location = location;
                let names = (0..).map(|n| Name::new(format!("e{n}")).unwrap());
                resource.entities = names.zip(entities).collect();
                resource
            })
            .collect()
    })
}

pub fn selector(most: usize) -> impl Strategy<Value = Selector> {
    let names = prop_oneof![
        2 => Just(BTreeSet::new()),
        1 => btree_set(0..most, 1..3)
    ];
    let patterns = prop_oneof![2 => Just(Vec::new()), 1 => vec(words(&["x", "y"]), 1..3)];
    (names, location(), words(&["a", "b"]), patterns).prop_map(
        |(names, location, attributes, patterns)| {
            let patterns = patterns
                .into_iter()
                .map(|attributes| EntityPattern { attributes, ..EntityPattern::default() });
            let mut selector = Selector::any().with_entities(patterns);
            selector.names =
                names.into_iter().map(|n| Name::new(format!("r{n}")).unwrap()).collect();
            selector.location = location;
            selector.attributes = attributes;
            selector
        },
    )
}

fn micros(range: std::ops::Range<u64>) -> impl Strategy<Value = Duration> {
    range.prop_map(Duration::from_micros)
}

pub fn request(most: usize) -> impl Strategy<Value = Request> {
    let wait = prop_oneof![
        1 => Just(Wait::No),
        1 => micros(1..40).prop_map(Wait::UpTo),
        3 => Just(Wait::Forever)
    ];
    let linger = prop_oneof![2 => Just(Duration::ZERO), 1 => micros(1..30)];
    let longest = proptest::option::weighted(0.3, micros(1..60));
    (selector(most), -1i64..=1, wait, linger, longest).prop_map(
        |(selector, priority, wait, linger, max_duration)| {
            let mut request = Request::one(selector);
            request.priority = Priority::new(priority).unwrap();
            request.wait = wait;
            request.hold = Hold::Connection { linger };
            request.max_duration = max_duration;
            request
        },
    )
}
