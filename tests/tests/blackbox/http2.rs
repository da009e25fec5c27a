//! `POST /lock` over HTTP/2, where many streams share a connection and each can be reset alone.

use respo::wire::ResourceState;
use tests::Daemon;
use tests::inventories::{LAB, ONE_BENCH};

#[tokio::test]
async fn a_reset_stream_ends_its_lease_and_no_other_of_the_connection() {
    let daemon = Daemon::start(LAB).await;
    let mut client = daemon.connect_http2().await;
    let mut one = client.lock("resource=bench-1").await;
    let mut two = client.lock("resource=bench-2").await;
    one.expect_granted().await;
    two.expect_granted().await;

    one.reset();
    daemon.expect_state("bench-1", ResourceState::Free).await;
    let other = daemon.resource("bench-2").await.unwrap();
    assert_eq!(other.state, ResourceState::Leased);
    client.close();
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_reset_stream_gives_up_its_place_in_the_queue() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("").await;
    let mut client = daemon.connect_http2().await;
    let mut waiter = client.lock("").await;
    assert_eq!(waiter.expect_queued().await.position, 1);
    let mut next = client.lock("").await;
    assert_eq!(next.expect_queued().await.position, 2);

    waiter.reset();
    daemon.expect_waiting(1).await;
    holder.close();
    next.expect_granted().await;
}

#[tokio::test]
async fn the_end_of_the_connection_ends_all_of_its_leases_and_requests() {
    let daemon = Daemon::start(LAB).await;
    let mut client = daemon.connect_http2().await;
    let mut streams = Vec::new();
    for bench in ["bench-1", "bench-2", "bench-3"] {
        let mut stream = client.lock(&format!("resource={bench}")).await;
        stream.expect_granted().await;
        streams.push(stream);
    }
    let mut waiting = client.lock("resource=bench-1").await;
    waiting.expect_queued().await;
    client.close();
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_request_that_may_still_get_a_body_is_served_when_it_is_complete() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut client = daemon.connect_http2().await;
    let mut request = client.start("POST", "/lock", false).await;
    request.complete();
    request.response().await.expect_granted().await;
}

#[tokio::test]
async fn a_request_that_is_reset_before_it_is_complete_leaves_nothing_behind() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut client = daemon.connect_http2().await;
    client.start("POST", "/lock", false).await.reset();
    client.start("POST", "/lock", true).await.reset();
    client.lock("").await.expect_granted().await;
    client.close();
    daemon.expect_idle().await;
}

#[tokio::test]
async fn the_other_routes_speak_http_2_as_well() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut client = daemon.connect_http2().await;
    for (method, target, status) in [
        ("GET", "/healthz", 200),
        ("GET", "/", 200),
        ("POST", "/lock?wait=soon", 400),
        ("GET", "/lock", 405),
        ("GET", "/nowhere", 404),
    ] {
        assert_eq!(client.send(method, target).await.status, status, "{method} {target}");
    }
}
