//! A respod at work, written down call by call: it is killed in the midst of a commit, started again, and
//! stopped in the end.

use std::net::SocketAddr;

use futures_util::future::join_all;
use respo::wire::GrantedLease;
use respo::{Fence, Label, RequestId};
use tests::strace::Recorder;
use tests::{Daemon, LockStream, within};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::steps::{CALLS, Step, steps};

const POOLS: [&str; 2] = ["boards", "phones"];

/// By its 60th synchronization of the log the script has long been played, and what is going on is the
/// crowd that comes after it.
const KILLED_AT: &str = "inject=fdatasync:signal=SIGKILL:when=60";

/// How many come, at most.
const CROWD: usize = 200;

/// How many large inventories make the log so long that SQLite moves it to the database: 1000 pages of
/// 4096 bytes, and each of these is written twice.
const LARGE_INVENTORIES: usize = 22;
const LARGE: usize = 100_000;

/// What was recorded.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) steps: Vec<Step>,
    /// How many of them came before the kill.
    pub(crate) killed_after: usize,
    /// What clients were granted, as they saw it.
    pub(crate) granted: Vec<(Label, RequestId, Fence)>,
}

/// Plays and records.
pub(crate) async fn record() -> Recording {
    let mut granted = Vec::new();
    let recorder = Recorder::default();
    let settings = Daemon::with(&inventory(0));
    let daemon = settings.under(recorder.prefix(&CALLS, &[KILLED_AT])).start().await;
    let directory = daemon.settings().data_dir().canonicalize().expect("it was made");
    let pid = daemon.process.pid();
    let held = first_life(&daemon, &mut granted).await;
    crowd_until_killed(daemon.address()).await;
    let mut all = steps(&recorder.trace(pid).await, &directory);
    let killed_after = all.len();
    let settings = daemon.kill().await;

    let recorder = Recorder::default();
    let daemon = settings.under(recorder.prefix(&CALLS, &[])).start().await;
    let pid = daemon.process.pid();
    second_life(&daemon, held, &mut granted).await;
    let settings = daemon.stop().await;
    all.extend(steps(&recorder.trace(pid).await, &directory));
    drop(settings);
    Recording { steps: all, killed_after, granted }
}

/// Both pools; one of the boards carries this much text, and one is what the crowd wants.
fn inventory(text: usize) -> String {
    let text = "x".repeat(text);
    format!(
        "pools:
  - name: boards
    resources:
      board-1: {{}}
      board-2: {{entities: {{dut: {{properties: {{text: \"{text}\"}}}}}}}}
      board-3: {{location: shelf}}
      board-4: {{}}
  - name: phones
    resources:
      phone-1: {{}}
      phone-2: {{}}
"
    )
}

/// What outlives the first life: where it is, and the token.
type Held = Vec<(&'static str, String)>;

async fn first_life(daemon: &Daemon, granted: &mut Vec<(Label, RequestId, Fence)>) -> Held {
    granted.extend(rounds(daemon, 4).await);
    let mut held = Held::new();
    let mut streams = Vec::new();
    for pool in POOLS {
        let mut stream = daemon.lock(&format!("pool={pool}&name=long&linger=60s")).await;
        let lease = stream.expect_granted().await;
        let resource = lease.resource.as_ref().unwrap().name.clone();
        held.push((pool, lease.token.clone()));
        granted.push(seen(&lease));
        let query = format!("pool={pool}&name=patient&linger=60s&resource={resource}");
        let mut waiting = daemon.lock(&query).await;
        held.push((pool, waiting.expect_queued().await.token.expect("its token")));
        streams.extend([stream, waiting]);
    }
    daemon.post_inventory("/inventory", &inventory(10)).await.expect_status(200);
    held
}

/// Four clients in each pool, which has not as many resources for them: each takes a lease as often as is said, and gives it back
/// by its token or by leaving.
async fn rounds(daemon: &Daemon, count: usize) -> Vec<(Label, RequestId, Fence)> {
    let clients = POOLS.iter().flat_map(|pool| (0..4).map(move |client| (pool, client)));
    let play = async |(pool, client): (&&str, usize)| {
        let mut granted = Vec::new();
        for round in 0..count {
            let mut stream = daemon.lock(&format!("pool={pool}&name=ci-{client}")).await;
            let lease = stream.expect_granted().await;
            granted.push(seen(&lease));
            if (client + round) % 2 == 0 {
                let target = format!("/v1/leases/{}?pool={pool}", lease.id);
                let bearer = format!("Bearer {}", lease.token);
                let headers = [("Authorization", bearer.as_str())];
                daemon.send("DELETE", &target, &headers).await.expect_status(204);
            }
            stream.close();
        }
        granted
    };
    join_all(clients.map(play)).await.concat()
}

fn seen(lease: &GrantedLease) -> (Label, RequestId, Fence) {
    (lease.pool.clone(), lease.id, lease.fence)
}

/// Clients come, one after the other, until respod is no more.
async fn crowd_until_killed(address: SocketAddr) {
    let mut crowd = Vec::new();
    let mut come = async || {
        let mut stream = TcpStream::connect(address).await?;
        let query = "pool=boards&name=crowd&resource=board-4";
        let head = format!("POST /lock?{query} HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        // An answer, or the end of everything.
        stream.readable().await?;
        crowd.push(stream);
        Ok::<(), std::io::Error>(())
    };
    for _ in 0..CROWD {
        if within("an answer for the crowd", come()).await.is_err() {
            return;
        }
    }
    panic!("there were no 60 synchronizations for {CROWD} clients");
}

async fn second_life(daemon: &Daemon, held: Held, granted: &mut Vec<(Label, RequestId, Fence)>) {
    // What anybody is shown is true from now on: also what was killed before it was synchronized.
    daemon.overview().await;
    let mut streams: Vec<LockStream> = Vec::new();
    for (pool, token) in &held {
        streams.push(daemon.lock(&format!("resume={token}&pool={pool}")).await);
    }
    // Whoever holds gives it up, and whoever was waiting for that gets it.
    for pair in streams.chunks_mut(2) {
        let [holder, waiter] = pair else { panic!("a holder and a waiter for each pool") };
        let lease = holder.expect_granted().await;
        let target = format!("/v1/leases/{}?pool={}", lease.id, lease.pool.as_str());
        let bearer = format!("Bearer {}", lease.token);
        let release = daemon.send("DELETE", &target, &[("Authorization", &bearer)]).await;
        release.expect_status(204);
        granted.push(seen(&lease));
        granted.push(seen(&waiter.expect_granted().await));
    }
    granted.extend(rounds(daemon, 1).await);
    for number in 0..LARGE_INVENTORIES {
        let yaml = inventory(LARGE + number);
        daemon.post_inventory("/inventory", &yaml).await.expect_status(200);
    }
    granted.extend(rounds(daemon, 3).await);
}
