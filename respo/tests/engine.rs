//! What the engine answers in situations that are worth reading on their own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use respo::{
    AttributeMatcher, Authority, Command, Effects, EndReason, Engine, Hold, Inventory, Limits,
    Name, NoticeKind, Refusal, Reply, Request, RequestId, Resource, Selector, SessionId, State,
    Timestamp, Token, Wait,
};

const SESSION: SessionId = SessionId(1);

struct Pool {
    engine: Engine,
    granted: Vec<(u64, String)>,
}

impl Pool {
    fn of(names: &[&str], limits: Limits) -> Self {
        let (matcher, now) = (Arc::new(AttributeMatcher), Timestamp::default());
        let engine = Engine::restore(limits, matcher, State::default(), now);
        let mut pool = Self { engine, granted: Vec::new() };
        let resources = names.iter().map(|name| Resource::new(Name::new(name).unwrap()));
        let inventory = Arc::new(Inventory::new(resources).unwrap());
        pool.handle(Command::ReplaceInventory(inventory)).unwrap();
        pool.handle(Command::OpenSession(SESSION)).unwrap();
        pool
    }

    fn handle(&mut self, command: Command) -> Result<Reply, Refusal> {
        let mut effects = Effects::default();
        let reply = self.engine.handle(Timestamp::default(), command, &mut effects);
        for notice in effects.notices {
            if let NoticeKind::Granted(grant) = notice.kind {
                self.granted.push((notice.id.0, grant.resources[0][0].name.to_string()));
            }
        }
        reply
    }

    fn submit(&mut self, selector: &str, wait: Wait) -> Result<RequestId, Refusal> {
        let mut request = Request::one(selector.parse::<Selector>().unwrap());
        request.wait = wait;
        let (request, token) = (Arc::new(request), Token::from_random([1; 16]).digest());
        match self.handle(Command::Submit { session: SESSION, request, token })? {
            Reply::Submitted(id) => Ok(id),
            other => panic!("not submitted: {other:?}"),
        }
    }

    fn end(&mut self, id: RequestId) {
        self.handle(Command::End { id, by: Authority::Session(SESSION) }).unwrap();
    }

    /// Each waiting request with its position, and of how many.
    fn positions(&self) -> Vec<(u64, u64, u64)> {
        let waiting = self.engine.snapshot().waiting;
        waiting.iter().map(|waiting| (waiting.id.0, waiting.position, waiting.of)).collect()
    }
}

#[test]
fn use_goes_round_so_that_wear_spreads() {
    let mut pool = Pool::of(&["a", "b", "c"], Limits::default());
    for _ in 0..6 {
        let id = pool.submit("", Wait::Forever).unwrap();
        pool.end(id);
    }
    let order: Vec<&str> = pool.granted.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(order, ["a", "b", "c", "a", "b", "c"]);
}

#[test]
fn use_goes_round_among_few_that_suit_in_a_large_pool() {
    let names: Vec<String> = (0..200).map(|n| format!("r{n}")).collect();
    let mut pool =
        Pool::of(&names.iter().map(String::as_str).collect::<Vec<_>>(), Limits::default());
    for _ in 0..6 {
        let id = pool.submit("resource=r170,r150,r160", Wait::Forever).unwrap();
        pool.end(id);
    }
    let order: Vec<&str> = pool.granted.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(order, ["r150", "r160", "r170", "r150", "r160", "r170"]);
}

#[test]
fn a_position_counts_those_who_compete() {
    let mut pool = Pool::of(&["a", "b", "c"], Limits::default());
    for _ in 0..3 {
        pool.submit("", Wait::Forever).unwrap();
    }
    pool.submit("resource=a", Wait::Forever).unwrap();
    pool.submit("resource=b", Wait::Forever).unwrap();
    pool.submit("resource=a,b", Wait::Forever).unwrap();
    pool.submit("resource=c", Wait::Forever).unwrap();
    pool.submit("resource=b", Wait::Forever).unwrap();
    // Request 5 is next for b although 4 came before it; 6 competes with both, 7 with nobody.
    assert_eq!(pool.positions(), [(4, 1, 2), (5, 1, 3), (6, 3, 4), (7, 1, 1), (8, 3, 3)]);
}

#[test]
fn what_many_kinds_of_requests_wait_for_is_still_told_apart() {
    // More neighbours than positions are counted for exactly: they may count too many, never too few.
    let names: Vec<String> = (0..300).map(|n| format!("r{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut pool = Pool::of(&names, Limits::default());
    for _ in 0..300 {
        pool.submit("", Wait::Forever).unwrap();
    }
    for name in &names {
        pool.submit(&format!("resource={name}"), Wait::Forever).unwrap();
    }
    pool.submit("", Wait::Forever).unwrap();
    let positions = pool.positions();
    assert_eq!(positions[0], (301, 1, 2));
    assert_eq!(positions[299], (600, 1, 2));
    assert_eq!(positions[300], (601, 301, 301));
}

#[test]
fn more_kinds_of_requests_than_are_remembered_are_all_served() {
    let names: Vec<String> = (0..1_500).map(|n| format!("r{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut pool = Pool::of(&names, Limits::default());
    for _ in 0..2 {
        for name in &names {
            let id = pool.submit(&format!("resource={name}"), Wait::No).unwrap();
            assert_eq!(pool.granted.pop(), Some((id.0, (*name).to_owned())));
            pool.end(id);
        }
    }
    // One who waits keeps its place while the memory of others comes and goes.
    let holder = pool.submit("resource=r7", Wait::Forever).unwrap();
    let waiter = pool.submit("resource=r7", Wait::Forever).unwrap();
    for name in names.iter().filter(|name| **name != "r7") {
        let id = pool.submit(&format!("resource={name}"), Wait::No).unwrap();
        pool.end(id);
    }
    pool.granted.clear();
    pool.end(holder);
    assert_eq!(pool.granted, [(waiter.0, "r7".to_owned())]);
}

#[test]
fn the_bounds_of_a_pool_hold() {
    let mut limits = Limits::default();
    limits.max_waiting = 2;
    limits.max_requests_per_session = 4;
    let mut pool = Pool::of(&["a", "b"], limits);
    pool.submit("resource=a", Wait::Forever).unwrap();
    let waiter = pool.submit("resource=a", Wait::Forever).unwrap();
    pool.submit("resource=a", Wait::Forever).unwrap();
    assert_eq!(pool.submit("resource=a", Wait::Forever), Err(Refusal::QueueFull(2)));
    pool.submit("resource=b", Wait::Forever).expect("what is free needs no place in the queue");
    assert_eq!(pool.submit("resource=a", Wait::Forever), Err(Refusal::TooManyRequests(4)));
    pool.end(waiter);
    pool.submit("resource=a", Wait::Forever).expect("there is room again");
}

/// A pool whose one resource is leased for so many seconds without renewal, as request 1.
fn leased_for(seconds: u64, limits: &Limits) -> Pool {
    let mut pool = Pool::of(&["a"], limits.clone());
    let mut request = Request::one(Selector::any());
    request.hold = Hold::Ttl { ttl: Duration::from_secs(seconds) };
    let (request, token) = (Arc::new(request), Token::from_random([1; 16]).digest());
    pool.handle(Command::Submit { session: SESSION, request, token }).unwrap();
    pool
}

/// When the lease ends for want of a renewal, in an engine that goes on from this one at 100 s.
fn end_after_restart(pool: &Pool, limits: Limits) -> u64 {
    let second = |number| Timestamp::from_micros(number * 1_000_000);
    let matcher = Arc::new(AttributeMatcher);
    let state = pool.engine.state().clone();
    let mut engine = Engine::restore(limits, matcher, state, second(100));
    let mut effects = Effects::default();
    for now in 100.. {
        engine.handle_timeout(second(now), &mut effects);
        for notice in effects.notices.drain(..) {
            if let NoticeKind::Ended { reason, .. } = notice.kind {
                assert_eq!(reason, EndReason::Expired);
                return now;
            }
        }
    }
    unreachable!("it ends before the end of time")
}

fn renewal(ttl: Option<Duration>) -> Command {
    Command::Renew { id: RequestId(1), by: Authority::Administrator, ttl }
}

#[test]
fn a_renewal_for_longer_than_the_ttl_is_kept_over_a_restart() {
    let mut limits = Limits::default();
    limits.grace = Duration::from_secs(5);
    let mut pool = leased_for(30, &limits);
    pool.handle(renewal(None)).unwrap();
    assert_eq!(pool.engine.state().requests[&RequestId(1)].until, None, "that costs no write");
    assert_eq!(end_after_restart(&pool, limits.clone()), 130);
    pool.handle(renewal(Some(Duration::from_secs(300)))).unwrap();
    assert_eq!(end_after_restart(&pool, limits), 300, "it was told that it lives until then");
}

#[test]
fn what_has_a_longer_ttl_than_the_pool_allows_by_now_is_renewed_all_the_same() {
    let mut limits = Limits::default();
    let pool = leased_for(30, &limits);
    limits.max_ttl = Duration::from_secs(10);
    let state = pool.engine.state().clone();
    let (matcher, now) = (Arc::new(AttributeMatcher), Timestamp::from_micros(100_000_000));
    let engine = Engine::restore(limits, matcher, state, now);
    let mut pool = Pool { engine, granted: Vec::new() };
    assert!(pool.handle(renewal(None)).is_ok());
    let refused = pool.handle(renewal(Some(Duration::from_secs(30)))).unwrap_err();
    assert_eq!(refused.code(), "over_limit");
}

#[test]
fn a_request_that_waits_for_nobody_is_renewed_for_long_and_kept_over_a_restart() {
    let mut limits = Limits::default();
    limits.grace = Duration::from_secs(5);
    let mut pool = leased_for(30, &limits);
    let mut request = Request::one(Selector::any());
    request.hold = Hold::Ttl { ttl: Duration::from_secs(2) };
    let (request, token) = (Arc::new(request), Token::from_random([2; 16]).digest());
    pool.handle(Command::Submit { session: SESSION, request, token }).unwrap();
    let (id, by) = (RequestId(2), Authority::Session(SESSION));
    let renew = Command::Renew { id, by, ttl: Some(Duration::from_secs(400)) };
    assert_eq!(pool.handle(renew).unwrap(), Reply::Renewed { expires: None });
    assert_eq!(pool.engine.state().requests[&id].until, None, "its session keeps it");
    pool.handle(Command::CloseSession(SESSION)).unwrap();
    let by = Authority::Administrator;
    let renew = Command::Renew { id, by, ttl: Some(Duration::from_secs(400)) };
    let expires = Some(Timestamp::from_micros(400_000_000));
    assert_eq!(pool.handle(renew).unwrap(), Reply::Renewed { expires });
    assert_eq!(pool.engine.state().requests[&id].until, expires);
}

#[test]
fn who_comes_and_goes_does_not_shorten_what_was_renewed_for_long() {
    let mut pool = leased_for(1000, &Limits::default());
    let mut request = Request::one(Selector::any());
    request.hold = Hold::Ttl { ttl: Duration::from_secs(2) };
    let secret = Token::from_random([2; 16]);
    let (request, token) = (Arc::new(request), secret.digest());
    pool.handle(Command::Submit { session: SESSION, request, token }).unwrap();
    pool.handle(Command::CloseSession(SESSION)).unwrap();
    let (id, by) = (RequestId(2), Authority::Token(secret.clone()));
    let renew = Command::Renew { id, by: by.clone(), ttl: Some(Duration::from_secs(60)) };
    let expires = Some(Timestamp::from_micros(60_000_000));
    assert_eq!(pool.handle(renew).unwrap(), Reply::Renewed { expires });
    let session = SessionId(2);
    pool.handle(Command::OpenSession(session)).unwrap();
    pool.handle(Command::Resume { session, token: secret }).unwrap();
    assert_eq!(pool.engine.next_timeout(), Some(Timestamp::from_micros(1_000_000_000)));
    pool.handle(Command::CloseSession(session)).unwrap();
    assert_eq!(pool.engine.next_timeout(), expires);
    let renewed = pool.handle(Command::Renew { id, by, ttl: None }).unwrap();
    assert_eq!(renewed, Reply::Renewed { expires });
}
