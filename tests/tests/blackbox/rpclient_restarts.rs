//! respod is killed, or stopped, under `rpclient lock`, and started again: whoever holds or waits goes on.

use nix::sys::signal::Signal;
use respo::wire::ResourceState;
use tests::inventories::ONE_BENCH;
use tests::{Daemon, Program, Running, Settings};

/// `rpclient lock bench-1`, holding while a command copies its input and then exits with 7.
async fn start_holding(daemon: &Daemon) -> Running {
    let options = ["--resource", "bench-1", "--name", "holder"];
    let lock = Program::lock(daemon, &options, "echo ready; cat; exit 7").open_input().start();
    lock.expect_stdout("ready\n").await;
    lock
}

/// `rpclient lock bench-1`, waiting.
async fn start_waiting(daemon: &Daemon, name: &str, waiting_then: usize) -> Running {
    let options = ["--resource", "bench-1", "--name", name];
    let lock = Program::lock(daemon, &options, "echo ran").start();
    daemon.expect_waiting(waiting_then).await;
    lock.expect_stderr("waiting").await;
    lock
}

/// Ends a daemon with SIGKILL, or in good order.
async fn end(daemon: Daemon, signal: Signal) -> Settings {
    match signal {
        Signal::SIGKILL => daemon.kill().await,
        _ => daemon.stop().await,
    }
}

#[tokio::test]
async fn the_command_goes_on_undisturbed() {
    for signal in [Signal::SIGKILL, Signal::SIGTERM] {
        let daemon = Daemon::start(ONE_BENCH).await;
        let mut lock = start_holding(&daemon).await;
        let before = daemon.resource("bench-1").await.unwrap().lease;
        let said_before = lock.stderr().lines().count();

        let settings = end(daemon, signal).await;
        lock.write("while respod is away\n").await;
        lock.expect_stdout("while respod is away\n").await;
        let daemon = settings.start().await;
        lock.expect_stderr("bench-1 is still held").await;
        let after = daemon.expect_state("bench-1", ResourceState::Leased).await.lease;
        assert_eq!(after, before);

        lock.end_input();
        let end = lock.finish().await.expect_code(7);
        assert_eq!(end.stdout, "ready\nwhile respod is away\n");
        assert_eq!(end.stderr.lines().count(), said_before + 1, "{}", end.stderr);
        daemon.expect_idle().await;
    }
}

#[tokio::test]
async fn it_goes_on_over_one_restart_after_the_other() {
    let mut daemon = Daemon::start(ONE_BENCH).await;
    let mut lock = start_holding(&daemon).await;
    let before = daemon.resource("bench-1").await.unwrap().lease;
    for round in 1..=3 {
        daemon = daemon.restart().await;
        let after = daemon.expect_state("bench-1", ResourceState::Leased).await.lease;
        assert_eq!(after, before, "round {round}");
    }
    lock.end_input();
    lock.finish().await.expect_code(7);
    daemon.expect_idle().await;
}

#[tokio::test]
async fn who_waits_keeps_its_place() {
    for signal in [Signal::SIGKILL, Signal::SIGTERM] {
        let daemon = Daemon::start(ONE_BENCH).await;
        let mut lock = start_holding(&daemon).await;
        let first = start_waiting(&daemon, "first", 1).await;
        let second = start_waiting(&daemon, "second", 2).await;
        let before = daemon.pool().await.waiting;
        let daemon = end(daemon, signal).await.start().await;
        for waiter in [&first, &second] {
            waiter.expect_stderr("has kept its place").await;
        }
        assert_eq!(daemon.pool().await.waiting, before);
        daemon.expect_state("bench-1", ResourceState::Leased).await;
        lock.end_input();
        lock.finish().await.expect_code(7);
        for waiter in [first, second] {
            assert_eq!(waiter.finish().await.expect_code(0).stdout, "ran\n");
        }
        daemon.expect_idle().await;
    }
}

#[tokio::test]
async fn a_lease_without_a_command_goes_on_as_well() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let lock = Program::rpclient(&daemon).args(["lock", "--resource", "bench-1"]).start();
    lock.expect_stderr("held until Ctrl-C").await;
    let daemon = daemon.restart().await;
    lock.expect_stderr("bench-1 is still held").await;
    daemon.expect_state("bench-1", ResourceState::Leased).await;
    lock.signal(Signal::SIGINT);
    lock.finish().await.expect_code(0);
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_lease_that_has_ended_meanwhile_is_lost() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let lock = start_holding(&daemon).await;
    // No time to come back.
    let daemon = daemon.kill().await.flag("--grace", "0").start().await;
    let end = lock.finish().await.expect_code(92);
    assert!(end.stderr.contains("lost"), "{}", end.stderr);
    daemon.expect_idle().await;
}

#[tokio::test]
async fn who_ends_while_respod_is_away_leaves_a_lease_that_ends_after_the_start() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let lock = start_holding(&daemon).await;
    let settings = daemon.kill().await;
    lock.signal(Signal::SIGKILL);
    assert_eq!(lock.finish().await.signal, Some(Signal::SIGKILL as i32));
    let daemon = settings.flag("--grace", "300ms").start().await;
    daemon.expect_idle().await;
}

#[tokio::test]
async fn it_goes_on_where_the_socket_stays_open() {
    let daemon = Daemon::with(ONE_BENCH).socket_activated().start().await;
    let mut lock = start_holding(&daemon).await;
    let waiter = start_waiting(&daemon, "waiter", 1).await;
    let before = daemon.resource("bench-1").await.unwrap().lease;
    let daemon = daemon.kill().await.start().await.stop().await.start().await;
    let after = daemon.expect_state("bench-1", ResourceState::Leased).await.lease;
    assert_eq!(after, before);
    lock.end_input();
    lock.finish().await.expect_code(7);
    assert_eq!(waiter.finish().await.expect_code(0).stdout, "ran\n");
    daemon.expect_idle().await;
}
