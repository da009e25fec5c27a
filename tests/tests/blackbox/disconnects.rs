//! The lease ends when the connection does, however that ends; so does a place in the queue.

use std::ops::AsyncFnOnce;
use std::time::Duration;

use respo::wire::ResourceState;
use tests::deadline::eventually_within;
use tests::inventories::ONE_BENCH;
use tests::{Daemon, LockStream};

/// A holder and two waiters: the first waiter leaves in the given way, then the holder does, and the
/// last one must get the bench.
async fn holder_and_waiter_leave(
    leave_waiting: impl AsyncFnOnce(LockStream),
    leave_holding: impl AsyncFnOnce(LockStream),
) {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("name=holder").await;
    let mut waiter = daemon.lock("name=waiter").await;
    assert_eq!(waiter.expect_queued().await.position, 1);
    let mut next = daemon.lock("name=next").await;
    assert_eq!(next.expect_queued().await.position, 2);

    leave_waiting(waiter).await;
    let pool = daemon.expect_waiting(1).await;
    assert_eq!(pool.waiting[0].holder.as_ref().unwrap().as_str(), "next");
    let bench = daemon.expect_state("bench-1", ResourceState::Leased).await;
    assert_eq!(bench.lease.unwrap().holder.unwrap().as_str(), "holder");

    leave_holding(holder).await;
    next.expect_granted().await;
    next.close();
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_client_that_closes_its_connection_has_left() {
    holder_and_waiter_leave(async |it| it.close(), async |it| it.close()).await;
}

#[tokio::test]
async fn a_client_that_resets_its_connection_has_left() {
    holder_and_waiter_leave(async |it| it.reset(), async |it| it.reset()).await;
}

#[tokio::test]
async fn a_client_that_closes_its_sending_half_has_left() {
    /// It stays to listen: its stream must end.
    async fn finish_sending(mut stream: LockStream) {
        stream.connection.finish_sending();
        stream.until_end().await;
    }
    holder_and_waiter_leave(finish_sending, finish_sending).await;
}

#[tokio::test]
async fn a_client_that_leaves_with_lines_unread_has_left() {
    // Closing a socket that holds unread bytes sends a RST by itself.
    holder_and_waiter_leave(async |it| drop(it), async |it| drop(it)).await;
}

#[tokio::test]
async fn a_client_that_half_closes_right_behind_its_request_has_left() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut connection = daemon.connect().await;
    connection.request("POST", "/lock").await;
    connection.finish_sending();
    connection.until_end().await;
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_and_then_leaves_has_left() {
    let daemon = Daemon::with(ONE_BENCH).flag("--heartbeat", "5ms").start().await;
    let mut connection = daemon.connect().await;
    connection.receive_little();
    connection.request("POST", "/lock").await;
    daemon.expect_state("bench-1", ResourceState::Leased).await;
    connection.reset();
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_and_stays_is_taken_for_dead() {
    // With heartbeats so fast that they fill the buffers between the two at once.
    let daemon = Daemon::with(ONE_BENCH).flag("--heartbeat", "1ms").start().await;
    let mut deaf = daemon.connect().await;
    deaf.receive_little();
    deaf.request("POST", "/lock").await;
    daemon.expect_state("bench-1", ResourceState::Leased).await;
    // It takes about 20 seconds.
    eventually_within(Duration::from_secs(120), "its lease ends", async || {
        let bench = daemon.resource("bench-1").await.unwrap();
        if bench.state == ResourceState::Free { Ok(()) } else { Err(format!("{bench:?}")) }
    })
    .await;
    drop(deaf);
}

#[tokio::test]
async fn a_short_request_is_answered_though_its_sender_half_closes() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for target in ["/", "/healthz", "/inventory", "/no-such-path"] {
        let mut connection = daemon.connect().await;
        connection.request("GET", target).await;
        connection.finish_sending();
        let status = connection.reply().await.status();
        assert_eq!(status, if target == "/no-such-path" { 404 } else { 200 }, "{target}");
    }
    // As `printf … | nc -N` does it, on a POST.
    let mut connection = daemon.connect().await;
    let length = ONE_BENCH.len().to_string();
    let head = connection.request_head("POST", "/inventory", &[("Content-Length", &length)]);
    connection.send(head + ONE_BENCH).await;
    connection.finish_sending();
    assert_eq!(connection.reply().await.status(), 200);
}

#[tokio::test]
async fn an_http_1_0_client_gets_its_stream_until_the_end_of_the_connection() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut connection = daemon.connect().await;
    connection.send("POST /lock?name=old HTTP/1.0\r\n\r\n").await;
    let mut stream = LockStream::on(connection).await.expect("200");
    assert_eq!(stream.head.header("transfer-encoding"), None);
    stream.expect_granted().await;
    stream.close();
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_connection_that_was_refused_can_ask_again() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("").await;
    let mut connection = daemon.connect().await;
    for _ in 0..3 {
        connection.request("POST", "/lock?wait=0").await;
        connection.reply().await.expect_problem(409, "busy");
    }
    holder.close();
    daemon.expect_idle().await;
    connection.request("POST", "/lock?wait=0").await;
    let mut stream = LockStream::on(connection).await.expect("200");
    stream.expect_granted().await;
    stream.reset();
    daemon.expect_idle().await;
}
