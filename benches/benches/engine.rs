//! The engine alone: no clock, no store, no socket.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that goes wrong must stop")]

use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::Arc;

use benches::{TAGS, pool, tagged};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use respo::{
    AttributeMatcher, Authority, Command, Effects, Engine, Limits, Matcher, Name, Reply, Request,
    RequestId, Requirement, Selector, SessionId, State, Timestamp, Token, TokenDigest,
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
/// them, who is replaced by a new one. Without waiters: a request is granted, and what it got released. Each
/// round is two decisions.
fn decisions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decisions");
    group.throughput(Throughput::Elements(2));
    for resources in [100, 10_000, 100_000] {
        for waiters in [0, 1_000, 100_000] {
            let mut driver = Driver::new(resources);
            let requests: Vec<_> = (0..TAGS).map(|n| Arc::new(Request::one(tagged(n)))).collect();
            let mut held = VecDeque::new();
            let mut waiting: Vec<_> = (0..TAGS).map(|_| VecDeque::new()).collect();
            if waiters > 0 {
                for n in 0..resources {
                    held.push_back((n % TAGS, driver.submit(&requests[n % TAGS])));
                }
                for n in 0..waiters {
                    waiting[n % TAGS].push_back(driver.submit(&requests[n % TAGS]));
                }
            }
            let mut round = 0;
            let id = BenchmarkId::new(format!("{resources} resources"), waiters);
            group.bench_function(id, |bencher| {
                bencher.iter(|| {
                    round += 1;
                    match held.pop_front() {
                        Some((shape, id)) => {
                            driver.release(id);
                            held.push_back((
                                shape,
                                waiting[shape].pop_front().expect("someone waits"),
                            ));
                            waiting[shape].push_back(driver.submit(&requests[shape]));
                        }
                        None => {
                            let id = driver.submit(&requests[round % TAGS]);
                            driver.release(id);
                        }
                    }
                });
            });
        }
    }
    group.finish();
}

/// Requests for several things: what an assignment costs, and what it costs to hold things back for those
/// who wait for more.
fn whole_requests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("whole requests");
    group.throughput(Throughput::Elements(2));
    let count = |count, selector| Requirement { count, ..Requirement::one(selector) };
    let cases = [
        ("one of each of 4 tags", (0..4).map(|n| count(1, tagged(n))).collect::<Vec<_>>()),
        ("8 of one tag", vec![count(8, tagged(7))]),
        ("any 64", vec![count(64, Selector::any())]),
    ];
    for (name, requirements) in cases {
        let request = Arc::new(Request::new(requirements).expect("the requirements are valid"));
        for resources in [1_000, 100_000] {
            let mut driver = Driver::new(resources);
            group.bench_function(BenchmarkId::new(name, resources), |bencher| {
                bencher.iter(|| {
                    let id = driver.submit(&request);
                    driver.release(id);
                });
            });
        }
    }
    // Everything of tag 0 is held by single requests; `waiters` want one of it and one of tag 1, which is
    // held back for them as far as it goes. Each release grants to the first.
    let pair = [count(1, tagged(0)), count(1, tagged(1))].to_vec();
    let pair = Arc::new(Request::new(pair).expect("the requirements are valid"));
    let single = Arc::new(Request::one(tagged(0)));
    for waiters in [10, 100, 1_000, 10_000] {
        let mut driver = Driver::new(10_000);
        let mut held: VecDeque<_> = (0..100).map(|_| driver.submit(&single)).collect();
        let mut waiting: VecDeque<_> = (0..waiters).map(|_| driver.submit(&pair)).collect();
        group.bench_function(BenchmarkId::new("waiting pairs", waiters), |bencher| {
            bencher.iter(|| {
                driver.release(held.pop_front().expect("something is held"));
                let granted = waiting.pop_front().expect("someone waits");
                driver.release(granted);
                held.push_back(driver.submit(&single));
                waiting.push_back(driver.submit(&pair));
            });
        });
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

criterion_group!(engine, uncontended, decisions, whole_requests, matcher, snapshot);
criterion_main!(engine);
