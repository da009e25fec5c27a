//! `rpclient lock` over its WebSocket: a crash of respod under those who hold and wait, and a stopped rpclient.

use nix::sys::signal::Signal;
use respo::wire::ResourceState;
use tests::inventories::ONE_BENCH;
use tests::{Daemon, Program};

#[tokio::test]
async fn a_crash_while_one_holds_and_one_waits_changes_nothing_for_either() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = Program::lock(&daemon, &["bench-1", "--name", "holder"], "echo ready; cat")
        .open_input()
        .start();
    holder.expect_stdout("ready").await;
    let waiter = Program::lock(&daemon, &["bench-1", "--name", "waiter"], "echo ran").start();
    waiter.expect_stderr("waiting for bench-1, place 1 of 1: held by holder").await;
    let daemon = daemon.restart().await;
    holder.expect_stderr("bench-1 is still held").await;
    waiter.expect_stderr("the request has kept its place").await;
    holder.end_input();
    holder.finish().await.expect_code(0);
    waiter.finish().await.expect_code(0);
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_stopped_rpclient_loses_its_lease_to_the_next_and_ends_its_command_when_it_wakes() {
    let daemon = Daemon::with(ONE_BENCH).flag("--heartbeat", "2s").start().await;
    let stopped =
        Program::lock(&daemon, &["bench-1", "--name", "stopped"], "echo ready; exec sleep 600")
            .start();
    stopped.expect_stdout("ready").await;
    let next = Program::lock(&daemon, &["bench-1", "--name", "next"], "echo ready; cat");
    let mut next = next.open_input().start();
    next.expect_stderr("waiting").await;
    stopped.signal(Signal::SIGSTOP);
    next.expect_stdout("ready").await;
    let lease = daemon.expect_state("bench-1", ResourceState::Leased).await.lease.unwrap();
    assert_eq!(lease.holder.unwrap().as_str(), "next");
    stopped.signal(Signal::SIGCONT);
    let end = stopped.finish().await.expect_code(92);
    assert!(end.stderr.contains("the lease of bench-1 is lost"), "{}", end.stderr);
    // The next one has it until it is done.
    next.end_input();
    next.finish().await.expect_code(0);
    daemon.expect_idle().await;
}
