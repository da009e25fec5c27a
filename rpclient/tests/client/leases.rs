//! Leases and waiting requests whose connection holds, and the calls that make them.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use rpclient::respo::EndReason;
use rpclient::respo::wire::GrantedResource;
use rpclient::{Client, Error, Hold, Label, LeaseState, LostReason, Notice, Request, Token, Wait};
use tokio::time::timeout;

use crate::fake_respod::FakeRespod;
use crate::requests::{
    GRANTED, GRANTED_THREE, HEARTBEAT, MUCH_LONGER, QUEUED, RESOURCES, SHORT, bench_1, builder,
    client, held, held_as, problem,
};
use crate::surface::Surface;

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
        let Some(Notice::Granted(granted)) = pending.next().await else { panic!("not granted") };
        assert_eq!((granted.fence.0, granted.token.as_str()), (7, ""));
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
async fn a_lease_of_several_resources_has_them_for_each_requirement_with_their_pairing() {
    let server = FakeRespod::start().await;
    let (_stream, lease) = held_as(GRANTED_THREE, &server, &client(&server), &bench_1()).await;
    let names = |resources: &[GrantedResource]| {
        resources.iter().map(|it| it.name.to_string()).collect::<Vec<_>>().join(" ")
    };
    let per_requirement: Vec<String> = lease.resources().iter().map(|one| names(one)).collect();
    assert_eq!(per_requirement, ["phone-2 phone-1", "relay-1"]);
    assert_eq!(
        names(&lease.all_resources().cloned().collect::<Vec<_>>()),
        "phone-2 phone-1 relay-1"
    );
    assert_eq!(lease.resource().name.as_str(), "phone-2");
    assert_eq!(lease.resource().pairing[0].as_str(), "sim");
    assert!(lease.only_resource().is_none());

    let (_stream, lease) = held(&server, &client(&server), &bench_1()).await;
    assert_eq!(lease.only_resource().unwrap().name.as_str(), "bench-1");
}

#[tokio::test]
async fn a_request_for_several_things_is_the_body_of_the_call_and_is_resumed_without_one() {
    let server = FakeRespod::start().await;
    let settings = builder(&server).holder(Label::new("alice").unwrap());
    let client = settings.pool(Label::new("the lab").unwrap()).build();
    let needs = ["2 +phone platform=android @s", "+relay @s"].map(|text| text.parse().unwrap());
    let mut request = Request::new(needs.to_vec()).unwrap();
    request.wait = Wait::UpTo(Duration::from_secs(600));
    let (stream, lease) = held_as(GRANTED_THREE, &server, &client, &request).await;
    assert!(stream.head.starts_with("POST /lock?pool=the+lab "), "{}", stream.head);
    assert!(stream.head.contains("content-type: application/json\r\n"), "{}", stream.head);
    assert!(stream.head.contains("accept: application/x-ndjson\r\n"), "{}", stream.head);
    let asked = Request::from_json(stream.body.as_bytes()).unwrap();
    assert_eq!(asked.requirements(), request.requirements());
    assert_eq!((asked.wait, asked.holder.unwrap().as_str()), (request.wait, "alice"));

    drop(stream);
    let stream = server.stream(GRANTED_THREE).await;
    assert!(stream.head.starts_with("POST /lock?resume=s3cret&pool="), "{}", stream.head);
    assert!(!stream.head.contains("content-type"), "{}", stream.head);
    assert_eq!(stream.body, "");
    drop(lease);
}

#[tokio::test]
async fn the_server_is_asked_which_resources_match() {
    let server = FakeRespod::start().await;
    let client = builder(&server).pool(Label::new("the lab").unwrap()).build();
    let selector = "attributes=can&property=platform=android".parse().unwrap();
    let serve = async {
        let exchange = server.request().await;
        let asked = "GET /v1/resources?attributes=[can]&property=platform=android&pool=the+lab ";
        assert!(exchange.head.starts_with(asked), "{}", exchange.head);
        exchange.answer("200 OK", "application/json", RESOURCES).await;
    };
    let (listed, ()) = tokio::join!(client.resources(&selector), serve);
    let listed = listed.unwrap();
    let names = listed.iter().map(|one| (one.pool.as_str(), one.resource.name.as_str()));
    assert_eq!(names.collect::<Vec<_>>(), [("lab", "bench-1"), ("phones", "phone-1")]);
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
    // Whoever has not looked before learns it when giving the lease back.
    let Err(Error::Lost(LostReason::Ended(_))) = lease.release().await else {
        panic!("the loss was passed over")
    };
}

#[tokio::test]
async fn those_who_watch_a_lease_are_told_what_its_holder_is() {
    let server = FakeRespod::start().await;
    let (mut stream, lease) = held(&server, &client(&server), &bench_1()).await;
    let (mut watch, states) = (lease.watch(), lease.watch().states());
    assert_eq!(watch.state(), LeaseState::Held);
    stream.line(r#"{"event":"draining","deadline_seconds":10}"#).await;
    let draining = LeaseState::Draining { deadline: Duration::from_secs(10) };
    assert_eq!(watch.changed().await, draining);
    drop(lease);
    assert!(matches!(watch.lost().await, LostReason::Disconnected(_)));
    assert!(matches!(watch.state(), LeaseState::Lost(_)));
    let states: Vec<LeaseState> = states.collect().await;
    assert_eq!(states.first(), Some(&LeaseState::Held));
    assert!(matches!(states.last(), Some(LeaseState::Lost(_))), "{states:?}");
}

#[tokio::test]
async fn each_refusal_is_an_error_of_its_own() {
    let bench = &bench_1();
    let server = FakeRespod::start().await;
    let client = client(&server);
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
    let Error::Busy { detail, candidates, limit: None } = error else { panic!("{error:?}") };
    assert_eq!((detail.as_str(), candidates.len()), ("what happened", 1));
    let limit = r#","candidates":[],"limit":"one holder may have 3 leases at a time""#;
    let error = refuse(409, problem(409, "busy", limit)).await;
    let Error::Busy { limit: Some(limit), .. } = error else { panic!("{error:?}") };
    assert!(limit.contains("3 leases"), "{limit}");

    let parts = r#","parts":[{"part":"location","value":"moon","detail":"nothing is there"},
        {"requirement":2,"part":"where","value":"false","detail":"it is true of nothing"}]"#;
    let error = refuse(404, problem(404, "no_such", parts)).await;
    let Error::NoSuch { parts, .. } = error else { panic!("{error:?}") };
    assert_eq!((parts[0].value.as_str(), parts[0].requirement), ("moon", None));
    assert_eq!((parts[1].value.as_str(), parts[1].requirement), ("false", Some(2)));

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
async fn a_proxy_without_a_respod_behind_it_is_a_respod_that_cannot_be_reached() {
    let server = FakeRespod::start().await;
    let client = client(&server);
    for status in ["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout"] {
        let (error, ()) = tokio::join!(client.overview(), async {
            server.request().await.answer(status, "text/html", "<html>").await;
        });
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
        assert!(error.to_string().contains(status), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_not_waited_for_for_ever() {
    let bench = &bench_1();
    let server = FakeRespod::start().await;
    let client = builder(&server).answer_timeout(SHORT).build();
    let (_exchange, error) = tokio::join!(server.request(), client.overview());
    assert!(matches!(error.unwrap_err(), Error::Unreachable { .. }));
    // It promises a stream, and then there is none.
    let (_exchange, error) = tokio::join!(server.stream(HEARTBEAT), client.acquire(bench));
    assert!(matches!(error.unwrap_err(), Error::Unreachable { .. }));
}

/// What the server says of a lease that ends after so many seconds unless it is renewed.
fn granted_for(seconds: f64) -> String {
    let end = format!(
        r#""since":"2026-11-21T08:15:31.25Z","expires":"2026-11-21T08:15:{:.2}Z"}}}}"#,
        31.25 + seconds
    );
    GRANTED.replace(r#""since":"2026-11-21T08:15:31.250000Z"}}"#, &end)
}

#[tokio::test]
async fn a_lease_with_a_ttl_is_renewed_for_as_long_as_it_is_held() {
    let server = FakeRespod::speaking(Surface::Socket).await;
    let client = client(&server);
    let mut request = bench_1();
    request.hold = Hold::Ttl { ttl: Duration::from_secs(1) };
    for is_own in [true, false] {
        let serve = async {
            let mut socket = server.socket().await;
            socket.message().await;
            // The greeting was at 08:15:30.
            socket.say(&granted_for(1.0)).await;
            for expires in ["08:15:32.6Z", "08:15:33Z"] {
                let renewal = socket.message().await;
                assert_eq!((&renewal["type"], &renewal["id"]), (&"renew".into(), &2.into()));
                assert_eq!(renewal["token"], "s3cret");
                let renewed =
                    format!(r#"{{"event":"renewed","id":2,"expires":"2026-11-21T{expires}"}}"#);
                socket.say(&renewed).await;
            }
            // What it says next is said after it has read that.
            assert_eq!(socket.message().await["type"], "renew");
            socket
        };
        let hold = async {
            match is_own {
                true => client.acquire(&request).await.unwrap(),
                false => {
                    let pending = client.resume(&Token::presented("s3cret")).await.unwrap();
                    pending.granted().await.unwrap()
                }
            }
        };
        let (_socket, lease) = tokio::join!(serve, hold);
        assert_eq!(lease.expires(), Some("2026-11-21T08:15:33Z".parse().unwrap()));
        assert_eq!(lease.state(), LeaseState::Held);
    }
}

#[tokio::test]
async fn a_lease_is_lost_at_its_end_also_while_the_server_is_known_to_be_away() {
    for surface in [Surface::Socket, Surface::Lines] {
        let server = FakeRespod::speaking(surface).await;
        let mut request = bench_1();
        request.max_duration = Some(Duration::from_secs(1));
        let client = client(&server);
        let (stream, mut lease) = held_as(&granted_for(1.0), &server, &client, &request).await;
        let _stopped = server.stop();
        drop(stream);
        let away = lease.state_changed().await;
        let LeaseState::Away { until: Some(until), .. } = away else { panic!("{away:?}") };
        assert!(until <= Instant::now() + Duration::from_secs(1));
        let reason = timeout(MUCH_LONGER, lease.lost()).await.unwrap();
        assert!(reason.to_string().contains("the time of the lease was over"), "{reason}");
    }
}
