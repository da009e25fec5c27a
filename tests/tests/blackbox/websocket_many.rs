//! Ten thousand WebSockets on one respod, half of them holding and half waiting: what they cost, and that
//! nobody is forgotten.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tests::{Daemon, WebSocket, open_files, within};
use tokio::sync::{Semaphore, mpsc, watch};

const PAIRS: usize = 5_000;
const SOCKETS: usize = 2 * PAIRS;
/// How many connect at a time: fewer than the system lets wait to be accepted.
const AT_A_TIME: usize = 200;

/// What the clients are to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Listen,
    HoldersAsk,
    WaitersAsk,
    HoldersRelease,
    Leave,
}

/// One client: it does what it is called to do, and passes on what it is told.
struct Client {
    is_holder: bool,
    /// What it asks for. A holder and a waiter share each.
    key: String,
    calls: watch::Receiver<Call>,
    heard: mpsc::UnboundedSender<String>,
    connecting: Arc<Semaphore>,
}

impl Client {
    async fn run(mut self, address: SocketAddr) {
        let turn = self.connecting.acquire().await.expect("a turn");
        let mut socket = WebSocket::open(address).await;
        drop(turn);
        let mut lease = Value::Null;
        loop {
            tokio::select! {
                said = socket.next_json_at_last() => {
                    let event = said["event"].as_str().expect("an event");
                    if event == "granted" {
                        lease = said["lease"]["id"].clone();
                    }
                    // The place is told more than once, the token with the first one only.
                    let is_again = event == "queued" && said["request"].get("token").is_none();
                    let event = if is_again { "queued again" } else { event };
                    self.heard.send(event.to_owned()).expect("the test listens");
                }
                called = self.calls.changed() => {
                    called.expect("the test goes on");
                    let call = *self.calls.borrow_and_update();
                    match (call, self.is_holder) {
                        (Call::HoldersAsk, true) | (Call::WaitersAsk, false) => {
                            let request = json!({"requirements": [{"keys": [self.key]}]});
                            socket.request("r", request).await;
                        }
                        (Call::HoldersRelease, true) => {
                            socket.say(json!({"type": "release", "ref": "x", "id": lease})).await;
                        }
                        (Call::Leave, _) => return,
                        _ => {}
                    }
                }
            }
        }
    }
}

/// What the clients have been told, and how often.
struct Heard {
    events: mpsc::UnboundedReceiver<String>,
    counts: BTreeMap<String, usize>,
}

impl Heard {
    /// Waits until the clients have been told of so many such events in all.
    async fn expect(&mut self, event: &str, count: usize) {
        while self.counts.get(event).copied().unwrap_or_default() < count {
            let what = format!("{count} times {event}; so far {:?}", self.counts);
            let heard = within(&what, self.events.recv());
            *self.counts.entry(heard.await.expect("a client")).or_default() += 1;
        }
    }
}

/// What the process has in memory, in bytes.
fn resident(daemon: &Daemon) -> usize {
    let path = format!("/proc/{}/status", daemon.process.pid());
    let status = std::fs::read_to_string(path).expect("the status of the process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kibibytes.and_then(|number| number.trim().parse::<usize>().ok()).expect("a number") * 1024
}

#[tokio::test]
async fn ten_thousand_websockets_are_held_and_all_that_wait_are_granted_in_the_end() {
    open_files(SOCKETS as u64 + 500);
    let ephemeral = "pool: {name: lab, ephemeral: true, resources: {}}";
    let settings = Daemon::with(ephemeral).flag("--max-connections", "10100");
    let daemon = settings.flag("--log-level", "warn").start().await;
    // The first request makes the daemon do once what it does once.
    daemon.web_socket().await.close().await;
    let before = resident(&daemon);

    let (calls, called) = watch::channel(Call::Listen);
    let (heard, events) = mpsc::unbounded_channel();
    let connecting = Arc::new(Semaphore::new(AT_A_TIME));
    let clients: Vec<_> = (0..SOCKETS)
        .map(|number| {
            let client = Client {
                is_holder: number % 2 == 0,
                key: format!("key-{}", number / 2),
                calls: called.clone(),
                heard: heard.clone(),
                connecting: Arc::clone(&connecting),
            };
            tokio::spawn(client.run(daemon.address()))
        })
        .collect();
    let mut heard = Heard { events, counts: BTreeMap::new() };
    heard.expect("hello", SOCKETS).await;
    let idle = resident(&daemon);

    calls.send_replace(Call::HoldersAsk);
    heard.expect("granted", PAIRS).await;
    calls.send_replace(Call::WaitersAsk);
    heard.expect("queued", PAIRS).await;
    let busy = resident(&daemon);
    let each = |after: usize| after.saturating_sub(before) / SOCKETS;
    println!("memory of respod for each of {SOCKETS} WebSockets, in bytes:");
    println!(
        "idle: {}; with a lease or a waiting request, and all of its pool: {}",
        each(idle),
        each(busy)
    );
    assert!(each(idle) < 32 * 1024, "{} bytes for each idle connection", each(idle));

    calls.send_replace(Call::HoldersRelease);
    heard.expect("granted", 2 * PAIRS).await;
    heard.expect("done", PAIRS).await;
    heard.expect("ended", PAIRS).await;
    assert_eq!(heard.counts.get("error"), None);
    calls.send_replace(Call::Leave);
    for client in clients {
        client.await.expect("no client has failed");
    }
    daemon.expect_idle().await;
}
