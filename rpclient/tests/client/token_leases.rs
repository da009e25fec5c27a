//! Leases without a lasting connection, and what happens in a pool.

use std::time::Duration;

use futures_util::StreamExt;
use rpclient::{Error, IdempotencyKey, RequestId, Standing, Token, Watched};

use crate::fake_respod::FakeRespod;
use crate::requests::{bench_1, builder, client, problem};

const JSON: &str = "application/json";
const LEASE: &str = r#"{"id":2,"token":"s3cret","fence":7,"pool":"lab","resource":{"name":"bench-1"},"resources":[[{"name":"bench-1"}]],"since":"2026-11-21T08:15:31Z","expires":"2026-11-21T08:16:31Z"}"#;
const PENDING: &str = r#"{"id":2,"token":"s3cret","position":1,"of":1,"since":"2026-11-21T08:15:30Z","candidates":[],"candidates_total":1,"pool":"lab","ttl":"60s"}"#;

fn s3cret() -> (RequestId, Token) {
    (RequestId(2), Token::presented("s3cret"))
}

#[tokio::test]
async fn a_lease_is_asked_for_with_a_key_waited_for_and_never_shows_its_token() {
    let server = FakeRespod::start().await;
    let client = builder(&server).pool("the lab".parse().unwrap()).build();
    let key = IdempotencyKey::new("job-88").unwrap();
    let serve = async {
        let call = server.call().await;
        assert!(call.head.starts_with("POST /v1/leases?pool=the+lab "), "{}", call.head);
        assert!(call.head.contains("idempotency-key: job-88\r\n"), "{}", call.head);
        assert_eq!(call.body, r#"{"requirements":[{"resource":"bench-1"}]}"#);
        call.answer("202 Accepted", JSON, PENDING).await;
        let call = server.call().await;
        let asked = "GET /v1/requests/2?wait=5000ms&position=1&pool=the+lab ";
        assert!(call.head.starts_with(asked), "{}", call.head);
        assert!(call.head.contains("authorization: Bearer s3cret\r\n"), "{}", call.head);
        call.answer("303 See Other", JSON, LEASE).await;
    };
    let ask = async {
        let asked = client.create_lease(&bench_1(), Some(&key)).await.unwrap();
        assert_eq!((asked.id, asked.token.clone()), s3cret());
        let Standing::Waiting(pending) = &asked.standing else { panic!("{asked:?}") };
        assert_eq!((pending.request.position, &pending.request.token), (1, &None));
        assert!(!format!("{asked:?}").contains("s3cret"));
        let wait = Duration::from_secs(5);
        let standing = client.await_change(asked.id, &asked.token, wait, Some(1)).await.unwrap();
        let Standing::Granted(lease) = standing else { panic!("{standing:?}") };
        assert_eq!((lease.fence.0, lease.token.as_str()), (7, ""));
    };
    tokio::join!(serve, ask);
}

#[tokio::test]
async fn a_lease_whose_answer_was_lost_is_asked_for_again_with_the_same_key() {
    let server = FakeRespod::start().await;
    let client = client(&server);
    let serve = async {
        let key = |head: &str| {
            let line = head.lines().find(|line| line.starts_with("idempotency-key: "));
            line.unwrap().to_owned()
        };
        let first = server.call().await;
        let first_key = key(&first.head);
        drop(first);
        let second = server.call().await;
        assert_eq!(key(&second.head), first_key);
        second.answer("201 Created", JSON, LEASE).await;
    };
    let request = bench_1();
    let ((), asked) = tokio::join!(serve, client.create_lease(&request, None));
    assert!(matches!(asked.unwrap().standing, Standing::Granted(_)));
}

#[tokio::test]
async fn who_has_all_the_time_in_the_world_may_say_so() {
    let server = FakeRespod::start().await;
    let client = builder(&server).answer_timeout(Duration::MAX).build();
    let (request, (id, token)) = (bench_1(), s3cret());
    let serve = async { server.call().await.answer("202 Accepted", JSON, PENDING).await };
    tokio::join!(serve, client.create_lease(&request, None)).1.unwrap();
    let serve = async { server.call().await.answer("303 See Other", JSON, LEASE).await };
    tokio::join!(serve, client.await_change(id, &token, Duration::MAX, None)).1.unwrap();
}

#[tokio::test]
async fn why_a_lease_is_over_is_an_error_of_its_own() {
    let server = FakeRespod::start().await;
    let client = client(&server);
    let (id, token) = s3cret();
    for (reason, code) in [("expired", "expired"), ("wait_expired", "wait_expired")] {
        let gone = problem(410, "gone", &format!(r#","id":2,"reason":"{reason}""#));
        let serve = async {
            let call = server.call().await;
            assert!(call.head.starts_with("POST /v1/leases/2/renew "), "{}", call.head);
            assert_eq!(call.body, r#"{"ttl":"30s"}"#);
            call.answer("410 Gone", "application/problem+json", &gone).await;
        };
        let ttl = Some(Duration::from_secs(30));
        let ((), error) = tokio::join!(serve, client.renew(id, &token, ttl));
        assert_eq!(error.unwrap_err().code(), code);
    }
}

#[tokio::test]
async fn parts_and_guests_are_named_as_the_server_reads_them() {
    let server = FakeRespod::start().await;
    let client = client(&server);
    let (id, token) = s3cret();
    let expect = async |start: &str| {
        let call = server.call().await;
        assert!(call.head.starts_with(start), "{}", call.head);
        call.answer("204 No Content", "text/plain", "").await;
    };
    let parts = ["bench-1".parse().unwrap(), "a/b".parse().unwrap()];
    let part = client.release_part(id, &token, &parts);
    let ((), done) =
        tokio::join!(expect("DELETE /v1/leases/2?resource=bench-1&resource=a%2Fb "), part);
    done.unwrap();
    let who = "carol d/x".parse().unwrap();
    let disallow = client.disallow(id, &token, &who);
    let ((), done) = tokio::join!(expect("DELETE /v1/leases/2/allow/carol%20d%2Fx "), disallow);
    done.unwrap();
}

#[tokio::test]
async fn events_go_on_after_a_break_from_where_they_were() {
    let server = FakeRespod::start().await;
    let client = client(&server);
    let serve = async {
        let mut first = server.call().await;
        assert!(first.head.starts_with("GET /v1/events "), "{}", first.head);
        assert!(!first.head.contains("last-event-id"), "{}", first.head);
        first.begin_events("retry: 1000\nid: 9-3\n\n").await;
        first.chunk(": heartbeat\n\n").await;
        first.chunk("id: 9-4\nevent: missed\ndata: {\"pool\":\"lab\"}\n\n").await;
        first.chunk("id: 9-5\nevent: weather\ndata: {\"sky\":\"blue\"}\n\n").await;
        // It breaks in the middle of an event, which is not told, and must be sent again.
        first.chunk("id: 9-6\nevent: inventory\n").await;
        drop(first);
        server.call().await.refuse(503, "draining").await;
        let mut second = server.call().await;
        assert!(second.head.contains("last-event-id: 9-5\r\n"), "{}", second.head);
        second.begin_events(&inventory_event()).await;
        drop(second);
        server.call().await.refuse(404, "no_such_pool").await;
    };
    let watch = async {
        let events = client.events(None).await.unwrap();
        let told: Vec<_> = events.into_stream().collect().await;
        let [missed, away, back, happened, away_again, refused] = &told[..] else {
            panic!("{told:?}")
        };
        assert!(matches!(missed, Ok(Watched::Missed)), "{missed:?}");
        assert!(matches!(away, Ok(Watched::Away { .. })), "{away:?}");
        assert!(matches!(back, Ok(Watched::Back)), "{back:?}");
        let Ok(Watched::Happened(event)) = happened else { panic!("{happened:?}") };
        assert_eq!((event.id.number, event.what.code()), (6, "inventory"));
        assert!(matches!(away_again, Ok(Watched::Away { .. })), "{away_again:?}");
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    };
    tokio::join!(serve, watch);
}

fn inventory_event() -> String {
    "id: 9-6\nevent: inventory\ndata: {\"id\":\"9-6\",\"time\":\"2026-11-21T08:15:30Z\",\
     \"pool\":\"lab\",\"what\":\"inventory\",\"revision\":3}\n\n"
        .to_owned()
}
