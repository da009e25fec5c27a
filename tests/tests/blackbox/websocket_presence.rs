//! When a client on a WebSocket counts as gone, and what ends then.

use std::net::Shutdown;

use nix::sys::signal::Signal;
use respo::wire::ResourceState;
use serde_json::json;
use socket2::SockRef;
use tests::inventories::ONE_BENCH;
use tests::{Daemon, Program, WebSocket, binaries, eventually};

/// A connection that holds the bench, and one that waits for it.
async fn holder_and_waiter(daemon: &Daemon) -> (WebSocket, WebSocket) {
    let (mut holder, mut waiter) = (daemon.web_socket().await, daemon.web_socket().await);
    holder.hold("h", "bench-1").await;
    waiter.ask("w", "bench-1").await;
    waiter.expect_queued("w").await;
    (holder, waiter)
}

#[tokio::test]
async fn a_close_in_good_order_is_answered_and_ends_the_lease() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let (holder, mut waiter) = holder_and_waiter(&daemon).await;
    holder.close().await;
    waiter.expect_granted("w").await;
}

#[tokio::test]
async fn a_fin_without_a_close_frame_ends_the_lease_at_once() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let (holder, mut waiter) = holder_and_waiter(&daemon).await;
    holder.cut();
    waiter.expect_granted("w").await;
}

#[tokio::test]
async fn a_reset_ends_the_lease_at_once() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let (holder, mut waiter) = holder_and_waiter(&daemon).await;
    holder.reset();
    waiter.expect_granted("w").await;
}

#[tokio::test]
async fn a_client_that_closes_its_sending_half_alone_has_left() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let (mut holder, mut waiter) = holder_and_waiter(&daemon).await;
    SockRef::from(holder.stream.get_ref()).shutdown(Shutdown::Write).unwrap();
    waiter.expect_granted("w").await;
    while holder.next_frame().await.is_some() {}
}

#[tokio::test]
async fn what_was_said_before_a_close_is_done_even_if_nobody_hears_the_answer() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = daemon.web_socket().await;
    holder.request("h", json!({"requirements": [{}], "linger": "1h"})).await;
    let lease = holder.expect_granted("h").await;
    holder.say(json!({"type": "release", "ref": "r", "id": lease.id})).await;
    holder.cut();
    daemon.expect_state("bench-1", ResourceState::Free).await;
}

#[tokio::test]
async fn a_request_whose_client_is_gone_before_the_answer_stays_nowhere() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for _ in 0..20 {
        let mut socket = daemon.web_socket().await;
        socket.request("h", json!({"requirements": [{}]})).await;
        socket.reset();
    }
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_silent_client_is_taken_for_gone_and_one_that_answers_pings_is_not() {
    let daemon = Daemon::with(ONE_BENCH).flag("--heartbeat", "1s").start().await;
    let mut holder = daemon.web_socket().await;
    holder.hold("h", "bench-1").await;
    let waiting = async {
        let mut waiter = daemon.web_socket().await;
        waiter.ask("w", "bench-1").await;
        waiter.expect_queued("w").await;
        waiter
    };
    let mut waiter = tokio::select! {
        waiter = waiting => waiter,
        said = holder.next_json_at_last() => panic!("{said}"),
    };
    // From here on the holder reads nothing, so it answers no ping. The waiter does.
    waiter.expect_granted("w").await;
    let look = async {
        let end = holder.expect_close().await;
        daemon.expect_state("bench-1", ResourceState::Leased).await;
        end
    };
    // For longer than the holder the waiter has said nothing by itself, and is still there.
    let (code, reason) = tokio::select! {
        end = look => end,
        said = waiter.next_json_at_last() => panic!("{said}"),
    };
    assert_eq!(code, 1008);
    assert!(reason.contains("nothing was heard for 3s"), "{reason}");
    assert!(daemon.log().find("ERROR").is_none());
}

#[tokio::test]
async fn a_client_whose_process_is_stopped_loses_its_lease_and_hears_why_when_it_goes_on() {
    let daemon = Daemon::with(ONE_BENCH).flag("--heartbeat", "1s").start().await;
    let address = daemon.address().to_string();
    let client = Program::new(binaries::websocket_client()).args([&address, "bench-1"]).start();
    client.expect_stdout("granted").await;
    let mut waiter = daemon.web_socket().await;
    waiter.ask("w", "bench-1").await;
    waiter.expect_queued("w").await;
    client.signal(Signal::SIGSTOP);
    // Its system still acknowledges everything, so that TCP sees nothing wrong.
    waiter.expect_granted("w").await;
    client.signal(Signal::SIGCONT);
    client.expect_stdout("closed 1008: nothing was heard for 3s").await;
    client.finish().await.expect_code(0);
}

#[tokio::test]
async fn a_client_whose_process_is_killed_loses_its_lease_at_once() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let address = daemon.address().to_string();
    let client = Program::new(binaries::websocket_client()).args([&address, "bench-1"]).start();
    client.expect_stdout("granted").await;
    let mut waiter = daemon.lock("").await;
    waiter.expect_queued().await;
    client.signal(Signal::SIGKILL);
    waiter.expect_granted().await;
}

#[tokio::test]
async fn idle_times_of_http_do_not_end_a_websocket() {
    let daemon = Daemon::with(ONE_BENCH).flag("--header-timeout", "2s").start().await;
    let mut socket = daemon.web_socket().await;
    // A connection that is idle for that long is closed, which shows that the time has passed.
    let mut other = daemon.connect().await;
    other.until_end().await;
    socket.hold("h", "bench-1").await;
}

#[tokio::test]
async fn websockets_count_among_the_connections_that_there_may_be() {
    let daemon = Daemon::with(ONE_BENCH).flag("--max-connections", "1").start().await;
    let socket = daemon.web_socket().await;
    daemon.get("/healthz").await.expect_problem(503, "overloaded");
    socket.close().await;
    eventually("the connection is counted no more", async || {
        let reply = daemon.get("/healthz").await;
        if reply.status() == 200 { Ok(()) } else { Err(reply.text()) }
    })
    .await;
}
