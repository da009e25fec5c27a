//! `kill -9` of real clients.

use nix::sys::signal::Signal;
use respo::wire::ResourceState;
use tests::inventories::ONE_BENCH;
use tests::{Daemon, Program, Running};

/// `curl` that asks for the bench, and `rpclient` that does.
fn clients(daemon: &Daemon) -> [Running; 2] {
    let url = daemon.lock_url("resource=bench-1");
    let curl = Program::curl().args(["--request", "POST", &url]).start();
    let rpclient = Program::lock(daemon, &["--resource", "bench-1"], "echo held; cat");
    [curl, rpclient.open_input().start()]
}

#[tokio::test]
async fn a_killed_holder_frees_its_bench() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for which in 0..2 {
        let [curl, rpclient] = clients(&daemon);
        daemon.expect_waiting(1).await;
        // Whichever came first holds; the other one is of no interest here.
        let (victim, other) = if which == 0 { (curl, rpclient) } else { (rpclient, curl) };
        other.signal(Signal::SIGKILL);
        daemon.expect_waiting(0).await;
        daemon.expect_state("bench-1", ResourceState::Leased).await;
        let mut next = daemon.lock("").await;
        next.expect_queued().await;
        victim.signal(Signal::SIGKILL);
        next.expect_granted().await;
        next.close();
        daemon.expect_idle().await;
    }
}

#[tokio::test]
async fn a_killed_waiter_leaves_the_queue() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("").await;
    let waiters = clients(&daemon);
    daemon.expect_waiting(2).await;
    for (left, waiter) in [1, 0].into_iter().zip(&waiters) {
        waiter.signal(Signal::SIGKILL);
        daemon.expect_waiting(left).await;
    }
    assert_eq!(daemon.resource("bench-1").await.unwrap().state, ResourceState::Leased);
    holder.close();
    daemon.expect_idle().await;
}

#[tokio::test]
async fn an_interrupted_curl_frees_its_bench() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let url = daemon.lock_url("");
        let curl = Program::curl().args(["--request", "POST", &url]).start();
        curl.expect_stdout(r#""event":"granted""#).await;
        curl.signal(signal);
        daemon.expect_idle().await;
    }
}
