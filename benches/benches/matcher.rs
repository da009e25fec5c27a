//! Finding the resources that match, for each kind of selector.
#![allow(missing_docs, reason = "a benchmark")]

use std::hint::black_box;

use benches::lab::{SELECTORS, lab, selector};
use benches::{pool, tagged};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use respo::{AttributeMatcher, Matcher};

fn by_tag(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("candidates");
    for resources in [100, 10_000, 100_000] {
        let inventory = pool(resources);
        group.bench_function(BenchmarkId::new("by tag", resources), |bencher| {
            bencher.iter(|| AttributeMatcher.candidates(black_box(&tagged(7)), &inventory));
        });
    }
    group.finish();
}

fn by_kind(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("candidates");
    for resources in [100, 1_000, 10_000] {
        let inventory = lab(resources);
        for (name, query) in SELECTORS {
            let selector = selector(query);
            let found = AttributeMatcher.candidates(&selector, &inventory);
            assert!(!found.is_empty(), "{name} of {resources}: nothing matches");
            group.bench_function(BenchmarkId::new(name, resources), |bencher| {
                bencher.iter(|| AttributeMatcher.candidates(black_box(&selector), &inventory));
            });
        }
    }
    group.finish();
}

/// What is told about a selector that nothing matches.
fn unmatched(criterion: &mut Criterion) {
    let inventory = lab(10_000);
    let selector = selector("attributes=[board,jtag]&entities=[[linux],[riscv]]&location=office3");
    criterion.bench_function("unmatched parts of a selector", |bencher| {
        bencher.iter(|| AttributeMatcher.unmatched(black_box(&selector), &inventory));
    });
}

criterion_group!(matcher, by_tag, by_kind, unmatched);
criterion_main!(matcher);
