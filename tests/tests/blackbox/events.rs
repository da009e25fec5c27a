//! `GET /v1/events`: what happens in a pool, as server-sent events.

use nix::sys::signal::Signal;
use respo::wire::PublicEvent;
use serde_json::json;
use tests::Daemon;
use tests::inventories::{ONE_BENCH, TWO_POOLS};
use tests::token_leases::{SentEvent, request_for};

fn names(events: &[SentEvent]) -> Vec<&str> {
    events.iter().map(|event| event.event.as_str()).collect()
}

#[tokio::test]
async fn what_happens_is_told_in_order_with_ids_that_rise() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut stream = daemon.events("", &[]).await;
    let begin = stream.next_block().await.expect("the beginning");
    assert!(begin[0].starts_with("retry: "), "{begin:?}");
    assert!(stream.last_id.is_some(), "where to go on, should the connection break now");
    let lease = daemon.lease(&json!({"requirements": [{}], "name": "alice"})).await;
    daemon.issue(&lease, "allow", &json!({"who": "bob"})).await;
    let issued = daemon.issue(&lease, "transfer", &json!({"to": "carol"})).await;
    daemon.release(lease.id, &issued.token).await;
    let mut events = Vec::new();
    while events.last().is_none_or(|last: &SentEvent| last.event != "ended") {
        events.push(stream.next().await.expect("one more event"));
    }
    assert_eq!(names(&events), ["queued", "granted", "allowed", "transferred", "ended"]);
    for (number, event) in events.iter().enumerate() {
        let public: PublicEvent = serde_json::from_value(event.data.clone()).unwrap();
        assert_eq!(public.id.to_string(), event.id);
        assert_eq!(public.id.number, number as u64 + 1);
        assert_eq!(
            (public.pool.as_str(), event.data["what"].as_str()),
            ("lab", Some(event.event.as_str()))
        );
        for secret in [&lease.token, &issued.token, "SECRET-KEY-1"] {
            assert!(!event.data.to_string().contains(secret), "{event:?}");
        }
    }
    assert_eq!(events[1].data["resources"], json!([["bench-1"]]));
    assert_eq!(
        (&events[3].data["from"], &events[3].data["to"]),
        (&json!("alice"), &json!("carol"))
    );
    assert_eq!(events[4].data["reason"], "released");
}

#[tokio::test]
async fn who_comes_back_is_told_what_has_happened_meanwhile() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut stream = daemon.events("", &[]).await;
    stream.next_block().await.expect("the beginning");
    let before = stream.last_id.clone().unwrap();
    let lease = daemon.lease(&request_for("bench-1")).await;
    let queued = stream.next().await.unwrap();
    assert_eq!(queued.event, "queued");
    let last = stream.last_id.clone().unwrap();
    stream.connection.close();
    daemon.release(lease.id, &lease.token).await;

    let header = [("Last-Event-ID", last.as_str())];
    let mut back = daemon.events("", &header).await;
    let told = [back.next().await.unwrap(), back.next().await.unwrap()];
    assert_eq!(names(&told), ["granted", "ended"]);
    // The header is newer than what the URL says.
    let mut back = daemon.events(&format!("?after={before}"), &header).await;
    assert_eq!(back.next().await.unwrap().event, "granted");
    let mut back = daemon.events(&format!("?after={before}"), &[]).await;
    assert_eq!(back.next().await, Some(queued), "the same as before");
    // Nothing was missed on a connection on which nothing happened.
    let mut idle = daemon.events(&format!("?after={}", told[1].id), &[]).await;
    idle.next_block().await.unwrap();
    assert_eq!(idle.last_id.as_deref(), Some(told[1].id.as_str()));
}

#[tokio::test]
async fn what_is_not_known_any_more_is_said_to_be_missed() {
    let daemon = Daemon::with(ONE_BENCH).in_memory().start().await;
    let mut stream = daemon.events("", &[]).await;
    stream.next_block().await.unwrap();
    let before = stream.last_id.clone().unwrap();
    let lease = daemon.lease(&request_for("bench-1")).await;
    // More than are kept, all on one connection.
    let mut connection = daemon.connect().await;
    let body = r#"{"who":"bob"}"#;
    let (bearer, length) = (format!("Bearer {}", lease.token), body.len().to_string());
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Content-Type", "application/json"),
        ("Content-Length", length.as_str()),
    ];
    let target = format!("/v1/leases/{}/allow", lease.id);
    let one = connection.request_head("POST", &target, &headers) + body;
    for _ in 0..41 {
        connection.send(one.repeat(100)).await;
        for _ in 0..100 {
            connection.reply().await.expect_status(200);
        }
    }
    let mut late = daemon.events(&format!("?after={before}"), &[]).await;
    let missed = late.next().await.unwrap();
    assert_eq!((missed.event.as_str(), &missed.data), ("missed", &json!({"pool": "lab"})));
    // It goes on from the present.
    daemon.release(lease.id, &lease.token).await;
    assert_eq!(late.next().await.unwrap().event, "ended");
    // Who goes on from there has missed nothing.
    let mut back = daemon.events("", &[("Last-Event-ID", missed.id.as_str())]).await;
    assert_eq!(back.next().await.unwrap().event, "ended");
}

#[tokio::test]
async fn the_stream_ends_when_the_server_stops_and_a_restart_is_said_to_have_been_missed() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut stream = daemon.events("", &[]).await;
    stream.next_block().await.unwrap();
    let last = stream.last_id.clone().unwrap();
    daemon.signal(Signal::SIGTERM);
    assert_eq!(stream.next().await, None);
    let daemon = daemon.stopped().await.start().await;
    let mut back = daemon.events("", &[("Last-Event-ID", last.as_str())]).await;
    assert_eq!(back.next().await.unwrap().event, "missed");
    daemon.lease(&request_for("bench-1")).await;
    assert_eq!(back.next().await.unwrap().event, "queued");

    // A server that keeps nothing waits for its clients to leave, and not for those that watch.
    let daemon = Daemon::with(ONE_BENCH)
        .in_memory()
        .flag("--heartbeat", "100ms")
        .flag("--drain-timeout", "1h")
        .start()
        .await;
    let mut stream = daemon.events("", &[]).await;
    daemon.signal(Signal::SIGTERM);
    assert_eq!(stream.next().await, None);
    daemon.finish().await.expect_code(0);
}

#[tokio::test]
async fn a_stream_on_which_nothing_happens_says_that_it_is_there() {
    let daemon = Daemon::with(ONE_BENCH).flag("--heartbeat", "50ms").start().await;
    let mut stream = daemon.events("", &[]).await;
    stream.next_block().await.unwrap();
    for _ in 0..3 {
        assert_eq!(stream.next_block().await.unwrap(), [": heartbeat"]);
    }
}

#[tokio::test]
async fn a_stream_is_of_one_pool_and_its_place_must_be_one() {
    let daemon = Daemon::start(TWO_POOLS).await;
    daemon.get("/v1/events").await.expect_problem(400, "pool_required");
    let mut phones = daemon.events("?pool=phones", &[]).await;
    let _board = daemon.hold("pool=boards").await;
    let _phone = daemon.hold("pool=phones").await;
    let first = phones.next().await.unwrap();
    assert_eq!((first.event.as_str(), &first.data["pool"]), ("queued", &json!("phones")));
    for after in ["7", "x", "1-", "-1"] {
        let problem = daemon.get(&format!("/v1/events?pool=phones&after={after}")).await;
        assert_eq!(problem.expect_problem(400, "malformed").more["parameter"], "after");
        let header = [("Last-Event-ID", after)];
        let problem = daemon.send("GET", "/v1/events?pool=phones", &header).await;
        assert!(problem.expect_problem(400, "malformed").detail.starts_with("Last-Event-ID"));
    }
}
