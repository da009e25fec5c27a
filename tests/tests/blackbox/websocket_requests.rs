//! Requests over `/ws`: asked for, waited for, taken up and given back, several on one connection.

use respo::EndReason;
use respo::wire::ResourceState;
use serde_json::json;
use tests::Daemon;
use tests::inventories::{LAB, ONE_BENCH, TWO_POOLS};

#[tokio::test]
async fn the_first_message_says_who_is_there() {
    let daemon = Daemon::with(TWO_POOLS).flag("--heartbeat", "250ms").start().await;
    let mut socket = tests::WebSocket::open(daemon.address()).await;
    let hello = socket.expect_hello().await;
    assert_eq!(hello["heartbeat_seconds"], 0.25);
    assert_eq!(hello["pools"].as_array().map(Vec::len), Some(2));
    assert_eq!(hello["version"], daemon.overview().await.version);
}

#[tokio::test]
async fn one_waits_is_granted_when_the_other_releases_and_is_told_of_its_own_end() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let (mut holder, mut waiter) = (daemon.web_socket().await, daemon.web_socket().await);
    let lease = holder.hold("h", "bench-1").await;
    assert_eq!(lease.resource.unwrap().properties.len(), 0);
    waiter.ask("w", "bench-1").await;
    let queued = waiter.expect_queued("w").await;
    assert_eq!((queued.position, queued.of), (1, 1));
    let token = queued.token.expect("the token is in the first queued");

    holder.say(json!({"type": "release", "ref": "r", "id": lease.id})).await;
    holder.expect_done("r").await;
    assert_eq!(holder.expect_ended("h").await, EndReason::Released);
    let next = waiter.expect_granted("w").await;
    assert_eq!((next.id, next.token), (queued.id, token));
    assert!(next.fence > lease.fence);
}

#[tokio::test]
async fn a_request_that_waits_is_cancelled_and_its_ref_is_free_again() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let _holder = daemon.hold("").await;
    let mut socket = daemon.web_socket().await;
    socket.ask("a", "bench-1").await;
    let queued = socket.expect_queued("a").await;
    socket.say(json!({"type": "cancel", "ref": "b", "id": queued.id})).await;
    socket.expect_done("b").await;
    assert_eq!(socket.expect_ended("a").await, EndReason::Released);
    socket.ask("a", "bench-1").await;
    assert!(socket.expect_queued("a").await.id > queued.id);
}

#[tokio::test]
async fn what_another_connection_has_is_given_back_with_its_token_alone() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let (mut holder, mut other) = (daemon.web_socket().await, daemon.web_socket().await);
    let lease = holder.hold("h", "bench-1").await;
    other.say(json!({"type": "release", "ref": "a", "id": lease.id})).await;
    let problem = other.expect_error("a", "no_request").await;
    assert!(problem.detail.contains("needs its token"), "{}", problem.detail);
    other.say(json!({"type": "release", "ref": "b", "id": lease.id, "token": "0"})).await;
    other.expect_error("b", "wrong_token").await;
    other.say(json!({"type": "release", "ref": "c", "id": lease.id, "token": lease.token})).await;
    other.expect_done("c").await;
    assert_eq!(holder.expect_ended("h").await, EndReason::Released);
}

#[tokio::test]
async fn a_holder_takes_its_own_collateral_with_a_second_request_and_nobody_else_does() {
    let cell =
        "pool: {name: lab, stacks: [[phone-1, relay-1]], resources: {phone-1: {}, relay-1: {}}}";
    let daemon = Daemon::start(cell).await;
    let (mut holder, mut other) = (daemon.web_socket().await, daemon.web_socket().await);
    holder.hold("phone", "phone-1").await;
    other.ask("w", "relay-1").await;
    other.expect_queued("w").await;
    let relay = holder.hold("relay", "relay-1").await;

    // The other gets it once the whole stack is free.
    holder.say(json!({"type": "release", "ref": "r", "id": relay.id})).await;
    holder.expect_done("r").await;
    daemon.expect_state("relay-1", ResourceState::Collateral).await;
    holder.close().await;
    other.expect_granted("w").await;
}

#[tokio::test]
async fn a_lease_that_lingers_is_taken_up_on_another_connection() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut first = daemon.web_socket().await;
    first.request("a", json!({"requirements": [{}], "linger": "1m"})).await;
    let lease = first.expect_granted("a").await;
    first.reset();
    let mut second = daemon.web_socket().await;
    let again = second.resume("b", &lease.token).await;
    assert_eq!((again.id, again.fence), (lease.id, lease.fence));
    // It is this connection's now, and the token is not needed to give it back.
    second.say(json!({"type": "release", "ref": "c", "id": lease.id})).await;
    second.expect_done("c").await;
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_lease_is_taken_over_from_a_connection_that_lives() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let (mut first, mut second) = (daemon.web_socket().await, daemon.web_socket().await);
    let lease = first.hold("a", "bench-1").await;
    second.resume("b", &lease.token).await;
    assert_eq!(first.expect_ended("a").await, EndReason::TakenOver);
    first.close().await;
    daemon.expect_state("bench-1", ResourceState::Leased).await;
}

#[tokio::test]
async fn a_token_that_is_good_for_nothing_is_refused() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut socket = daemon.web_socket().await;
    socket.say(json!({"type": "resume", "ref": "a", "token": "0"})).await;
    socket.expect_error("a", "wrong_token").await;
    socket.hold("a", "bench-1").await;
}

#[tokio::test]
async fn refusals_are_the_problems_that_http_answers_with() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let _holder = daemon.hold("name=ci-88").await;
    let mut socket = daemon.web_socket().await;
    socket.request("a", json!({"requirements": [{}], "wait": "0"})).await;
    let busy = socket.expect_error("a", "busy").await;
    assert_eq!(busy, daemon.refused("wait=0").await.problem());
    socket.request("b", json!({"requirements": [{"location": "office9"}]})).await;
    let no_such = socket.expect_error("b", "no_such").await;
    assert_eq!(no_such, daemon.refused("location=office9").await.problem());
    socket.request("c", json!({"requirements": [{"count": 0}]})).await;
    let malformed = socket.expect_error("c", "malformed").await;
    let over_http = daemon.refused_json(json!({"requirements": [{"count": 0}]})).await.problem();
    assert_eq!(malformed.more, over_http.more);
    assert_eq!(malformed.detail, over_http.detail.replace("the body", "the request"));
}

#[tokio::test]
async fn where_there_are_several_pools_each_message_names_one() {
    let daemon = Daemon::start(TWO_POOLS).await;
    let mut socket = daemon.web_socket().await;
    socket.request("a", json!({"requirements": [{}]})).await;
    socket.expect_error("a", "pool_required").await;
    let pools = daemon.overview().await.pools;
    for (index, pool) in pools.iter().enumerate() {
        let reference = index.to_string();
        let request = json!({"requirements": [{"resource": pool.resources[0].name}]});
        let message =
            json!({"type": "request", "ref": reference, "pool": pool.name, "request": request});
        socket.say(message).await;
        let lease = socket.expect_granted(&reference).await;
        assert_eq!(lease.pool, pool.name);
    }
    socket
        .say(json!({"type": "request", "ref": "b", "pool": "x", "request": {"requirements": [{}]}}))
        .await;
    socket.expect_error("b", "no_such_pool").await;
}

#[tokio::test]
async fn many_requests_of_one_connection_are_all_told_of_in_their_own_order() {
    let daemon = Daemon::start(LAB).await;
    let mut socket = daemon.web_socket().await;
    let names = ["bench-1", "bench-2", "bench-3", "bench-4"];
    for round in 0..3 {
        for name in names {
            socket.ask(&format!("{name}/{round}"), name).await;
        }
    }
    for round in 0..3 {
        for name in names {
            let reference = format!("{name}/{round}");
            let lease = socket.expect_granted(&reference).await;
            let message = json!({"type": "release", "ref": "give", "id": lease.id});
            socket.say(message).await;
            socket.expect_done("give").await;
            assert_eq!(socket.expect_ended(&reference).await, EndReason::Released);
        }
    }
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_connection_has_as_many_requests_as_a_session_may_have() {
    let daemon = Daemon::start("pool: {name: lab, ephemeral: true, resources: {}}").await;
    let mut socket = daemon.web_socket().await;
    let request = |number: usize| json!({"requirements": [{"keys": [format!("key-{number}")]}]});
    for number in 0..1000 {
        socket.request(&number.to_string(), request(number)).await;
        socket.expect_granted(&number.to_string()).await;
    }
    socket.request("one more", request(1000)).await;
    socket.expect_error("one more", "too_many_requests").await;
}
