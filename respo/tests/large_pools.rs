//! What the random histories of tiny pools cannot show.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::sync::Arc;

use respo::{
    AttributeMatcher, Command, Effects, Engine, Inventory, Limits, Name, NoticeKind, Refusal,
    Reply, Request, RequestId, Requirement, Resource, Rules, SessionId, Stack, State, Timestamp,
    Token, Wait,
};

struct Pool {
    engine: Engine,
    /// In the order of the grants.
    granted: Vec<(RequestId, Vec<Vec<Name>>)>,
}

impl Pool {
    fn of(inventory: Inventory) -> Self {
        let (matcher, now) = (Arc::new(AttributeMatcher), Timestamp::default());
        let mut limits = Limits::default();
        limits.max_requests_per_session = usize::MAX;
        let engine = Engine::restore(limits, matcher, State::default(), now);
        let mut pool = Self { engine, granted: Vec::new() };
        pool.handle(Command::ReplaceInventory(Arc::new(inventory))).unwrap();
        for session in 1..=2 {
            pool.handle(Command::OpenSession(SessionId(session))).unwrap();
        }
        pool
    }

    fn handle(&mut self, command: Command) -> Result<Reply, Refusal> {
        let mut effects = Effects::default();
        let reply = self.engine.handle(Timestamp::default(), command, &mut effects);
        for notice in effects.notices {
            if let NoticeKind::Granted(grant) = notice.kind {
                let name = |resource: &Arc<Resource>| resource.name.clone();
                let names = grant.resources.iter().map(|one| one.iter().map(name).collect());
                self.granted.push((notice.id, names.collect()));
            }
        }
        reply
    }

    /// Asks for `requirements`, which are written in the short form.
    fn ask(
        &mut self,
        session: u64,
        requirements: &[&str],
        wait: Wait,
    ) -> Result<RequestId, Refusal> {
        let requirements = requirements.iter().map(|text| text.parse().unwrap()).collect();
        self.ask_for(session, requirements, wait)
    }

    fn ask_for(
        &mut self,
        session: u64,
        requirements: Vec<Requirement>,
        wait: Wait,
    ) -> Result<RequestId, Refusal> {
        let mut request = Request::new(requirements).unwrap();
        request.wait = wait;
        let (request, token) = (Arc::new(request), Token::from_random([1; 16]).digest());
        let session = SessionId(session);
        match self.handle(Command::Submit { session, request, token })? {
            Reply::Submitted(id) => Ok(id),
            other => panic!("not submitted: {other:?}"),
        }
    }

    fn close(&mut self, session: u64) {
        self.handle(Command::CloseSession(SessionId(session))).unwrap();
    }
}

fn name(text: String) -> Name {
    Name::new(text).unwrap()
}

fn resources(count: usize) -> Inventory {
    Inventory::new((0..count).map(|n| Resource::new(name(format!("r{n}"))))).unwrap()
}

/// Stacks of two, and nothing else.
fn pairs(count: usize) -> Inventory {
    let pair = |n: usize| Stack([2 * n, 2 * n + 1].map(|n| name(format!("r{n}"))).into());
    resources(2 * count).with_stacks((0..count).map(pair)).unwrap()
}

#[test]
fn a_request_for_several_stacks_gets_those_that_are_free_however_many_come_before_them() {
    for (stacks, held, labels) in [(5_000, 4_096, 1), (200, 21, 2), (100, 1, 3), (30, 5, 4)] {
        let mut pool = Pool::of(pairs(stacks));
        for n in 0..held {
            pool.ask(1, &[&format!("r{}", 2 * n)], Wait::No).unwrap();
        }
        let wanted = ["2 @a", "2 @b", "2 @c", "2 @d"];
        pool.ask(2, &wanted[..labels], Wait::No).unwrap();
        let (_, given) = pool.granted.pop().unwrap();
        let different: BTreeSet<&Name> = given.iter().flatten().collect();
        assert_eq!(different.len(), 2 * labels, "{given:?}");
    }
}

#[test]
fn a_request_for_stacks_waits_for_whichever_is_free_first() {
    let mut pool = Pool::of(pairs(5_000));
    for n in 0..5_000 {
        pool.ask(1, &[&format!("r{}", 2 * n)], Wait::No).unwrap();
    }
    let waiting = pool.ask(2, &["2 @a"], Wait::Forever).unwrap();
    // The last of the stacks becomes free.
    let last = RequestId(5_000);
    pool.handle(Command::End { id: last, by: respo::Authority::Administrator }).unwrap();
    let expected = vec![vec![name("r9998".to_owned()), name("r9999".to_owned())]];
    let (id, mut given) = pool.granted.pop().unwrap();
    given[0].sort();
    assert_eq!((id, given), (waiting, expected));
}

#[test]
fn keys_that_nobody_asks_for_any_more_leave_nothing_behind() {
    let rules = Rules { ephemeral: true, ..Rules::default() };
    let mut pool = Pool::of(pairs(1).with_rules(rules));
    // Only r0 is in a stack; the keys beside it can never serve the requirement.
    for round in 0..400 {
        let keys = (0..254).map(|n| name(format!("key-{round}-{n}")));
        let mut requirement = Requirement::keys(1, keys.chain([name("r0".to_owned())]));
        requirement.stack = Some("s".parse().unwrap());
        let id = pool.ask_for(1, vec![requirement], Wait::No).unwrap();
        pool.handle(Command::End { id, by: respo::Authority::Administrator }).unwrap();
    }
    let keys = (0..256).map(|n| name(format!("new-{n}")));
    pool.ask_for(1, vec![Requirement::keys(256, keys)], Wait::No).unwrap();
    assert_eq!(pool.engine.snapshot().outsiders.len(), 256);
}

#[test]
fn who_waits_is_served_in_order_however_much_becomes_free_at_once() {
    let mut pool = Pool::of(resources(2_000));
    for _ in 0..2_000 {
        pool.ask(1, &["1"], Wait::No).unwrap();
    }
    let waiting: Vec<RequestId> =
        (0..2_000).map(|_| pool.ask(2, &["1"], Wait::Forever).unwrap()).collect();
    pool.granted.clear();
    pool.close(1);
    let served: Vec<RequestId> = pool.granted.iter().map(|(id, _)| *id).collect();
    assert_eq!(served, waiting);
    let expected = (0..2_000).map(|n| vec![vec![name(format!("r{n}"))]]);
    assert!(pool.granted.iter().map(|(_, given)| given.clone()).eq(expected), "the oldest first");
}

#[test]
fn the_largest_request_is_distributed_exactly() {
    let mut pool = Pool::of(resources(256));
    // The n-th of 32 requirements takes any 8 of the first 256 - 8 n: only one way is left in the end.
    let requirement = |n: usize| {
        let names = (0..256 - 8 * n).map(|n| name(format!("r{n}"))).collect();
        let selector = respo::Selector { names, ..respo::Selector::any() };
        Requirement { count: 8, ..Requirement::one(selector) }
    };
    pool.ask_for(1, (0..32).map(requirement).collect(), Wait::No).unwrap();
    let (_, given) = pool.granted.pop().unwrap();
    for (n, names) in given.iter().enumerate() {
        let expected: Vec<Name> =
            (0..8).map(|slot| name(format!("r{}", 256 - 8 * (n + 1) + slot))).collect();
        assert_eq!(*names, expected, "requirement {}", n + 1);
    }
}
