//! Clients that are there while a disk fails, and what they must see of that.

use respo::Timestamp;
use respo::wire::{Event, GrantedLease};
use tests::daemon::Daemon;
use tests::settings::Settings;
use tests::{LockStream, eventually};

const BENCHES: &str = "
pool:
  name: lab
  resources:
    bench-1: {}
    bench-2: {}
    bench-3: {}
    bench-4: {}
";

/// A respod for them: four benches, and signs of life that come often.
pub(crate) fn settings() -> Settings {
    Daemon::with(BENCHES).flag("--heartbeat", "200ms")
}

/// A client with what it holds.
#[derive(Debug)]
pub(crate) struct Holder {
    pub(crate) stream: LockStream,
    pub(crate) lease: GrantedLease,
}

impl Holder {
    /// Waits until the request is granted.
    pub(crate) async fn of(mut stream: LockStream) -> Self {
        let lease = stream.expect_granted().await;
        Self { stream, lease }
    }

    /// Gives it back by its token.
    pub(crate) async fn release(mut self, daemon: &Daemon) {
        daemon.release(self.lease.id, &self.lease.token).await.expect_status(204);
        assert_eq!(self.stream.expect_ended().await.code(), "released");
    }
}

/// A client that waits.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) stream: LockStream,
    pub(crate) token: String,
}

impl Waiter {
    async fn arrive(daemon: &Daemon, query: &str) -> Self {
        let mut stream = daemon.lock(query).await;
        let token = stream.expect_queued().await.token.expect("its token");
        Self { stream, token }
    }
}

/// Clients with something to lose.
#[derive(Debug)]
pub(crate) struct Clients {
    /// Holds bench-1 and stays.
    pub(crate) holder: Holder,
    /// Waits for bench-1.
    pub(crate) patient: Waiter,
    /// Waits for bench-2, which `leaver` holds.
    pub(crate) next: Waiter,
    /// Holds bench-2 and goes while the disk fails.
    leaver: Option<Holder>,
    /// Holds bench-3, and tries to give it back while the disk fails.
    pub(crate) releaser: Holder,
}

impl Clients {
    pub(crate) async fn arrive(daemon: &Daemon) -> Self {
        let holder = async |number: u32| {
            Holder::of(daemon.lock(&format!("name=holder&resource=bench-{number}")).await).await
        };
        let (first, second, third) = (holder(1).await, holder(2).await, holder(3).await);
        Self {
            holder: first,
            patient: Waiter::arrive(daemon, "name=patient&resource=bench-1").await,
            next: Waiter::arrive(daemon, "name=next&resource=bench-2").await,
            leaver: Some(second),
            releaser: third,
        }
    }

    /// Everything that clients may do while nothing can be written: who asks for something is told that it
    /// cannot be had now, and who is there already sees only that respod lives.
    pub(crate) async fn go_through(&mut self, daemon: &Daemon) {
        for _ in 0..3 {
            let refused = daemon.refused("name=new&resource=bench-4").await;
            refused.expect_problem(503, "store_unavailable");
            let retry =
                refused.header("retry-after").and_then(|seconds| seconds.parse::<u64>().ok());
            assert!(retry.is_some_and(|seconds| seconds > 0), "{refused:?}");
        }
        let lease = &self.releaser.lease;
        let release = daemon.release(lease.id, &lease.token).await;
        release.expect_problem(503, "store_unavailable");
        let more = format!("{BENCHES}    bench-5: {{}}\n");
        let replaced = daemon.post_inventory("/inventory", &more).await;
        replaced.expect_problem(503, "store_unavailable");
        self.leaver.take().expect("it has not left yet").stream.close();

        daemon.get("/healthz").await.expect_status(200);
        let overview = daemon.overview().await;
        let resources = &overview.pools[0].resources;
        let names: Vec<&str> = resources.iter().map(|resource| resource.name.as_str()).collect();
        assert_eq!(names, ["bench-1", "bench-2", "bench-3", "bench-4"]);
        let held =
            |index: usize| resources[index].lease.as_ref().map(|lease| (lease.id, lease.fence));
        let of = |holder: &Holder| Some((holder.lease.id, holder.lease.fence));
        assert_eq!((held(0), held(2)), (of(&self.holder), of(&self.releaser)));
        assert_eq!(held(3), None, "a grant that could not be written shows");

        for stream in [&mut self.holder.stream, &mut self.releaser.stream] {
            expect_only_life(stream, overview.time).await;
        }
        for waiter in [&mut self.patient, &mut self.next] {
            expect_only_life(&mut waiter.stream, overview.time).await;
        }
    }
}

/// Reads up to a heartbeat from after this time: nothing but heartbeats and places may come before.
async fn expect_only_life(stream: &mut LockStream, time: Timestamp) {
    loop {
        match stream.next_event().await {
            Some(Event::Heartbeat { time: now }) if now > time => return,
            Some(Event::Heartbeat { .. } | Event::Queued { .. }) => {}
            other => panic!("told while nothing could be written: {other:?}"),
        }
    }
}

/// A client that asks again until it is not told that nothing can be written.
pub(crate) async fn ask_until_served(daemon: &Daemon, query: &str) -> Holder {
    let stream = eventually("a new client is served", async || {
        let asked = LockStream::open(daemon.address(), query).await;
        asked.map_err(|reply| reply.expect_problem(503, "store_unavailable").detail)
    });
    Holder::of(stream.await).await
}

/// `respod db check` finds nothing wrong, and exactly these leases are there.
pub(crate) async fn expect_held(daemon: &Daemon, leases: &[&GrantedLease]) {
    let told: Vec<_> = leases
        .iter()
        .map(|lease| (lease.resource.as_ref().unwrap().name.clone(), lease.id, lease.fence))
        .collect();
    let pool = daemon.pool().await;
    let shown: Vec<_> = pool
        .resources
        .iter()
        .filter_map(|it| it.lease.as_ref().map(|lease| (it.name.clone(), lease.id, lease.fence)))
        .collect();
    assert_eq!(shown, told);
    assert_eq!(pool.waiting, []);
    let check = daemon.settings().tool(&["db", "check"]).finish().await.expect_code(0);
    let counts = format!("good: 1 pool, {} leases, 0 waiting requests", leases.len());
    assert!(check.stdout.contains(&counts), "{check:?}");
}
