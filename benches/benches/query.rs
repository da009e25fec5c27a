//! Reading requests.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that goes wrong must stop")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use respo::LockQuery;

fn parse(criterion: &mut Criterion) {
    let short = "resource=bench-1";
    let long = "location=office1&attributes=[can,lin]&entities=[[jtag],[arm64,linux]]\
                &priority=5&description=nightly%20update&name=ci-88&wait=10m&max_duration=1h";
    for (name, query) in [("short", short), ("long", long)] {
        criterion.bench_function(&format!("parse a {name} query"), |bencher| {
            bencher.iter(|| LockQuery::parse(black_box(query)));
        });
    }
}

criterion_group!(query, parse);
criterion_main!(query);
