//! Clients on a WebSocket that do not read what they are told: what can be left out is, a grant never is, and
//! the server's memory is bounded.

use std::fmt::Write;

use respo::wire::socket::ServerMessage;
use serde_json::json;
use tests::{Daemon, WebSocket, eventually};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::Message;

/// How many lists a client asks for that it does not read. One is of about a megabyte, and together they are
/// more than the system keeps of a connection.
const LISTS: usize = 12;

/// One bench, others for the lists, and keys as somebody asks for them.
fn many_benches() -> String {
    let mut yaml =
        "pool:\n  name: lab\n  ephemeral: true\n  resources:\n    bench: {}\n".to_owned();
    for number in 0..1000 {
        writeln!(yaml, "    other-{number}: {{description: '{}'}}", "x".repeat(1000)).unwrap();
    }
    yaml
}

/// A client whose system takes little of what it does not read.
async fn small_client(daemon: &Daemon) -> WebSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
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
    get_stuck(&mut client).await;
    let mut waiter = daemon.lock("resource=bench").await;
    waiter.expect_queued().await;
    // Each is answered with an error of some hundred bytes, and 256 KiB of these are too many. The server
    // may have closed the connection before it has them all.
    for _ in 0..3000 {
        if client.try_send(Message::text("what?")).await.is_err() {
            break;
        }
    }
    waiter.expect_granted().await;
    let (code, reason) = client.expect_close().await;
    assert_eq!((code, reason.as_str()), (1008, "more than 262144 bytes of answers are not read"));
}

#[tokio::test]
async fn a_subscriber_that_reads_late_is_told_that_it_has_missed_some_and_what_happens_then() {
    let daemon = Daemon::with(&many_benches()).in_memory().start().await;
    let mut watcher = small_client(&daemon).await;
    watcher.say(json!({"type": "subscribe", "ref": "s"})).await;
    let subscribed = watcher.next_about("s").await;
    assert!(matches!(subscribed, ServerMessage::Subscribed { .. }), "{subscribed:?}");
    get_stuck(&mut watcher).await;
    // More than the 4,096 events that are kept: three for each request.
    for _ in 0..2 {
        let mut busy = daemon.web_socket().await;
        for number in 0..900 {
            let request = json!({"requirements": [{"keys": [format!("key-{number}")]}]});
            busy.request(&number.to_string(), request).await;
            if number % 200 == 199 {
                busy.expect_granted(&number.to_string()).await;
            }
        }
        busy.expect_granted("899").await;
        busy.close().await;
    }
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
