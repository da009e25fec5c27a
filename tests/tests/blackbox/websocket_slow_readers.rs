//! Clients on a WebSocket that do not read what they are told: what can be left out is, a grant never is, and
//! the server's memory is bounded.
//!
//! The system cuts a connection of which it can send nothing for 20 seconds. So as little as possible happens
//! while a client does not read, and little is needed until its buffers are full.

use std::fmt::Write;

use bytes::Bytes;
use futures_util::SinkExt;
use respo::wire::socket::ServerMessage;
use serde_json::json;
use socket2::SockRef;
use tests::{Daemon, WebSocket, eventually};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::{Error, Message};

/// How many lists a client asks for that it does not read. One is of about a megabyte, and each is more than
/// the system keeps of a connection with small segments.
const LISTS: usize = 4;

/// One bench, others for the lists, and keys as somebody asks for them.
fn many_benches() -> String {
    let mut yaml =
        "pool:\n  name: lab\n  ephemeral: true\n  resources:\n    bench: {}\n".to_owned();
    for number in 0..1000 {
        writeln!(yaml, "    other-{number}: {{description: '{}'}}", "x".repeat(1000)).unwrap();
    }
    yaml
}

/// A client whose system takes little of what it does not read. With small segments, that of the server does,
/// too: it allows for so many of them.
async fn small_client(daemon: &Daemon) -> WebSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 << 10).unwrap();
    SockRef::from(&socket).set_tcp_mss(1024).unwrap();
    let stream = socket.connect(daemon.address()).await.unwrap();
    let mut socket = WebSocket::upgrade(stream, daemon.address(), &[]).await.unwrap();
    socket.expect_hello().await;
    socket
}

/// Asks for more than can be on its way, and reads none of it. What is said later is behind it.
async fn get_stuck(socket: &mut WebSocket) {
    for number in 0..LISTS {
        let reference = format!("list-{number}");
        socket.say(json!({"type": "list", "ref": reference, "of": "resources"})).await;
    }
    let mut seen = [0; 1000];
    eventually("the first list comes", async || {
        let count = socket.stream.get_ref().peek(&mut seen).await.unwrap();
        if count == seen.len() { Ok(()) } else { Err(format!("{count} bytes")) }
    })
    .await;
}

#[tokio::test]
async fn a_client_that_reads_late_is_told_its_newest_place_and_its_grant() {
    let daemon = Daemon::with(&many_benches()).in_memory().start().await;
    let holder = daemon.hold("resource=bench").await;
    let mut waiter = small_client(&daemon).await;
    waiter.ask("w", "bench").await;
    waiter.expect_queued("w").await;
    get_stuck(&mut waiter).await;
    // Its place changes as often as others come and go before it.
    let rounds = 8;
    for _ in 0..rounds {
        let mut other = daemon.lock("resource=bench&priority=1").await;
        let queued = other.expect_queued().await;
        assert_eq!((queued.position, queued.of), (1, 2));
        daemon.release(queued.id, &queued.token.unwrap()).await.expect_status(204);
        // It is there, though it does not read.
        waiter.send(Message::Pong(Bytes::new())).await;
    }
    holder.close();

    let mut places = 0;
    loop {
        match waiter.next_about("w").await {
            ServerMessage::Queued { .. } => places += 1,
            ServerMessage::Granted { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(places <= 2, "{places} places were told of {rounds} that it had");
    for number in 0..LISTS {
        let list = waiter.next_about(&format!("list-{number}")).await;
        assert!(matches!(list, ServerMessage::List { resources: Some(_), .. }), "{list:?}");
    }
}

#[tokio::test]
async fn a_client_that_reads_none_of_its_answers_is_closed_with_the_reason() {
    let daemon = Daemon::with(&many_benches()).in_memory().start().await;
    let mut client = small_client(&daemon).await;
    client.hold("h", "bench").await;
    let mut waiter = daemon.lock("resource=bench").await;
    waiter.expect_queued().await;
    // Each is answered with an error. When the system takes no more of these, 256 KiB are too many.
    let nonsense = json!({"type": "x".repeat(100), "ref": "y".repeat(64)}).to_string();
    tokio::select! {
        _ = waiter.expect_granted() => {}
        end = flood(&mut client, &nonsense) => panic!("the connection ended too soon: {end}"),
    }
    let (code, reason) = client.expect_close().await;
    assert_eq!((code, reason.as_str()), (1008, "more than 262144 bytes of answers are not read"));
}

/// Says the same for as long as it can be said.
async fn flood(socket: &mut WebSocket, text: &str) -> Error {
    loop {
        if let Err(error) = socket.stream.send(Message::text(text)).await {
            return error;
        }
    }
}

/// Makes three events for each of so many requests: each waits, is granted, and ends.
async fn make_events(daemon: &Daemon, requests: usize) {
    let mut busy = daemon.web_socket().await;
    for number in 0..requests {
        let request = json!({"requirements": [{"keys": [format!("key-{number}")]}]});
        busy.request(&number.to_string(), request).await;
        if number % 100 == 99 {
            busy.expect_granted(&number.to_string()).await;
        }
    }
    busy.close().await;
}

#[tokio::test]
async fn a_subscriber_that_reads_late_is_told_that_it_has_missed_some_and_what_happens_then() {
    let daemon = Daemon::with(&many_benches()).in_memory().start().await;
    let mut first = daemon.web_socket().await;
    first.say(json!({"type": "subscribe", "ref": "s"})).await;
    let subscribed = first.next_about("s").await;
    assert!(matches!(subscribed, ServerMessage::Subscribed { .. }), "{subscribed:?}");
    daemon.hold("resource=bench").await.close();
    let ServerMessage::Happened { happened, .. } = first.next_about("s").await else { panic!() };
    first.close().await;
    // 4,096 events are kept. Most of these are made beforehand, so that few are needed while it does not read.
    for _ in 0..2 {
        make_events(&daemon, 650).await;
    }
    let mut watcher = small_client(&daemon).await;
    get_stuck(&mut watcher).await;
    watcher.say(json!({"type": "subscribe", "ref": "s", "after": happened.id})).await;
    make_events(&daemon, 100).await;
    let subscribed = watcher.next_about("s").await;
    assert!(matches!(subscribed, ServerMessage::Subscribed { .. }), "{subscribed:?}");
    let mut told = 0;
    loop {
        match watcher.next_about("s").await {
            ServerMessage::Happened { .. } => told += 1,
            ServerMessage::Missed { .. } => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(told < 4096, "{told}");
    let mut busy = daemon.web_socket().await;
    let last = busy.hold("h", "bench").await;
    loop {
        let said = watcher.next_about("s").await;
        if let ServerMessage::Happened { happened, .. } = said
            && matches!(happened.what, respo::wire::Happening::Granted { lease, .. } if lease == last.id)
        {
            break;
        }
    }
}

#[tokio::test]
async fn more_messages_than_may_be_without_an_answer_are_refused_and_the_connection_lives_on() {
    let daemon = Daemon::with(&many_benches()).in_memory().start().await;
    let mut client = small_client(&daemon).await;
    get_stuck(&mut client).await;
    for number in 0..300 {
        let reference = format!("more-{number}");
        client.say(json!({"type": "list", "ref": reference, "of": "leases"})).await;
    }
    let mut refused = 0;
    for number in 0..300 {
        match client.next_about(&format!("more-{number}")).await {
            ServerMessage::List { leases: Some(_), .. } => {}
            ServerMessage::Error { problem, .. } => {
                assert_eq!(problem.code, "too_many_requests");
                assert!(problem.detail.contains("256"), "{}", problem.detail);
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    // 256 may be, some of the first lists among them.
    assert!((300 - 256..=300 - 256 + LISTS).contains(&refused), "{refused}");
    client.hold("h", "bench").await;
}
