//! What durability costs: the broker over the SQLite store, against the memory store.
//!
//! Each client acquires a resource and releases it, over and over; both wait until they are durable.
//! `cycles` measures how many such cycles a second all clients do together, `acquire` how long one client
//! waits for one grant.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that goes wrong must stop")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::pool;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use respo::broker::Broker;
use respo::{InventoryStore, Label, MemoryStore, Name, Request, Selector};
use respo_sqlite::{SqliteStore, StoreOptions};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

const CLIENTS: [u64; 3] = [1, 16, 64];

/// What all clients have done together.
struct Done {
    took: Duration,
    /// The times between asking and the grant, added up.
    waited: Duration,
}

/// Does `cycles` cycles, shared out among the clients.
async fn play(broker: &Broker, clients: u64, cycles: u64) -> Done {
    let begun = Instant::now();
    let tasks = (0..clients).map(|client| {
        let session = broker.session();
        let name = Name::new(format!("r{client}")).expect("a valid name");
        let share = cycles / clients + u64::from(client < cycles % clients);
        tokio::spawn(async move {
            let mut waited = Duration::ZERO;
            for _ in 0..share {
                let request = Request::one(Selector::named(name.clone()));
                let asked = Instant::now();
                let lease = session.acquire(request).await.expect("its resource is free");
                waited += asked.elapsed();
                lease.release().await.expect("the store works");
            }
            waited
        })
    });
    let waited = join_all(tasks).await.into_iter().map(|task| task.expect("no client panics"));
    let waited = waited.sum();
    Done { took: begun.elapsed(), waited }
}

fn measure(criterion: &mut Criterion, what: &str, figure: fn(Done) -> Duration, rate: bool) {
    let runtime = Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group(what);
    if rate {
        group.throughput(Throughput::Elements(1));
    }
    for clients in CLIENTS {
        for kind in ["memory", "sqlite"] {
            let directory = TempDir::new().expect("a temporary directory");
            let broker = start(&runtime, kind, &directory);
            group.bench_function(BenchmarkId::new(kind, clients), |bencher| {
                bencher
                    .iter_custom(|cycles| figure(runtime.block_on(play(&broker, clients, cycles))));
            });
            runtime.block_on(broker.stop());
        }
    }
    group.finish();
}

fn start(runtime: &Runtime, kind: &str, directory: &TempDir) -> Broker {
    let store: Arc<dyn InventoryStore> = match kind {
        "memory" => Arc::new(MemoryStore::default()),
        _ => {
            let store = SqliteStore::open(directory.path(), StoreOptions::default());
            Arc::new(store.expect("the directory is new"))
        }
    };
    let name = Label::new("bench").expect("a valid name");
    let starting = Broker::builder(name, pool(100)).store(store).start();
    runtime.block_on(starting).expect("the store works")
}

fn cycles(criterion: &mut Criterion) {
    measure(criterion, "store: cycles", |done| done.took, true);
}

fn acquire(criterion: &mut Criterion) {
    measure(criterion, "store: acquire", |done| done.waited, false);
}

criterion_group!(store, cycles, acquire);
criterion_main!(store);
