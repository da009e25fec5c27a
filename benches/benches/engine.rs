//! The engine alone: no clock, no store, no socket.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that goes wrong must stop")]

use std::hint::black_box;
use std::sync::Arc;

use benches::{TAGS, pool, tagged};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use respo::{
    AttributeMatcher, Authority, Command, Effects, Engine, Limits, Matcher, Name, Reply, Request,
    RequestId, Selector, SessionId, State, Timestamp, Token, TokenDigest,
};

const SESSION: SessionId = SessionId(1);

struct Driver {
    engine: Engine,
    effects: Effects,
    now: u64,
    token: TokenDigest,
}

impl Driver {
    fn new(resources: usize) -> Self {
        let mut limits = Limits::default();
        limits.max_requests_per_session = usize::MAX;
        limits.max_waiting = usize::MAX;
        let start = Timestamp::default();
        let engine = Engine::restore(limits, Arc::new(AttributeMatcher), State::default(), start);
        let token = Token::from_random([1; 16]).digest();
        let mut driver = Self { engine, effects: Effects::default(), now: 0, token };
        driver.handle(Command::ReplaceInventory(Arc::new(pool(resources))));
        driver.handle(Command::OpenSession(SESSION));
        driver
    }

    fn handle(&mut self, command: Command) -> Reply {
        self.now += 1;
        self.effects.clear();
        let now = Timestamp::from_micros(self.now);
        self.engine.handle(now, command, &mut self.effects).expect("the command is valid")
    }

    fn submit(&mut self, request: &Arc<Request>) -> RequestId {
        let (request, token) = (Arc::clone(request), self.token);
        match self.handle(Command::Submit { session: SESSION, request, token }) {
            Reply::Submitted(id) => id,
            other => panic!("not submitted: {other:?}"),
        }
    }

    fn release(&mut self, id: RequestId) {
        self.handle(Command::End { id, by: Authority::Session(SESSION) });
    }
}

fn uncontended(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("acquire and release");
    group.throughput(Throughput::Elements(1));
    for resources in [100, 1_000, 10_000, 100_000] {
        let mut driver = Driver::new(resources);
        let named = Arc::new(Request::one(Selector::named(Name::new("r7").expect("a valid name"))));
        group.bench_function(BenchmarkId::new("by name", resources), |bencher| {
            bencher.iter(|| {
                let id = driver.submit(&named);
                driver.release(id);
            });
        });
        let query = Arc::new(Request::one(tagged(7)));
        group.bench_function(BenchmarkId::new("by tag", resources), |bencher| {
            bencher.iter(|| {
                let id = driver.submit(&query);
                driver.release(id);
            });
        });
    }
    group.finish();
}

/// Every resource is taken and `waiters` wait with a hundred shapes: each release grants to the first of
/// them, who is replaced by a new one.
fn contended(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("release and grant to a waiter");
    group.throughput(Throughput::Elements(1));
    for (resources, waiters) in [(100, 1_000), (10_000, 1_000), (10_000, 100_000)] {
        let mut driver = Driver::new(resources);
        let requests: Vec<_> = (0..TAGS).map(|n| Arc::new(Request::one(tagged(n)))).collect();
        let mut held = std::collections::VecDeque::new();
        for n in 0..resources {
            held.push_back((n % TAGS, driver.submit(&requests[n % TAGS])));
        }
        let mut waiting: Vec<_> = (0..TAGS).map(|_| std::collections::VecDeque::new()).collect();
        for n in 0..waiters {
            waiting[n % TAGS].push_back(driver.submit(&requests[n % TAGS]));
        }
        group.bench_function(
            BenchmarkId::new(format!("{resources} resources"), waiters),
            |bencher| {
                bencher.iter(|| {
                    let (shape, id) = held.pop_front().expect("every resource is held");
                    driver.release(id);
                    held.push_back((shape, waiting[shape].pop_front().expect("someone waits")));
                    waiting[shape].push_back(driver.submit(&requests[shape]));
                });
            },
        );
    }
    group.finish();
}

fn matcher(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("candidates");
    for resources in [100, 10_000, 100_000] {
        let inventory = pool(resources);
        group.bench_function(BenchmarkId::new("by tag", resources), |bencher| {
            bencher.iter(|| AttributeMatcher.candidates(black_box(&tagged(7)), &inventory));
        });
    }
    group.finish();
}

fn snapshot(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("snapshot");
    for (resources, waiters) in [(10, 100), (1_000, 1_000), (10_000, 10_000)] {
        let mut driver = Driver::new(resources);
        let requests: Vec<_> =
            (0..TAGS.min(resources)).map(|n| Arc::new(Request::one(tagged(n)))).collect();
        for n in 0..resources + waiters {
            driver.submit(&requests[n % requests.len()]);
        }
        group.bench_function(
            BenchmarkId::new(format!("{resources} resources"), waiters),
            |bencher| {
                bencher.iter(|| driver.engine.snapshot());
            },
        );
    }
    group.finish();
}

criterion_group!(engine, uncontended, contended, matcher, snapshot);
criterion_main!(engine);
