//! What reaches the command of `rpclient lock` from outside: signals, the loss of the lease, and the end
//! of rpclient itself.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use nix::sys::signal::Signal;
use respo::wire::{GrantedLease, ResourceState};
use tests::inventories::ONE_BENCH;
use tests::{Daemon, Program, Relay, Running, eventually};

#[tokio::test]
async fn a_signal_while_it_waits_leaves_the_queue() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("").await;
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGHUP, 129)] {
        let lock = Program::lock(&daemon, &["--linger", "1h"], "echo ran").start();
        daemon.expect_waiting(1).await;
        lock.expect_stderr("waiting").await;
        lock.signal(signal);
        assert_eq!(lock.finish().await.expect_code(code).stdout, "");
        daemon.expect_waiting(0).await;
    }
    holder.close();
}

#[tokio::test]
async fn signals_are_passed_on_and_the_bench_is_held_until_the_command_has_ended() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for (signal, name) in [
        (Signal::SIGTERM, "TERM"),
        (Signal::SIGINT, "INT"),
        (Signal::SIGHUP, "HUP"),
        (Signal::SIGUSR1, "USR1"),
    ] {
        // It counts the signals and goes on until it is told to end. A signal may interrupt `read`.
        let script = format!(
            "n=0; trap 'n=$((n+1)); echo caught' {name}; echo ready
            while :; do read line && [ $line = end ] && exit $((40 + n)); done"
        );
        let mut lock = Program::lock(&daemon, &[], &script).open_input().start();
        lock.expect_stdout("ready").await;
        lock.signal(signal);
        lock.expect_stdout("caught").await;
        daemon.expect_state("bench-1", ResourceState::Leased).await;
        lock.write("end\n").await;
        lock.finish().await.expect_code(41);
        daemon.expect_idle().await;
    }
}

/// The lease in the file whose path the command has printed, and that path.
async fn lease_of(lock: &Running) -> (GrantedLease, PathBuf) {
    lock.expect_stdout(".json\n").await;
    let path = PathBuf::from(lock.stdout().trim());
    let text = fs::read_to_string(&path).expect("the lease file");
    (serde_json::from_str(&text).expect("a lease"), path)
}

#[tokio::test]
async fn when_the_lease_is_lost_the_command_is_told_to_end() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let script =
        "trap 'echo cleaned up; exit 3' TERM; echo $RESPO_LEASE_FILE; exec 3<&0; cat <&3 & wait";
    let lock = Program::lock(&daemon, &[], script).open_input().start();
    let (lease, file) = lease_of(&lock).await;
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(daemon.release(lease.id, &lease.token).await.status(), 204);
    let end = lock.finish().await.expect_code(92);
    assert!(end.stdout.ends_with("cleaned up\n"), "{}", end.stdout);
    assert!(end.stderr.contains("lost"), "{}", end.stderr);
    assert!(!file.exists());
}

#[tokio::test]
async fn a_command_that_does_not_end_is_killed() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let script = "trap '' TERM; echo $RESPO_LEASE_FILE; while read line; do :; done; echo ended";
    let lock = Program::lock(&daemon, &["--term-grace", "300ms"], script).open_input().start();
    let (lease, _) = lease_of(&lock).await;
    daemon.release(lease.id, &lease.token).await;
    let end = lock.finish().await.expect_code(92);
    assert!(end.stdout.ends_with(".json\n"), "it could not go on: {}", end.stdout);
    assert!(end.stderr.contains("killing"), "{}", end.stderr);
}

#[tokio::test]
async fn a_lease_that_reaches_its_maximum_duration_is_lost() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let lock = Program::lock(&daemon, &["--max-duration", "300ms"], "exec cat").open_input();
    let end = lock.start().finish().await.expect_code(92);
    assert!(end.stderr.contains("maximum duration"), "{}", end.stderr);
}

#[tokio::test]
async fn when_a_respod_that_keeps_nothing_stops_or_dies_the_lease_is_lost() {
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        let settings = Daemon::with(ONE_BENCH).in_memory().flag("--drain-timeout", "200ms");
        let daemon = settings.start().await;
        let lock = Program::lock(&daemon, &[], "echo ready; cat").open_input().start();
        lock.expect_stdout("ready").await;
        if signal == Signal::SIGKILL {
            // Only the next respod can tell that this one kept nothing.
            let _daemon = daemon.restart().await;
            lock.finish().await.expect_code(92);
        } else {
            daemon.signal(signal);
            lock.finish().await.expect_code(92);
            daemon.stopped().await;
        }
    }
}

#[tokio::test]
async fn when_rpclient_is_killed_its_command_is_stopped_and_its_lease_file_removed() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let script = "trap 'echo stopped; exit' TERM; trap 'echo seen' USR1; echo $RESPO_LEASE_FILE
        exec 3<&0; cat <&3 & while :; do wait $!; done";
    let lock = Program::lock(&daemon, &[], script).open_input().start();
    let (_, file) = lease_of(&lock).await;
    // That it passes signals on shows that all of its preparations are made.
    lock.signal(Signal::SIGUSR1);
    lock.expect_stdout("seen\n").await;
    lock.signal(Signal::SIGKILL);
    lock.expect_stdout("stopped\n").await;
    daemon.expect_idle().await;
    eventually("the lease file is removed", async || {
        if file.exists() { Err(file.display()) } else { Ok(()) }
    })
    .await;
}

#[tokio::test]
async fn with_linger_a_broken_connection_is_made_again_and_the_command_goes_on() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let relay = Relay::to(daemon.address()).await;
    let mut lock = Program::lock(&daemon, &["--linger", "10m"], "echo ready; cat; exit 7")
        .env("RESPO_URL", relay.url())
        .open_input()
        .start();
    lock.expect_stdout("ready").await;
    let before = daemon.expect_state("bench-1", ResourceState::Leased).await.lease.unwrap();
    relay.cut();
    lock.expect_stderr("bench-1 is still held").await;
    let after = daemon.expect_state("bench-1", ResourceState::Leased).await.lease.unwrap();
    assert_eq!((before.id, before.fence), (after.id, after.fence));
    lock.end_input();
    lock.finish().await.expect_code(7);
    // It is given back at once, not only when the linger is over.
    daemon.expect_idle().await;
}

#[tokio::test]
async fn without_linger_a_broken_connection_loses_the_lease() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let relay = Relay::to(daemon.address()).await;
    let lock = Program::lock(&daemon, &[], "echo ready; cat")
        .env("RESPO_URL", relay.url())
        .open_input()
        .start();
    lock.expect_stdout("ready").await;
    // The client is not let back before respod has noticed that it is gone.
    lock.signal(Signal::SIGSTOP);
    relay.cut();
    daemon.expect_idle().await;
    lock.signal(Signal::SIGCONT);
    lock.finish().await.expect_code(92);
}

#[tokio::test]
async fn with_linger_a_waiter_keeps_its_place_over_a_broken_connection() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("").await;
    let relay = Relay::to(daemon.address()).await;
    let lock = Program::lock(&daemon, &["--linger", "10m"], "echo ran")
        .env("RESPO_URL", relay.url())
        .start();
    let before = daemon.expect_waiting(1).await.waiting.remove(0).id;
    lock.expect_stderr("waiting").await;
    relay.cut();
    lock.expect_stderr("has kept its place").await;
    assert_eq!(daemon.expect_waiting(1).await.waiting[0].id, before);
    holder.close();
    assert_eq!(lock.finish().await.expect_code(0).stdout, "ran\n");
    daemon.expect_idle().await;
}
