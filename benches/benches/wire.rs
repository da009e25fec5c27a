//! Writing what is told, and reading what is said.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that goes wrong must stop")]

use std::hint::black_box;

use benches::wire_samples::{
    REQUEST_MESSAGE, granted_line, granted_message, overview, queued_line, read_message,
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use serde::Serialize;

fn write(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(black_box(value)).expect("it can be written as JSON")
}

fn lines(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("write");
    let line = granted_line();
    group.bench_function("granted, a line", |bencher| bencher.iter(|| write(&line)));
    let message = granted_message();
    group.bench_function("granted, a message", |bencher| bencher.iter(|| write(&message)));
    let line = queued_line();
    group.bench_function("queued, a line", |bencher| bencher.iter(|| write(&line)));
    for resources in [100, 10_000] {
        let overview = overview(resources);
        group.throughput(Throughput::Bytes(write(&overview).len() as u64));
        group.bench_function(BenchmarkId::new("overview", resources), |bencher| {
            bencher.iter(|| write(&overview));
        });
    }
    group.finish();
}

fn messages(criterion: &mut Criterion) {
    criterion.bench_function("read a message", |bencher| {
        bencher.iter(|| read_message(black_box(REQUEST_MESSAGE)));
    });
}

criterion_group!(wire, lines, messages);
criterion_main!(wire);
