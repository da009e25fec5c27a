//! The engine alone: no clock, no store, no socket.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that goes wrong must stop")]

use std::collections::VecDeque;
use std::sync::Arc;

use benches::driver::{Contended, Driver, named};
use benches::lab::{lab, request};
use benches::{TAGS, pool, tagged};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use respo::{Name, Request, Requirement, Selector};

/// How many resources, or waiting requests.
const SIZES: [usize; 4] = [100, 1_000, 10_000, 100_000];

fn uncontended(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("acquire and release");
    group.throughput(Throughput::Elements(1));
    for resources in SIZES {
        let mut driver = Driver::new(pool(resources));
        let requests = [
            ("by name", named(7)),
            ("by tag", Arc::new(Request::one(tagged(7)))),
            ("any", Arc::new(Request::one(Selector::any()))),
        ];
        for (name, request) in requests {
            group.bench_function(BenchmarkId::new(name, resources), |bencher| {
                bencher.iter(|| driver.cycle(&request));
            });
        }
    }
    group.finish();
}

/// Every resource is taken and so many wait with a hundred shapes: each release grants to the first of them,
/// who is replaced by a new one. Each round is two decisions.
fn decisions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decisions");
    group.throughput(Throughput::Elements(2));
    for resources in SIZES {
        for waiters in SIZES {
            let shapes = (0..TAGS).map(|n| Arc::new(Request::one(tagged(n)))).collect();
            let mut contended = Contended::new(pool(resources), shapes, waiters);
            let id = BenchmarkId::new(format!("{resources} resources"), waiters);
            group.bench_function(id, |bencher| bencher.iter(|| contended.round()));
        }
    }
    group.finish();
}

/// The same with 10,000 resources and 10,000 who wait, with few shapes or many: each wants one of some names.
fn shapes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decisions by shapes");
    group.throughput(Throughput::Elements(2));
    let size = 10_000;
    for count in [100, 1_000, 10_000] {
        let shape = |first: usize| {
            let names = (first..size).step_by(count);
            let names = names.map(|n| Name::new(format!("r{n}")).expect("a valid name"));
            Arc::new(Request::one(Selector { names: names.collect(), ..Selector::any() }))
        };
        let mut contended = Contended::new(pool(size), (0..count).map(shape).collect(), size);
        group.bench_function(BenchmarkId::new("shapes", count), |bencher| {
            bencher.iter(|| contended.round());
        });
    }
    group.finish();
}

/// Requests for several things: what an assignment costs.
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
            let mut driver = Driver::new(pool(resources));
            group.bench_function(BenchmarkId::new(name, resources), |bencher| {
                bencher.iter(|| driver.cycle(&request));
            });
        }
    }
    // Of one stack, and of two.
    let cases = [
        ("2 of one stack", "requirement=%2Brelay%20@a&requirement=%2Bboard%20@a"),
        (
            "4 of two stacks",
            "requirement=%2Brelay%20@a&requirement=%2Bboard%20@a&requirement=%2Brelay%20@b&\
             requirement=%2Bboard%20@b",
        ),
    ];
    for (name, query) in cases {
        for resources in [100, 1_000, 10_000] {
            let (mut driver, request) = (Driver::new(lab(resources)), request(query));
            group.bench_function(BenchmarkId::new(name, resources), |bencher| {
                bencher.iter(|| driver.cycle(&request));
            });
        }
    }
    group.finish();
}

/// Everything of tag 0 is held by single requests; `waiters` want one of it and one of tag 1, which is held
/// back for them as far as it goes. Each release grants to the first.
fn waiting_pairs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("whole requests");
    let pair = [Requirement::one(tagged(0)), Requirement::one(tagged(1))].to_vec();
    let pair = Arc::new(Request::new(pair).expect("the requirements are valid"));
    let single = Arc::new(Request::one(tagged(0)));
    group.throughput(Throughput::Elements(2));
    for waiters in [10, 100, 1_000, 10_000] {
        let mut driver = Driver::new(pool(10_000));
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

fn snapshot(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("snapshot");
    for (resources, waiters) in [(10, 100), (1_000, 1_000), (10_000, 10_000)] {
        let mut driver = Driver::new(pool(resources));
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

criterion_group!(engine, uncontended, decisions, shapes, whole_requests, waiting_pairs, snapshot);
criterion_main!(engine);
