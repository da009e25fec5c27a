//! SIGTERM to a daemon that keeps nothing on the disk: it lets its holders finish, and ends what they hold.

use nix::sys::signal::Signal;
use respo::EndReason;
use respo::wire::Event;
use tests::inventories::ONE_BENCH;
use tests::{Daemon, LockStream};

/// Reads up to `draining` and returns its deadline.
async fn expect_draining(stream: &mut LockStream) -> u64 {
    loop {
        match stream.next_notice().await {
            Some(Event::Draining { deadline_seconds }) => return deadline_seconds,
            Some(Event::Queued { .. }) => {}
            other => panic!("expected draining, got {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_stopping_daemon_tells_its_streams_and_ends_within_its_deadline() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let daemon =
            Daemon::with(ONE_BENCH).in_memory().flag("--drain-timeout", "1s").start().await;
        let mut holder = daemon.hold("").await;
        let mut waiter = daemon.lock("").await;
        waiter.expect_queued().await;

        daemon.signal(signal);
        // Nothing more is granted, so there is nothing to wait for.
        assert_eq!(waiter.expect_ended().await, EndReason::Draining);
        assert_eq!(expect_draining(&mut holder).await, 1);
        assert_eq!(holder.expect_ended().await, EndReason::Draining);
        let end = daemon.finish().await;
        assert_eq!(end.code, Some(0), "{end:?}");
    }
}

#[tokio::test]
async fn a_daemon_with_nothing_to_wait_for_stops_at_once() {
    let daemon = Daemon::with(ONE_BENCH).in_memory().flag("--drain-timeout", "10d").start().await;
    let mut former = daemon.hold("").await;
    let idle = daemon.connect().await;
    former.connection.finish_sending();
    former.until_end().await;
    daemon.expect_idle().await;
    daemon.signal(Signal::SIGTERM);
    daemon.finish().await.expect_code(0);
    drop(idle);
}

#[tokio::test]
async fn a_stopping_daemon_waits_for_its_holders_and_no_longer() {
    let daemon = Daemon::with(ONE_BENCH).in_memory().flag("--drain-timeout", "10d").start().await;
    let mut holder = daemon.hold("").await;
    daemon.signal(Signal::SIGTERM);
    assert_eq!(expect_draining(&mut holder).await, 864_000);
    holder.close();
    daemon.finish().await.expect_code(0);
}

#[tokio::test]
async fn a_stopping_daemon_grants_nothing_more_and_says_so() {
    let daemon = Daemon::with(ONE_BENCH).in_memory().flag("--drain-timeout", "10d").start().await;
    let mut holder = daemon.hold("").await;
    // New connections are not accepted, so these are opened before.
    let mut lock = daemon.connect().await;
    let mut health = daemon.connect().await;
    for connection in [&mut lock, &mut health] {
        connection.request("GET", "/healthz").await;
        connection.reply().await.expect_status(200);
    }
    daemon.signal(Signal::SIGTERM);
    expect_draining(&mut holder).await;
    // A kept connection may be closed, or told; never granted.
    if lock.try_send(lock.request_head("POST", "/lock", &[])).await.is_ok() {
        let answer = String::from_utf8_lossy(&lock.until_end().await).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503"), "{answer}");
    }
    if health.try_send(health.request_head("GET", "/healthz", &[])).await.is_ok() {
        let answer = String::from_utf8_lossy(&health.until_end().await).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 503"), "{answer}");
    }
    holder.close();
    daemon.finish().await.expect_code(0);
}

#[tokio::test]
async fn a_second_signal_ends_the_daemon_at_once() {
    let daemon = Daemon::with(ONE_BENCH).in_memory().flag("--drain-timeout", "10d").start().await;
    let mut holder = daemon.hold("").await;
    daemon.signal(Signal::SIGTERM);
    expect_draining(&mut holder).await;
    daemon.signal(Signal::SIGTERM);
    daemon.finish().await.expect_code(4);
}

#[tokio::test]
async fn streams_over_http_2_are_told_as_well() {
    let daemon = Daemon::with(ONE_BENCH).in_memory().flag("--drain-timeout", "300ms").start().await;
    let mut client = daemon.connect_http2().await;
    let idle = daemon.connect_http2().await;
    let mut holder = client.lock("").await;
    holder.expect_granted().await;
    let mut waiter = client.lock("").await;
    waiter.expect_queued().await;
    daemon.signal(Signal::SIGTERM);
    assert!(matches!(holder.next_notice().await, Some(Event::Draining { .. })));
    for stream in [&mut holder, &mut waiter] {
        let mut last = None;
        while let Some(event) = stream.next_notice().await {
            last = Some(event);
        }
        assert!(matches!(last, Some(Event::Ended { reason: EndReason::Draining, .. })), "{last:?}");
    }
    daemon.finish().await.expect_code(0);
    idle.close();
}

#[tokio::test]
async fn a_client_that_does_not_read_does_not_keep_the_daemon() {
    let daemon = Daemon::with(ONE_BENCH)
        .in_memory()
        .flag("--drain-timeout", "500ms")
        .flag("--heartbeat", "1ms")
        .start()
        .await;
    let mut deaf = daemon.connect().await;
    deaf.receive_little();
    deaf.request("POST", "/lock").await;
    daemon.expect_state("bench-1", respo::wire::ResourceState::Leased).await;
    daemon.signal(Signal::SIGTERM);
    daemon.finish().await.expect_code(0);
}
