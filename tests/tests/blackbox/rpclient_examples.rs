//! The examples of the Rust client, as its documentation shows them, against a real respod.

// Each is a program, of which only the function `run` is called here: `main` names respod's usual address.
#![allow(dead_code)]

#[path = "../../../rpclient/examples/several_at_once.rs"]
mod several_at_once;
#[path = "../../../rpclient/examples/token_lease.rs"]
mod token_lease;
#[path = "../../../rpclient/examples/wait_in_line.rs"]
mod wait_in_line;

use std::error::Error;

use respo::wire::Happening;
use respo::wire::socket::ServerMessage;
use serde_json::json;
use tests::Daemon;
use tests::inventories::{ONE_BENCH, PHONES};

/// Runs an example while somebody else has the bench: it waits, is granted it when that one leaves, and gives
/// it back.
async fn waits_its_turn(daemon: &Daemon, run: impl Future<Output = Result<(), Box<dyn Error>>>) {
    let other = daemon.hold("resource=bench-1").await;
    let leave = async {
        daemon.expect_waiting(1).await;
        other.close();
    };
    let (end, ()) = tokio::join!(run, leave);
    end.unwrap();
    daemon.expect_idle().await;
    // The other's was 1, and the example's 2.
    let next = daemon.web_socket().await.hold("h", "bench-1").await;
    assert_eq!(next.fence.0, 3);
}

#[tokio::test]
async fn the_example_that_waits_in_line_is_granted_the_bench_and_gives_it_back() {
    let daemon = Daemon::start(ONE_BENCH).await;
    waits_its_turn(&daemon, wait_in_line::run(&daemon.url())).await;
}

#[tokio::test]
async fn the_example_of_a_token_lease_is_granted_the_bench_and_gives_it_back() {
    let daemon = Daemon::start(ONE_BENCH).await;
    waits_its_turn(&daemon, token_lease::run(&daemon.url())).await;
}

#[tokio::test]
async fn the_example_of_several_resources_is_granted_them_together() {
    let daemon = Daemon::start(PHONES).await;
    let mut watcher = daemon.web_socket().await;
    watcher.say(json!({"type": "subscribe", "ref": "s"})).await;
    watcher.next_about("s").await;
    several_at_once::run(&daemon.url()).await.unwrap();
    daemon.expect_idle().await;
    let granted = loop {
        let said = watcher.next_about("s").await;
        if let ServerMessage::Happened { happened, .. } = said
            && let Happening::Granted { resources, .. } = happened.what
        {
            break resources;
        }
    };
    let counts: Vec<usize> = granted.iter().map(Vec::len).collect();
    assert_eq!(counts, [1, 1, 2], "{granted:?}");
}
