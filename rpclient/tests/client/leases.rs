//! What the library makes of what a server says and does.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod fake_respod;

use std::time::Duration;

use fake_respod::FakeRespod;
use rpclient::respo::EndReason;
use rpclient::{
    Client, Error, Hold, Label, LeaseState, LostReason, Name, Notice, Request, Selector,
};

const QUEUED: &str = r#"{"event":"queued","request":{"id":2,"token":"s3cret","position":1,"of":1,"since":"2026-11-21T08:15:30.250000Z","candidates":[{"resource":"bench-1","state":"leased","lease":{"id":1,"fence":1,"holder":"ci-88","since":"2026-11-21T08:10:02.100000Z"}}],"candidates_total":1}}"#;
const GRANTED: &str = r#"{"event":"granted","lease":{"id":2,"token":"s3cret","fence":7,"pool":"lab","resource":{"name":"bench-1","entities":{"dut":{"attributes":["arm64"],"properties":{"key":"pr0perty"}}}},"since":"2026-11-21T08:15:31.250000Z"}}"#;
const HEARTBEAT: &str = r#"{"event":"heartbeat","time":"2026-11-21T08:15:35.250000Z"}"#;

fn client(server: &FakeRespod) -> Client {
    Client::new(&server.url()).unwrap()
}

fn bench_1() -> Request {
    Request::one(Selector::named(Name::new("bench-1").unwrap()))
}

fn lingering() -> Request {
    let mut request = bench_1();
    request.hold = Hold::Connection { linger: Duration::from_secs(60) };
    request
}

#[tokio::test]
async fn a_request_waits_is_granted_and_is_released_with_its_token() {
    let bench = &bench_1();
    let server = FakeRespod::start().await;
    let client = Client::builder(&server.url())
        .unwrap()
        .holder(Label::new("alice").unwrap())
        .pool(Label::new("the lab").unwrap())
        .build();
    let serve = async {
        let mut stream = server.stream(QUEUED).await;
        assert!(stream.head.starts_with("POST /lock?"), "{}", stream.head);
        assert!(stream.head.contains("resource=bench-1"), "{}", stream.head);
        assert!(stream.head.contains("name=alice"), "{}", stream.head);
        let (half, rest) = GRANTED.split_at(100);
        stream.line(HEARTBEAT).await;
        stream.line(r#"{"event":"not invented yet"}"#).await;
        stream.chunk(half).await;
        stream.chunk(&format!("{rest}\n")).await;

        let release = server.request().await;
        assert!(release.head.starts_with("DELETE /v1/leases/2?pool=the+lab "), "{}", release.head);
        assert!(release.head.contains("authorization: Bearer s3cret\r\n"), "{}", release.head);
        release.answer("204 No Content", "text/plain", "").await;
        stream.closed().await;
    };
    let ask = async {
        let mut pending = client.request(bench).await.unwrap();
        let Some(Notice::Queued(place)) = pending.next().await else { panic!("not queued") };
        assert_eq!((place.position, place.token), (1, None));
        assert_eq!(pending.next().await, None);
        let lease = pending.granted().await.unwrap();
        assert_eq!((lease.fence().0, lease.resource().name.as_str()), (7, "bench-1"));
        let shown = format!("{lease:?} {client:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("pr0perty"), "{shown}");
        assert_eq!(lease.state(), LeaseState::Held);
        lease.release().await.unwrap();
    };
    tokio::join!(serve, ask);
}

#[tokio::test]
async fn dropping_a_lease_or_a_waiting_request_closes_its_connection() {
    let bench = &bench_1();
    let server = FakeRespod::start().await;
    let client = client(&server);
    for first in [QUEUED, GRANTED] {
        let (stream, pending) =
            tokio::join!(server.stream(first), async { client.request(bench).await.unwrap() });
        if first == GRANTED {
            drop(pending.granted().await.unwrap());
        } else {
            drop(pending);
        }
        stream.closed().await;
    }
}

#[tokio::test]
async fn a_loss_is_known_to_whoever_asks_later_and_stops_the_work_that_needs_the_lease() {
    let bench = &bench_1();
    let server = FakeRespod::start().await;
    let client = client(&server);
    let ended = r#"{"event":"ended","id":2,"reason":"max_duration","detail":"it was long enough"}"#;
    let (mut stream, lease) = tokio::join!(server.stream(GRANTED), client.acquire(bench));
    let mut lease = lease.unwrap();

    stream.line(r#"{"event":"draining","deadline_seconds":10}"#).await;
    let draining = LeaseState::Draining { deadline: Duration::from_secs(10) };
    assert_eq!(lease.state_changed().await, draining);

    let work = std::future::pending::<()>();
    let (lost, ()) = tokio::join!(lease.while_held(work), stream.line(ended));
    let Err(LostReason::Ended(ending)) = lost else { panic!("{lost:?}") };
    assert_eq!(ending.reason, Some(EndReason::MaxDuration));
    assert_eq!(ending.to_string(), "it was long enough");
    assert!(matches!(lease.state(), LeaseState::Lost(_)));
    let Err(LostReason::Ended(_)) = lease.while_held(async { panic!("it ran") }).await else {
        panic!("the work began without a lease")
    };
}

#[tokio::test]
async fn a_lease_without_linger_is_lost_with_its_connection() {
    let bench = &bench_1();
    let server = FakeRespod::start().await;
    let (stream, lease) = tokio::join!(server.stream(GRANTED), async {
        client(&server).acquire(bench).await.unwrap()
    });
    drop(stream);
    let reason = lease.lost().await;
    assert!(matches!(reason, LostReason::Disconnected(_)), "{reason:?}");
}

#[tokio::test]
async fn a_server_that_says_nothing_for_too_long_counts_as_gone() {
    let bench = &bench_1();
    let server = FakeRespod::start().await;
    let limit = Duration::from_millis(200);
    let client = Client::builder(&server.url()).unwrap().silence_limit(limit).build();
    let (_stream, lease) =
        tokio::join!(server.stream(GRANTED), async { client.acquire(bench).await.unwrap() });
    assert_eq!(lease.lost().await, LostReason::Silent(limit));

    let (_stream, error) =
        tokio::join!(server.stream(QUEUED), async { client.acquire(bench).await.unwrap_err() });
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_lingering_lease_survives_its_connection() {
    let lingering = &lingering();
    let server = FakeRespod::start().await;
    let client = client(&server);
    let (stream, lease) = tokio::join!(server.stream(GRANTED), client.acquire(lingering));
    let mut lease = lease.unwrap();
    drop(stream);
    let away = lease.state_changed().await;
    assert!(matches!(away, LeaseState::Away { .. }), "{away:?}");

    // The first attempt finds something else than a respod, as while a proxy has nothing behind it.
    server.request().await.answer("502 Bad Gateway", "text/html", "<html>").await;
    let stream = server.stream(GRANTED).await;
    assert!(stream.head.starts_with("POST /lock?resume=s3cret "), "{}", stream.head);
    assert_eq!(lease.state_changed().await, LeaseState::Held);

    // The next time, the server has forgotten it.
    drop(stream);
    let forgotten = r#"{"type":"urn:respo:problem:no_request","title":"no such request","status":404,"code":"no_request","detail":"it has ended"}"#;
    server.request().await.answer("404 Not Found", "application/problem+json", forgotten).await;
    assert_eq!(lease.lost().await, LostReason::Gone("it has ended".to_owned()));
}

#[tokio::test]
async fn a_lingering_request_keeps_its_place_when_its_connection_breaks() {
    let lingering = &lingering();
    let server = FakeRespod::start().await;
    let client = client(&server);
    let (stream, pending) = tokio::join!(server.stream(QUEUED), client.request(lingering));
    let mut pending = pending.unwrap();
    assert!(matches!(pending.next().await, Some(Notice::Queued(_))));
    drop(stream);
    assert!(matches!(pending.next().await, Some(Notice::Away { .. })));
    let (stream, lease) = tokio::join!(server.stream(GRANTED), pending.granted());
    assert!(stream.head.contains("resume=s3cret"), "{}", stream.head);
    assert_eq!(lease.unwrap().fence().0, 7);
}

#[tokio::test]
async fn each_refusal_is_an_error_of_its_own() {
    let bench = &bench_1();
    let server = FakeRespod::start().await;
    let client = client(&server);
    let problem = |status: u16, code: &str, more: &str| {
        format!(
            r#"{{"type":"urn:respo:problem:{code}","title":"t","status":{status},"code":"{code}","detail":"what happened"{more}}}"#
        )
    };
    let refuse = async |status: u16, body: String| {
        let (exchange, error) = tokio::join!(
            async {
                let exchange = server.request().await;
                exchange.answer(&format!("{status} No"), "application/problem+json", &body).await;
            },
            client.acquire(bench)
        );
        let () = exchange;
        error.unwrap_err()
    };
    let candidates = r#","candidates":[{"resource":"bench-1","state":"leased"},{"state":"odd"}]"#;
    let error = refuse(409, problem(409, "busy", candidates)).await;
    let Error::Busy { detail, candidates } = error else { panic!("{error:?}") };
    assert_eq!((detail.as_str(), candidates.len()), ("what happened", 1));

    let parts = r#","parts":[{"part":"location","value":"moon","detail":"nothing is there"}]"#;
    let error = refuse(404, problem(404, "no_such", parts)).await;
    let Error::NoSuch { parts, .. } = error else { panic!("{error:?}") };
    assert_eq!(parts[0].value, "moon");

    let error = refuse(503, problem(503, "draining", "")).await;
    assert!(error.is_temporary());
    assert_eq!((error.code(), error.to_string().as_str()), ("draining", "what happened"));
    assert!(!refuse(401, problem(401, "unauthorized", "")).await.is_temporary());
}

#[tokio::test]
async fn an_end_while_waiting_is_told_by_its_reason() {
    let bench = &bench_1();
    let server = FakeRespod::start().await;
    let client = client(&server);
    for (reason, code) in [
        ("wait_expired", "wait_expired"),
        ("no_such", "no_such"),
        ("revoked", "revoked"),
        ("not invented yet", "not invented yet"),
    ] {
        let lines = format!("{QUEUED}\n{{\"event\":\"ended\",\"id\":2,\"reason\":\"{reason}\"}}");
        let (_stream, error) = tokio::join!(server.stream(&lines), client.acquire(bench));
        assert_eq!(error.unwrap_err().code(), code);
    }
}

#[tokio::test]
async fn what_is_not_a_respod_is_told_apart_from_what_is_not_there() {
    let bench = &bench_1();
    let server = FakeRespod::start().await;
    let client = client(&server);
    for (status, media_type) in [("200 OK", "text/html"), ("404 Not Found", "text/html")] {
        let (error, ()) = tokio::join!(client.acquire(bench), async {
            server.request().await.answer(status, media_type, "<html>").await;
        });
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Protocol { .. }), "{error:?}");
        let (error, ()) = tokio::join!(client.overview(), async {
            server.request().await.answer(status, media_type, "<html>").await;
        });
        assert!(matches!(error.unwrap_err(), Error::Protocol { .. }));
    }

    let url = server.url();
    drop(server);
    let error = client.acquire(bench).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains(&url), "{error}");
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_not_waited_for_for_ever() {
    let bench = &bench_1();
    let server = FakeRespod::start().await;
    let limit = Duration::from_millis(200);
    let client = Client::builder(&server.url()).unwrap().answer_timeout(limit).build();
    let (_exchange, error) = tokio::join!(server.request(), client.overview());
    assert!(matches!(error.unwrap_err(), Error::Unreachable { .. }));
    // It promises a stream, and then there is none.
    let (_exchange, error) = tokio::join!(server.stream(HEARTBEAT), client.acquire(bench));
    assert!(matches!(error.unwrap_err(), Error::Unreachable { .. }));
}
