//! The engine takes in what can be written down and read back, and no more.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use respo::property::WantedProperties;
use respo::{
    AttributeMatcher, Command, Effects, Engine, EntityPattern, Inventory, Limits, Name,
    PropertyPath, PropertyValue, Refusal, Request, Resource, Scalar, Selector, SessionId, State,
    Timestamp, Token, Word,
};
use serde_json::Value;

fn words(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("n{number}"))
}

fn attributes(count: usize) -> EntityPattern {
    let attributes = words(count).map(|word| Word::new(word).unwrap()).collect();
    EntityPattern { attributes, ..EntityPattern::default() }
}

fn properties(count: usize) -> WantedProperties {
    let value = PropertyValue::Equal(Scalar::of(&Value::Null).unwrap());
    words(count).map(|word| (PropertyPath::new(word).unwrap(), value.clone())).collect()
}

fn property(value: PropertyValue) -> WantedProperties {
    [(PropertyPath::new("p").unwrap(), value)].into()
}

/// A scalar as an embedder can make it, without a look at its length.
fn text(length: usize) -> Scalar {
    Scalar::of(&"\u{e4}".repeat(length).into()).unwrap()
}

fn with(change: impl FnOnce(&mut Selector)) -> Selector {
    let mut selector = Selector::any();
    change(&mut selector);
    selector
}

/// What is just allowed, and what is one too much; what the message calls it.
fn bounds() -> Vec<(&'static str, [Selector; 2])> {
    let sizes = |most: usize, make: &dyn Fn(&mut Selector, usize)| {
        [most, most + 1].map(|size| with(|selector| make(selector, size)))
    };
    let list = |count| PropertyValue::Contains(words(count).map(|w| scalar(&w)).collect());
    let pattern = |properties| EntityPattern { properties, ..EntityPattern::default() };
    vec![
        (
            "256 names",
            sizes(256, &|selector, size| {
                selector.names = words(size).map(|name| Name::new(name).unwrap()).collect();
            }),
        ),
        ("256 attributes", sizes(256, &|one, size| one.attributes = attributes(size).attributes)),
        ("256 attributes", sizes(256, &|one, size| one.entities = vec![attributes(size)])),
        ("64 entity patterns", sizes(64, &|one, size| one.entities = vec![attributes(1); size])),
        ("64 properties", sizes(64, &|one, size| one.properties = properties(size))),
        ("64 properties", sizes(64, &|one, size| one.entities = vec![pattern(properties(size))])),
        ("256 items", sizes(256, &|one, size| one.properties = property(list(size)))),
        (
            "1024 characters",
            sizes(1024, &|one, size| one.properties = property(PropertyValue::Equal(text(size)))),
        ),
        (
            "1024 characters",
            sizes(1024, &|one, size| {
                one.properties = property(PropertyValue::Contains([text(size)].into()));
            }),
        ),
    ]
}

fn scalar(word: &str) -> Scalar {
    Scalar::of(&word.into()).unwrap()
}

/// The message, if the engine finds that the request asks for too much.
fn over_limit(request: Request) -> Option<String> {
    let (matcher, now) = (Arc::new(AttributeMatcher), Timestamp::default());
    let mut engine = Engine::restore(Limits::default(), matcher, State::default(), now);
    let bench = Resource::new(Name::new("bench-1").unwrap());
    let session = SessionId(1);
    let commands = [
        Command::ReplaceInventory(Arc::new(Inventory::new([bench]).unwrap())),
        Command::OpenSession(session),
        Command::Submit {
            session,
            request: Arc::new(request),
            token: Token::from_random([1; 16]).digest(),
        },
    ];
    let answers = commands.map(|command| engine.handle(now, command, &mut Effects::default()));
    answers.into_iter().find_map(|answer| match answer {
        Err(Refusal::OverLimit(message)) => Some(message),
        _ => None,
    })
}

#[test]
fn what_the_engine_takes_in_reads_back_from_json_and_what_it_refuses_does_not() {
    for (bound, [good, bad]) in bounds() {
        let (good, bad) = (Request::one(good), Request::one(bad));
        let read = |request: &Request| {
            serde_json::from_str::<Request>(&serde_json::to_string(request).unwrap())
        };
        assert_eq!(read(&good).unwrap(), good, "{bound}");
        assert!(read(&bad).is_err(), "{bound}");
        assert_eq!(over_limit(good), None, "{bound}");
        let message = over_limit(bad).expect(bound);
        assert!(message.contains(bound), "{message}");
    }
}
