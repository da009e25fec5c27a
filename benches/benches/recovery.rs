//! Taking up what a store has: 100,000 resources, 10,000 leases and 10,000 waiting requests, and less.
//!
//! `cargo run --release -p load -- start` measures the same with a real respod, up to its first answer.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that goes wrong must stop")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::stored::{POOL, fill};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use respo::broker::Broker;
use respo::{Inventory, Label};
use respo_sqlite::{SqliteStore, StoreOptions};
use tempfile::TempDir;
use tokio::runtime::Builder;

/// Opens the store and starts a broker on it; how long it took. Stopping does not count.
async fn start(directory: &Path) -> Duration {
    let begun = Instant::now();
    let store = SqliteStore::open(directory, StoreOptions::default()).expect("the store is sound");
    let name = Label::new(POOL).expect("a valid name");
    let starting = Broker::builder(name, Inventory::default()).store(Arc::new(store)).start();
    let broker = starting.await.expect("the store works");
    let took = begun.elapsed();
    broker.stop().await;
    took
}

fn recovery(criterion: &mut Criterion) {
    let runtime = Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("recovery");
    group.sample_size(10);
    for resources in [1_000, 10_000, 100_000] {
        let directory = TempDir::new().expect("a temporary directory");
        let held = resources / 10;
        runtime.block_on(fill(directory.path(), resources, held, held));
        group.bench_function(BenchmarkId::new("resources", resources), |bencher| {
            bencher.iter_custom(|times| {
                (0..times).map(|_| runtime.block_on(start(directory.path()))).sum()
            });
        });
    }
    group.finish();
}

criterion_group!(benches, recovery);
criterion_main!(benches);
