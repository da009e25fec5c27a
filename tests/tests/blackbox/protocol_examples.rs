//! Every example in `docs/protocol.md` is what the types say, and what a real daemon answers in the
//! situation that the page tells of. What differs each time (times, tokens, the version) is masked.

use nix::sys::signal::Signal;
use respo::Request;
use respo::wire::socket::{ClientMessage, ServerMessage};
use respo::wire::{
    Event, GrantedLease, InventoryAnswer, InventoryRevisions, IssuedToken, LeaseList, Overview,
    PendingRequest, Problem, PublicEvent, RenewedLease, RequestList, ResourceList, StackList,
    VerifiedLease,
};
use serde_json::Value;
use tests::protocol_page::{ProtocolPage, masked};
use tests::token_leases::{read, request_for};
use tests::{Daemon, LockStream};

/// The bench that the examples are about.
const BENCH: &str = "\
pool:
  name: lab
  resources:
    bench-1:
      location: office1
      attributes: [can]
      entities:
        dut:
          attributes: [arm64]
          properties: {socket: 127.0.0.1:4567}
";

/// What the examples of several resources are about.
const PHONES: &str = "\
pool:
  name: phones
  max_leases: {per_holder: 1}
  stacks:
    - [phone-1, relay-1]
    - [phone-2, relay-1]
  resources:
    phone-1:
      attributes: [phone]
      properties: {gsm: {operator: GTE}}
      entities:
        sim:
          attributes: [prepaid]
          properties: {pin: '0000'}
    phone-2: {attributes: [phone]}
    phone-3: {attributes: [phone]}
    relay-1: {attributes: [relay]}
";

/// Reads an example as what it is, and writes it again.
fn round_trip(json: &Value) -> serde_json::Result<Value> {
    let has = |key: &str| json.get(key).is_some();
    if has("ref") && has("type") {
        serde_json::to_value(serde_json::from_value::<ClientMessage>(json.clone())?)
    } else if has("ref") || json["event"] == "hello" {
        serde_json::to_value(serde_json::from_value::<ServerMessage>(json.clone())?)
    } else if has("event") {
        serde_json::to_value(serde_json::from_value::<Event>(json.clone())?)
    } else if has("type") {
        serde_json::to_value(serde_json::from_value::<Problem>(json.clone())?)
    } else if has("requirements") {
        let request = Request::from_json(json.to_string().as_bytes());
        serde_json::to_value(request.unwrap_or_else(|error| panic!("{error}: {json}")))
    } else if has("what") {
        serde_json::to_value(serde_json::from_value::<PublicEvent>(json.clone())?)
    } else if has("token") || has("fence") || has("expires") {
        of_lease(json)
    } else if has("leases") {
        serde_json::to_value(serde_json::from_value::<LeaseList>(json.clone())?)
    } else if has("requests") {
        serde_json::to_value(serde_json::from_value::<RequestList>(json.clone())?)
    } else if has("stacks") {
        serde_json::to_value(serde_json::from_value::<StackList>(json.clone())?)
    } else if has("resources") {
        serde_json::to_value(serde_json::from_value::<ResourceList>(json.clone())?)
    } else if has("dry_run") {
        serde_json::to_value(serde_json::from_value::<InventoryAnswer>(json.clone())?)
    } else if has("version") {
        serde_json::to_value(serde_json::from_value::<Overview>(json.clone())?)
    } else {
        serde_json::to_value(serde_json::from_value::<InventoryRevisions>(json.clone())?)
    }
}

/// The same for the answers to calls on one lease or request.
fn of_lease(json: &Value) -> serde_json::Result<Value> {
    let has = |key: &str| json.get(key).is_some();
    if has("position") {
        serde_json::to_value(serde_json::from_value::<PendingRequest>(json.clone())?)
    } else if has("token") && has("fence") {
        serde_json::to_value(serde_json::from_value::<GrantedLease>(json.clone())?)
    } else if has("token") {
        serde_json::to_value(serde_json::from_value::<IssuedToken>(json.clone())?)
    } else if has("fence") {
        serde_json::to_value(serde_json::from_value::<VerifiedLease>(json.clone())?)
    } else {
        serde_json::to_value(serde_json::from_value::<RenewedLease>(json.clone())?)
    }
}

#[test]
fn every_example_is_read_by_its_type_and_loses_nothing() {
    let examples = ProtocolPage::read().examples();
    assert!(examples.len() >= 10, "the page has lost examples: {}", examples.len());
    for example in examples {
        let again = round_trip(&example.json);
        let again = again.unwrap_or_else(|error| panic!("{error}: {}", example.json));
        assert_eq!(again, example.json, "under {}", example.section);
    }
}

/// The example of this event, under a heading that begins with its name or lists it.
fn event(name: &str) -> Value {
    let examples = ProtocolPage::read().examples().into_iter();
    let mut found = examples
        .filter(|example| example.section.contains(name) && example.json["event"] == name)
        .map(|example| example.json);
    let example = found.next().unwrap_or_else(|| panic!("no example of {name}"));
    assert!(found.next().is_none(), "two examples of {name}");
    example
}

/// The example of this problem.
fn problem(code: &str) -> Value {
    ProtocolPage::read().example(code, |json| json["code"] == code)
}

/// Compares what was answered with an example.
#[track_caller]
fn assert_same(answered: &Value, example: &Value) {
    assert_eq!(masked(answered), masked(example), "\nanswered: {answered}\nexample:  {example}");
}

async fn next(stream: &mut LockStream) -> Value {
    stream.next_json().await.expect("one more line")
}

#[tokio::test]
async fn a_stream_says_granted_and_heartbeat_as_on_the_page() {
    let daemon = Daemon::with(BENCH).flag("--heartbeat", "50ms").start().await;
    let mut stream = daemon.lock("").await;
    assert_same(&next(&mut stream).await, &event("granted"));
    assert_same(&next(&mut stream).await, &event("heartbeat"));
    assert_eq!(stream.head.header("content-type"), Some("application/x-ndjson"));
}

#[tokio::test]
async fn a_waiting_client_and_everybody_else_are_told_as_on_the_page() {
    let daemon = Daemon::start(BENCH).await;
    let _holder = daemon.hold("name=ci-88&description=nightly").await;
    let mut waiter = daemon.lock("resource=bench-1&name=alice").await;
    assert_same(&next(&mut waiter).await, &event("queued"));
    let overview = ProtocolPage::read()
        .example("overview", |json| json.get("version").is_some() && json.get("event").is_none());
    assert_same(&daemon.get("/").await.json(), &overview);
}

#[tokio::test]
async fn stacks_what_is_held_back_and_limits_are_told_as_on_the_page() {
    let daemon = Daemon::start(PHONES).await;
    let examples = ProtocolPage::read().section("Several resources");
    let mut streams = Vec::new();
    // Each request is followed by what it is answered with.
    for pair in examples.chunks(2) {
        let [request, answer] = pair else { panic!("a request without an answer: {pair:?}") };
        let mut stream = daemon.lock_json(request.clone()).await;
        assert_same(&next(&mut stream).await, answer);
        streams.push(stream);
    }
    assert_eq!(streams.len(), 3);
}

#[tokio::test]
async fn resources_are_listed_as_on_the_page() {
    let daemon = Daemon::start(PHONES).await;
    let first = ProtocolPage::read().section("Several resources").swap_remove(0);
    let (_stream, _) = daemon.hold_json(first).await;
    let mut waiter = daemon.lock("resource=phone-2").await;
    waiter.expect_queued().await;
    let example = ProtocolPage::read().section("GET /v1/resources").remove(0);
    assert_same(&daemon.get("/v1/resources?state=collateral").await.json(), &example);
}

/// The examples under a heading of token leases or lists.
fn section(heading: &str) -> Vec<Value> {
    ProtocolPage::read().section(heading)
}

#[tokio::test]
async fn a_token_lease_is_asked_for_listed_renewed_checked_and_given_back_as_on_the_page() {
    let daemon = Daemon::start(BENCH).await;
    let examples = section("POST /v1/leases");
    let [body, granted, queued] = examples.as_slice() else { panic!("{examples:?}") };
    let reply = daemon.post_lease(&[], body).await.expect_status(201);
    assert_same(&reply.json(), granted);
    let lease: GrantedLease = read(&reply);
    let bench = request_for("bench-1");
    assert_same(&daemon.post_lease(&[], &bench).await.json(), queued);
    daemon.post_lease(&[], &bench).await.expect_status(202);

    let lists = section("GET /v1/leases, GET /v1/requests, GET /v1/stacks");
    assert_same(&daemon.get("/v1/leases").await.json(), &lists[0]);
    assert_same(&daemon.get("/v1/requests?limit=1").await.json(), &lists[1]);
    let phones = Daemon::start(PHONES).await;
    assert_same(&phones.get("/v1/stacks").await.json(), &lists[2]);

    let verify = async |fence: u64| {
        daemon.get(&format!("/v1/leases/{}/verify?fence={fence}", lease.id)).await.json()
    };
    assert_same(&verify(1).await, &section("Checking a fence")[0]);
    assert_same(&verify(0).await, &problem("stale_fence"));
    let act = async |what: &str, body| {
        daemon.act(lease.id, what, &lease.token, &body).await.expect_status(200).json()
    };
    assert_same(&act("renew", serde_json::json!({})).await, &section("Holding")[0]);
    assert_same(&act("allow", serde_json::json!({"who": "bob"})).await, &section("Sharing")[0]);
    daemon.release(lease.id, &lease.token).await;
    let gone = daemon.get(&format!("/v1/leases/{}", lease.id)).await;
    assert_same(&gone.json(), &problem("gone"));
}

#[tokio::test]
async fn what_happens_is_told_as_on_the_page() {
    let daemon = Daemon::start(BENCH).await;
    let mut stream = daemon.events("", &[]).await;
    daemon.lease(&section("POST /v1/leases")[0]).await;
    let granted = stream.expect("granted").await;
    assert_same(&granted.data, &section("GET /v1/events")[0]);
    assert_eq!(granted.data["id"], granted.id);
}

#[tokio::test]
async fn a_mistake_in_a_body_is_told_as_on_the_page() {
    let daemon = Daemon::start(BENCH).await;
    let reply = daemon.refused_json(serde_json::json!({"requirements": [{"count": 0}]})).await;
    assert_same(&reply.json(), &problem("malformed"));
}

#[tokio::test]
async fn a_stream_ends_as_on_the_page() {
    let daemon = Daemon::start(BENCH).await;
    let mut stream = daemon.lock("max_duration=1ms").await;
    stream.expect_granted().await;
    assert_same(&next(&mut stream).await, &event("ended"));
    assert_eq!(stream.next_json().await, None);
}

#[tokio::test]
async fn a_daemon_that_stops_and_keeps_what_it_has_says_so_as_on_the_page() {
    // With the grace that the page shows, which is the one that respod has unless it is told.
    let daemon = Daemon::start(BENCH).await;
    let mut stream = daemon.lock("").await;
    stream.expect_granted().await;
    daemon.signal(Signal::SIGTERM);
    assert_same(&next(&mut stream).await, &event("restarting"));
    assert_eq!(stream.next_json().await, None, "it is the last line");
    daemon.finish().await.expect_code(0);
}

#[tokio::test]
async fn a_stopping_daemon_that_keeps_nothing_says_so_as_on_the_page() {
    // With the deadline that the page shows, which is the one that respod has unless it is told.
    let daemon = Daemon::with(BENCH).in_memory().start().await;
    let mut stream = daemon.lock("").await;
    stream.expect_granted().await;
    daemon.signal(Signal::SIGTERM);
    assert_same(&next(&mut stream).await, &event("draining"));
    stream.close();
    daemon.finish().await.expect_code(0);
}

#[tokio::test]
async fn a_request_is_refused_as_busy_as_on_the_page() {
    let daemon = Daemon::start(BENCH).await;
    let _holder = daemon.hold("name=ci-88").await;
    assert_same(&daemon.refused("wait=0").await.json(), &problem("busy"));
}

#[tokio::test]
async fn an_impossible_request_is_refused_as_on_the_page() {
    let daemon = Daemon::start(BENCH).await;
    assert_same(&daemon.refused("location=office9").await.json(), &problem("no_such"));
}

#[tokio::test]
async fn an_inventory_is_replaced_and_its_revisions_are_listed_as_on_the_page() {
    let daemon = Daemon::start(BENCH).await;
    let _holder = daemon.hold("").await;
    let reply = daemon.post_inventory("/inventory", &BENCH.replace("bench-1", "bench-2")).await;
    let example = ProtocolPage::read().example("the answer", |json| json.get("dry_run").is_some());
    assert_same(&reply.json(), &example);

    let example = ProtocolPage::read().example("the revisions", |json| {
        json.get("pools").is_some()
            && json.get("version").is_none()
            && json.get("dry_run").is_none()
    });
    assert_same(&daemon.get("/v1/inventory/revisions").await.json(), &example);
    let missing = daemon.get("/inventory?revision=99").await;
    assert_same(&missing.json(), &problem("no_such_revision"));
}

#[tokio::test]
async fn an_inventory_with_a_mistake_is_refused_as_on_the_page() {
    let daemon = Daemon::start(BENCH).await;
    // On line 4 in column 17, as the page says.
    let wrong = "pool:\n  resources:\n    bench-1:\n      location: [office1]\n  name: lab\n";
    let reply = daemon.post_inventory("/inventory", wrong).await;
    assert_same(&reply.json(), &problem("invalid_inventory"));
}

#[tokio::test]
async fn the_health_check_says_what_the_page_says() {
    let text = std::fs::read_to_string(tests::binaries::workspace().join("docs/protocol.md"));
    let text = text.expect("the page");
    let daemon = Daemon::start(BENCH).await;
    let answer = daemon.get("/healthz").await.expect_status(200).text();
    assert!(text.contains(&format!("`{}`", answer.trim())), "{answer}");
}
