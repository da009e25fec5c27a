//! The broker over a memory store: what the actor, the channels and the publishing cost.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that goes wrong must stop")]

use benches::pool;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::join_all;
use respo::broker::{Broker, Session};
use respo::{Label, Name, Request, Selector};
use tokio::runtime::Builder;

async fn cycle(n: usize, session: &Session) {
    let name = Name::new(format!("r{n}")).expect("a valid name");
    drop(session.acquire(Request::one(Selector::named(name))).await.expect("its resource is free"));
}

fn cycles(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("broker: acquire and release");
    for clients in [1usize, 16, 64] {
        let broker = runtime.block_on(async {
            let pool_name = Label::new("bench").expect("a valid name");
            Broker::builder(pool_name, pool(100)).start().await.expect("memory never fails")
        });
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

criterion_group!(broker, cycles);
criterion_main!(broker);
