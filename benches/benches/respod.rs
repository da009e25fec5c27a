//! respod as its users see it: over HTTP on the loopback, with the durable store and without.
//!
//! Each client asks for a resource (`POST /lock`), is granted it, and gives it back (`DELETE`), over and
//! over. Clients and daemon share the machine.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that goes wrong must stop")]

use std::fmt::Write;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use tests::Daemon;
use tokio::runtime::Builder;

const CLIENTS: [u64; 3] = [1, 16, 64];

fn inventory() -> String {
    let mut text = "pool:\n  name: bench\n  resources:\n".to_owned();
    for number in 0..100 {
        writeln!(text, "    r{number}: {{location: office1}}").expect("a string takes it");
    }
    text
}

/// Does `cycles` cycles, shared out among the clients.
async fn play(daemon: &Daemon, clients: u64, cycles: u64) -> Duration {
    let begun = Instant::now();
    let play = async |client: u64| {
        let query = format!("resource=r{client}");
        for _ in 0..cycles / clients + u64::from(client < cycles % clients) {
            let mut stream = daemon.lock(&query).await;
            let lease = stream.expect_granted().await;
            daemon.release(lease.id, &lease.token).await.expect_status(204);
        }
    };
    join_all((0..clients).map(play)).await;
    begun.elapsed()
}

fn cycles(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("respod: cycles");
    group.throughput(Throughput::Elements(1));
    for clients in CLIENTS {
        for store in ["memory", "sqlite"] {
            let settings = Daemon::with(&inventory()).flag("--store", store);
            let settings = settings.flag("--log-level", "warn");
            let daemon = runtime.block_on(settings.start());
            group.bench_function(BenchmarkId::new(store, clients), |bencher| {
                bencher.iter_custom(|cycles| runtime.block_on(play(&daemon, clients, cycles)));
            });
        }
    }
    group.finish();
}

criterion_group!(respod, cycles);
criterion_main!(respod);
