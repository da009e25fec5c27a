//! WebSockets when respod stops, is killed, and comes back.

use nix::sys::signal::Signal;
use respo::EndReason;
use respo::wire::socket::ServerMessage;
use serde_json::json;
use tests::Daemon;
use tests::inventories::ONE_BENCH;

const GOING_AWAY: (u16, &str) = (1001, "the server is stopping");

#[tokio::test]
async fn a_planned_stop_is_told_and_the_next_start_goes_on_where_it_was() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let (mut holder, mut waiter) = (daemon.web_socket().await, daemon.web_socket().await);
    let mut idle = daemon.web_socket().await;
    let lease = holder.hold("h", "bench-1").await;
    waiter.ask("w", "bench-1").await;
    let queued = waiter.expect_queued("w").await;
    let token = queued.token.expect("the token is in the first queued");

    daemon.signal(Signal::SIGTERM);
    assert_eq!(holder.expect_restarting("h").await, 60);
    assert_eq!(waiter.expect_restarting("w").await, 60);
    for socket in [&mut holder, &mut waiter, &mut idle] {
        let (code, reason) = socket.expect_close().await;
        assert_eq!((code, reason.as_str()), GOING_AWAY);
    }
    let daemon = daemon.stopped().await.start().await;

    let (mut holder, mut waiter) = (daemon.web_socket().await, daemon.web_socket().await);
    waiter.say(json!({"type": "resume", "ref": "w", "token": token})).await;
    assert_eq!(waiter.expect_queued("w").await.id, queued.id);
    let again = holder.resume("h", &lease.token).await;
    assert_eq!((again.id, again.fence), (lease.id, lease.fence));
    holder.close().await;
    assert_eq!(waiter.expect_granted("w").await.id, queued.id);
}

#[tokio::test]
async fn after_a_kill_a_client_takes_up_several_leases_on_one_connection() {
    let daemon = Daemon::start(tests::inventories::LAB).await;
    let mut socket = daemon.web_socket().await;
    let first = socket.hold("a", "bench-1").await;
    let second = socket.hold("b", "bench-2").await;
    let daemon = daemon.restart().await;
    let mut socket = daemon.web_socket().await;
    assert_eq!(socket.resume("b", &second.token).await.fence, second.fence);
    assert_eq!(socket.resume("a", &first.token).await.fence, first.fence);
    socket.close().await;
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_server_that_keeps_nothing_lets_holders_finish() {
    let daemon = Daemon::with(ONE_BENCH).in_memory().flag("--drain-timeout", "7m").start().await;
    let (mut holder, mut waiter) = (daemon.web_socket().await, daemon.web_socket().await);
    let lease = holder.hold("h", "bench-1").await;
    waiter.ask("w", "bench-1").await;
    waiter.expect_queued("w").await;
    daemon.signal(Signal::SIGTERM);
    assert_eq!(waiter.expect_ended("w").await, EndReason::Draining);
    assert_eq!(waiter.expect_close().await.0, 1001);
    match holder.next_about("h").await {
        ServerMessage::Draining { deadline_seconds, .. } => assert_eq!(deadline_seconds, 7 * 60),
        other => panic!("expected draining, got {other:?}"),
    }
    holder.ask("late", "bench-1").await;
    holder.expect_error("late", "draining").await;
    holder.say(json!({"type": "release", "ref": "r", "id": lease.id})).await;
    holder.expect_done("r").await;
    assert_eq!(holder.expect_ended("h").await, EndReason::Released);
    let (code, reason) = holder.expect_close().await;
    assert_eq!((code, reason.as_str()), GOING_AWAY);
    daemon.stopped().await;
}

#[tokio::test]
async fn who_does_not_finish_in_time_is_told_of_the_end() {
    let daemon = Daemon::with(ONE_BENCH).in_memory().flag("--drain-timeout", "10ms").start().await;
    let mut holder = daemon.web_socket().await;
    holder.hold("h", "bench-1").await;
    daemon.signal(Signal::SIGTERM);
    assert_eq!(holder.expect_ended("h").await, EndReason::Draining);
    assert_eq!(holder.expect_close().await.0, 1001);
    daemon.stopped().await;
}
