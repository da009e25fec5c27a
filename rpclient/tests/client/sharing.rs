//! The one WebSocket that the requests of a client share.

use std::time::Duration;

use rpclient::{Error, LeaseState, LostReason, Notice, Token};
use tokio::time::timeout;

use crate::fake_respod::FakeRespod;
use crate::requests::{
    GRANTED, HEARTBEAT, MUCH_LONGER, QUEUED, bench_1, builder, client, lingering, problem,
};
use crate::sockets::Socket;
use crate::surface::Surface;

const ENDED: &str =
    r#"{"event":"ended","id":2,"reason":"revoked","detail":"an administrator did"}"#;

/// The same line about another request.
fn of_request(line: &str, id: u64) -> String {
    line.replace(r#""id":2"#, &format!(r#""id":{id}"#))
}

async fn speaking_websocket() -> FakeRespod {
    FakeRespod::speaking(Surface::Socket).await
}

#[tokio::test]
async fn requests_of_a_client_and_its_clones_share_a_connection_and_each_is_told_its_own() {
    let server = speaking_websocket().await;
    let client = builder(&server).pool("lab".parse().unwrap()).build();
    let serve = async {
        let mut socket = server.socket().await;
        let (first, second) = (socket.message().await, socket.message().await);
        for message in [&first, &second] {
            assert_eq!((&message["type"], &message["pool"]), (&"request".into(), &"lab".into()));
            assert_eq!(message["idempotency_key"].as_str().unwrap().len(), 32);
        }
        assert_ne!(first["idempotency_key"], second["idempotency_key"]);
        let reference = |message: &serde_json::Value| message["ref"].as_str().unwrap().to_owned();
        // In another order than they were asked.
        socket.say_of(&reference(&second), &of_request(QUEUED, 3)).await;
        socket.say_of(&reference(&first), GRANTED).await;
        socket.say_of("unheard of", GRANTED).await;
        socket.say_of(&reference(&second), ENDED).await;
        socket
    };
    let (clone, (one, other)) = (client.clone(), (bench_1(), lingering()));
    let ask = async { tokio::join!(client.acquire(&one), clone.request(&other)) };
    let (mut socket, (lease, pending)) = tokio::join!(serve, ask);
    let (lease, mut pending) = (lease.unwrap(), pending.unwrap());
    assert_eq!((lease.id().0, pending.id().0), (2, 3));
    assert!(matches!(pending.next().await, Some(Notice::Queued(_))));
    assert!(matches!(pending.next().await, Some(Notice::Ended(_))));
    assert_eq!(pending.granted().await.unwrap_err().code(), "revoked");
    assert_eq!(lease.state(), LeaseState::Held);

    // It is open for as long as something needs it. What is dropped is given back.
    drop(lease);
    let cancelled = socket.message().await;
    assert_eq!((&cancelled["type"], &cancelled["id"]), (&"cancel".into(), &2.into()));
    assert_eq!(socket.hear().await, None);
}

#[tokio::test]
async fn a_release_is_said_on_the_same_connection_and_answered() {
    let server = speaking_websocket().await;
    let client = client(&server);
    let bench = bench_1();
    for refusal in [None, Some("draining"), Some("store_unavailable")] {
        let serve = async {
            let mut socket = server.socket().await;
            socket.message().await;
            socket.say(GRANTED).await;
            let expect_release = async |socket: &mut Socket| {
                let release = socket.message().await;
                assert_eq!((&release["type"], &release["id"]), (&"cancel".into(), &2.into()));
                assert_eq!(release["token"], "s3cret");
            };
            expect_release(&mut socket).await;
            if let Some(code) = refusal {
                // It is held yet: others keep the connection.
                socket.say(&refused(code)).await;
                expect_release(&mut socket).await;
            }
            socket.say(r#"{"event":"done"}"#).await;
            while socket.hear().await.is_some() {}
        };
        let hold = async { client.acquire(&bench).await.unwrap().release().await };
        let ((), released) = tokio::join!(serve, hold);
        released.unwrap();
    }
}

fn refused(code: &str) -> String {
    format!(r#"{{"event":"error","problem":{}}}"#, problem(503, code, ""))
}

#[tokio::test]
async fn a_release_that_a_server_refuses_to_the_end_is_an_error() {
    let server = speaking_websocket().await;
    let client = builder(&server).answer_timeout(Duration::from_millis(300)).build();
    let bench = bench_1();
    let serve = async {
        let mut socket = server.socket().await;
        socket.message().await;
        socket.say(GRANTED).await;
        while socket.hear().await.is_some() {
            socket.say(&refused("store_unavailable")).await;
        }
    };
    let hold = async { client.acquire(&bench).await.unwrap().release().await };
    let ((), released) = tokio::join!(serve, hold);
    assert_eq!(released.unwrap_err().code(), "store_unavailable");
}

#[tokio::test]
async fn what_is_dropped_is_given_back_until_the_server_has_done_it() {
    let server = speaking_websocket().await;
    let client = client(&server);
    let bench = bench_1();
    let serve = async {
        let mut socket = server.socket().await;
        for id in [2, 3] {
            socket.message().await;
            socket.say(&of_request(GRANTED, id)).await;
        }
        for answer in [&refused("store_unavailable"), r#"{"event":"done"}"#] {
            let cancelled = socket.message().await;
            assert_eq!((&cancelled["type"], &cancelled["id"]), (&"cancel".into(), &2.into()));
            socket.say(answer).await;
        }
        socket
    };
    let hold = async {
        let first = client.acquire(&bench).await.unwrap();
        // The second keeps the connection, whose end would say the same.
        let second = client.acquire(&bench).await.unwrap();
        drop(first);
        second
    };
    let (mut socket, second) = tokio::join!(serve, hold);
    drop(second);
    assert_eq!(socket.message().await["id"], 3);
}

#[tokio::test]
async fn what_lingers_is_not_given_back_when_it_is_dropped() {
    let server = speaking_websocket().await;
    let client = client(&server);
    let request = lingering();
    let serve = async {
        let mut socket = server.socket().await;
        socket.message().await;
        socket.say(GRANTED).await;
        // Nothing is said: the end of the connection begins its linger.
        assert_eq!(socket.hear().await, None);
    };
    let hold = async { drop(client.acquire(&request).await.unwrap()) };
    tokio::join!(serve, hold);
}

#[tokio::test]
async fn who_gives_up_before_the_answer_leaves_nothing_behind_on_a_shared_connection() {
    let server = speaking_websocket().await;
    let client = client(&server);
    let bench = bench_1();
    let (mut socket, lease) = tokio::join!(
        async {
            let mut socket = server.socket().await;
            socket.message().await;
            socket.say(GRANTED).await;
            socket
        },
        client.acquire(&bench)
    );
    let lease = lease.unwrap();
    {
        let mut asking = std::pin::pin!(client.request(&bench));
        tokio::select! {
            _ = &mut asking => panic!("nobody has answered"),
            message = socket.message() => assert_eq!(message["type"], "request"),
        }
    }
    // The answer comes all the same, with an id under which the request can be taken back.
    socket.say(&of_request(QUEUED, 9)).await;
    let cancelled = socket.message().await;
    assert_eq!((&cancelled["type"], &cancelled["id"]), (&"cancel".into(), &9.into()));
    assert_eq!(lease.state(), LeaseState::Held);
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_is_made_again_with_its_key() {
    let server = speaking_websocket().await;
    let client = client(&server);
    let bench = bench_1();
    let serve = async {
        let mut socket = server.socket().await;
        let first = socket.message().await;
        drop(socket);
        let mut socket = server.socket().await;
        let second = socket.message().await;
        assert_eq!(first["idempotency_key"], second["idempotency_key"]);
        assert_eq!(first["request"], second["request"]);
        // What it had made has ended with its connection: now it is another request.
        let spent = problem(409, "key_spent", "");
        socket.say(&format!(r#"{{"event":"error","problem":{spent}}}"#)).await;
        let third = socket.message().await;
        assert_ne!(third["idempotency_key"], second["idempotency_key"]);
        socket.say(GRANTED).await;
        socket
    };
    let (_socket, lease) = tokio::join!(serve, client.acquire(&bench));
    assert_eq!(lease.unwrap().fence().0, 7);
}

#[tokio::test]
async fn a_refusal_is_the_error_that_it_is_over_http() {
    let server = speaking_websocket().await;
    let client = client(&server);
    let bench = bench_1();
    let refuse = async |problem: String| {
        let serve = async {
            let mut socket = server.socket().await;
            socket.message().await;
            socket.say(&format!(r#"{{"event":"error","problem":{problem}}}"#)).await;
        };
        tokio::join!(serve, client.acquire(&bench)).1.unwrap_err()
    };
    let candidates = r#","candidates":[{"resource":"bench-1","state":"leased"}]"#;
    let error = refuse(problem(409, "busy", candidates)).await;
    assert!(matches!(&error, Error::Busy { candidates, .. } if candidates.len() == 1), "{error:?}");
    // Only what was asked before may have made what a key is spent for.
    assert_eq!(refuse(problem(409, "key_spent", "")).await.code(), "key_spent");
}

#[tokio::test]
async fn pings_are_answered_and_are_signs_of_the_server() {
    let server = speaking_websocket().await;
    let client = builder(&server).silence_limit(MUCH_LONGER).build();
    let bench = bench_1();
    let serve = async {
        let mut socket = server.socket().await;
        socket.message().await;
        socket.say(GRANTED).await;
        socket
    };
    let (mut socket, lease) = tokio::join!(serve, client.acquire(&bench));
    let lease = lease.unwrap();
    let mut ticks = tokio::time::interval(MUCH_LONGER / 3);
    for _ in 0..6 {
        ticks.tick().await;
        socket.say(HEARTBEAT).await;
        socket.pong().await;
    }
    assert_eq!(lease.state(), LeaseState::Held);
    // Then there are none.
    let Ok(LostReason::Silent(limit)) = timeout(MUCH_LONGER * 5, lease.lost()).await else {
        panic!()
    };
    assert_eq!(limit, MUCH_LONGER);
}

#[tokio::test]
async fn all_leases_are_taken_up_again_on_one_new_connection() {
    let server = speaking_websocket().await;
    let client = client(&server);
    let bench = bench_1();
    let serve = async {
        let mut socket = server.socket().await;
        for id in [2, 3] {
            socket.message().await;
            socket.say(&of_request(GRANTED, id).replace("s3cret", &format!("s3cret-{id}"))).await;
        }
        socket
    };
    let ask =
        async { (client.acquire(&bench).await.unwrap(), client.acquire(&bench).await.unwrap()) };
    let (socket, (mut first, mut second)) = tokio::join!(serve, ask);
    drop(socket);
    let mut socket = server.socket().await;
    for _ in 0..2 {
        let message = socket.message().await;
        assert_eq!(message["type"], "resume");
        let id = message["token"].as_str().unwrap().strip_prefix("s3cret-").unwrap();
        socket.say(&of_request(GRANTED, id.parse().unwrap())).await;
    }
    for lease in [&mut first, &mut second] {
        while lease.state_changed().await != LeaseState::Held {}
    }
}

#[tokio::test]
async fn where_the_upgrade_is_refused_the_lock_stream_is_used_and_the_upgrade_not_tried_again() {
    let server = speaking_websocket().await;
    let client = client(&server);
    let bench = bench_1();
    for (round, status) in ["404 Not Found", "426 Upgrade Required", "200 OK"].iter().enumerate() {
        let client = if round == 0 { client.clone() } else { crate::requests::client(&server) };
        let serve = async {
            let call = server.call().await;
            assert!(call.head.starts_with("GET /ws HTTP/1.1"), "{}", call.head);
            call.answer(status, "text/html", "<html>").await;
            let mut stream = server.call().await;
            assert!(stream.head.starts_with("POST /lock?"), "{}", stream.head);
            stream.begin_stream(GRANTED).await;
            stream
        };
        let (_stream, lease) = tokio::join!(serve, client.acquire(&bench));
        assert_eq!(lease.unwrap().fence().0, 7);
    }
    let serve = async {
        let mut stream = server.call().await;
        assert!(stream.head.starts_with("POST /lock?"), "{}", stream.head);
        stream.begin_stream(GRANTED).await;
        stream
    };
    let (_stream, lease) = tokio::join!(serve, client.acquire(&bench));
    assert_eq!(lease.unwrap().fence().0, 7);
}

#[tokio::test]
async fn what_may_pass_is_no_refusal_of_the_upgrade() {
    let server = speaking_websocket().await;
    let client = client(&server);
    let bench = bench_1();
    let overloaded = problem(503, "overloaded", "");
    for (status, media_type, body, code) in [
        ("502 Bad Gateway", "text/html", "<html>", "unreachable"),
        ("503 Service Unavailable", "application/problem+json", overloaded.as_str(), "overloaded"),
    ] {
        let serve = async { server.call().await.answer(status, media_type, body).await };
        let ((), error) = tokio::join!(serve, client.acquire(&bench));
        assert_eq!(error.unwrap_err().code(), code);
    }
}

#[tokio::test]
async fn a_lease_is_taken_up_by_its_token_alone() {
    for surface in [Surface::Socket, Surface::Lines] {
        let server = FakeRespod::speaking(surface).await;
        let (client, token) = (client(&server), Token::presented("s3cret"));
        let (stream, pending) = tokio::join!(server.stream(GRANTED), client.resume(&token));
        assert!(stream.resumes("s3cret"), "{}", stream.head);
        let lease = pending.unwrap().granted().await.unwrap();
        assert_eq!((lease.id().0, lease.token()), (2, &token));

        let refuse = async { server.request().await.refuse(403, "wrong_token").await };
        drop((stream, lease));
        let (error, ()) = tokio::join!(client.resume(&token), refuse);
        assert_eq!(error.unwrap_err().code(), "wrong_token");
    }
}

#[tokio::test]
async fn an_upgrade_that_is_never_answered_is_given_up() {
    let server = speaking_websocket().await;
    let client = builder(&server).answer_timeout(Duration::from_millis(100)).build();
    let bench = bench_1();
    let (_call, error) = tokio::join!(server.call(), client.acquire(&bench));
    assert!(matches!(error, Err(Error::Unreachable { .. })), "{error:?}");
}
