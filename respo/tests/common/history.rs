//! Random inventories, requests and commands for the property tests.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use respo::{
    Authority, Command, Entity, EntityPattern, Hold, Inventory, Label, Name, Priority, Request,
    RequestId, Resource, Selector, SessionId, Token, Wait, Word,
};

pub const SESSIONS: u64 = 4;

/// What to do next; the tokens and ids are those of the n-th request that was made, if there is one.
#[derive(Debug, Clone)]
pub enum Step {
    Open(u64),
    Close(u64),
    Submit { session: u64, request: Box<Request> },
    Resume { session: u64, nth: usize },
    End { nth: usize, by: By },
    Replace(Vec<Resource>),
    Advance(u64),
    Drain,
}

#[derive(Debug, Clone, Copy)]
pub enum By {
    Session(u64),
    RightToken,
    WrongToken,
    Administrator,
}

/// The token of the n-th request.
pub fn token(nth: usize) -> Token {
    Token::from_random((nth as u128).to_be_bytes())
}

impl Step {
    /// As a command, where `made` counts the requests that were made so far.
    pub fn command(&self, made: usize) -> Option<Command> {
        let id = |nth: usize| RequestId(nth as u64 % (made as u64 + 1));
        Some(match self {
            Step::Open(session) => Command::OpenSession(SessionId(*session)),
            Step::Close(session) => Command::CloseSession(SessionId(*session)),
            Step::Submit { session, request } => Command::Submit {
                session: SessionId(*session),
                request: Arc::new((**request).clone()),
                token: token(made + 1).digest(),
            },
            Step::Resume { session, nth } => {
                Command::Resume { session: SessionId(*session), token: token(id(*nth).0 as usize) }
            }
            Step::End { nth, by } => Command::End {
                id: id(*nth),
                by: match by {
                    By::Session(session) => Authority::Session(SessionId(*session)),
                    By::RightToken => Authority::Token(token(id(*nth).0 as usize)),
                    By::WrongToken => Authority::Token(token(usize::MAX)),
                    By::Administrator => Authority::Administrator,
                },
            },
            Step::Replace(resources) => {
                Command::ReplaceInventory(Arc::new(Inventory::new(resources.clone()).unwrap()))
            }
            Step::Drain => Command::Drain { deadline: Duration::from_secs(1) },
            Step::Advance(_) => return None,
        })
    }
}

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

fn by() -> impl Strategy<Value = By> {
    prop_oneof![
        4 => (1..=SESSIONS).prop_map(By::Session),
        4 => Just(By::RightToken),
        1 => Just(By::WrongToken),
        1 => Just(By::Administrator)
    ]
}

pub fn step(most: usize) -> impl Strategy<Value = Step> {
    let session = || 1..=SESSIONS;
    prop_oneof![
        8 => session().prop_map(Step::Open),
        3 => session().prop_map(Step::Close),
        40 => (session(), request(most)).prop_map(|(session, request)| {
            Step::Submit { session, request: Box::new(request) }
        }),
        4 => (session(), any::<usize>()).prop_map(|(session, nth)| Step::Resume { session, nth }),
        25 => (any::<usize>(), by()).prop_map(|(nth, by)| Step::End { nth, by }),
        5 => resources(most).prop_map(Step::Replace),
        15 => (0u64..25).prop_map(Step::Advance),
    ]
}
