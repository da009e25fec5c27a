//! The broker over a memory store: what the actor, the channels and the publishing cost.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that goes wrong must stop")]

use benches::pool;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use respo::broker::{Broker, Session};
use respo::{Label, Name, Request, Selector};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

async fn start(resources: usize) -> Broker {
    let pool_name = Label::new("bench").expect("a valid name");
    Broker::builder(pool_name, pool(resources)).start().await.expect("memory never fails")
}

async fn cycle(n: usize, session: &Session) {
    let name = Name::new(format!("r{n}")).expect("a valid name");
    drop(session.acquire(Request::one(Selector::named(name))).await.expect("its resource is free"));
}

fn cycles(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("broker: acquire and release");
    for clients in [1usize, 16, 64] {
        let broker = runtime.block_on(start(100));
        let sessions: Vec<Session> = (0..clients).map(|_| broker.session()).collect();
        group.throughput(Throughput::Elements(clients as u64));
        group.bench_function(BenchmarkId::new("clients", clients), |bencher| {
            bencher.to_async(&runtime).iter(|| async {
                join_all(sessions.iter().enumerate().map(|(n, session)| cycle(n, session))).await
            });
        });
    }
    group.finish();
}

/// All want the one resource that there is: each has it once.
fn handovers(criterion: &mut Criterion) {
    let runtime = runtime();
    let mut group = criterion.benchmark_group("broker: one resource for all");
    for clients in [16usize, 64] {
        let broker = runtime.block_on(start(1));
        let sessions: Vec<Session> = (0..clients).map(|_| broker.session()).collect();
        group.throughput(Throughput::Elements(clients as u64));
        group.bench_function(BenchmarkId::new("clients", clients), |bencher| {
            bencher.to_async(&runtime).iter(|| async {
                join_all(sessions.iter().map(|session| cycle(0, session))).await
            });
        });
    }
    group.finish();
}

criterion_group!(broker, cycles, handovers);
criterion_main!(broker);
