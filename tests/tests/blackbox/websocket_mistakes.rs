//! Messages that make no sense: what is wrong is told, and the connection lives on; unless it is no WebSocket
//! any more.

use serde_json::json;
use tests::inventories::ONE_BENCH;
use tests::{Daemon, WebSocket};
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// Shows that the connection is as good as ever.
async fn assert_lives(socket: &mut WebSocket) {
    socket.say(json!({"type": "list", "ref": "alive", "of": "leases"})).await;
    let answer = socket.next_json().await;
    assert_eq!((&answer["event"], &answer["ref"]), (&json!("list"), &json!("alive")), "{answer}");
}

#[tokio::test]
async fn what_is_not_understood_is_told_and_the_connection_lives_on() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut socket = daemon.web_socket().await;
    for (text, path, detail) in [
        ("", "", "it is not JSON"),
        ("{", "", "it is not JSON"),
        ("[1]", "", "expected a JSON object"),
        (r#"{"type":"list","of":"leases"}"#, "ref", "it is missing"),
        (r#"{"type":"list","ref":"","of":"leases"}"#, "ref", "it is empty"),
    ] {
        socket.send(Message::text(text)).await;
        let problem = socket.expect_anonymous_error().await;
        assert_eq!((problem.code.as_str(), problem.status), ("malformed", 400));
        assert_eq!(problem.more["path"], path);
        assert!(problem.detail.contains(detail), "{}", problem.detail);
    }
    for (message, path, detail) in [
        (json!({"type": "dance", "ref": "x"}), "type", "there is no \"dance\""),
        (json!({"ref": "x"}), "type", "it is missing"),
        (json!({"type": "renew", "ref": "x", "id": 1, "for": "1h"}), "for", "a \"renew\" has"),
        (json!({"type": "renew", "ref": "x"}), "id", "it is missing"),
        (json!({"type": "request", "ref": "x"}), "request", "it is missing"),
    ] {
        socket.say(message).await;
        let problem = socket.expect_error("x", "malformed").await;
        assert_eq!(problem.more["path"], path);
        assert!(problem.detail.contains(detail), "{}", problem.detail);
    }
    assert_lives(&mut socket).await;
}

#[tokio::test]
async fn a_ref_that_is_open_cannot_be_used_for_something_else() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut socket = daemon.web_socket().await;
    let lease = socket.hold("a", "bench-1").await;
    socket.say(json!({"type": "renew", "ref": "a", "id": lease.id})).await;
    let problem = socket.expect_error("a", "malformed").await;
    assert_eq!(problem.more["path"], "ref");
    // What was open is open still.
    socket.say(json!({"type": "release", "ref": "b", "id": lease.id})).await;
    socket.expect_done("b").await;
    socket.expect_ended("a").await;
    socket.hold("a", "bench-1").await;
}

#[tokio::test]
async fn binary_messages_are_refused() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut socket = daemon.web_socket().await;
    socket.send(Message::binary(&br#"{"type":"list","ref":"l","of":"leases"}"#[..])).await;
    let problem = socket.expect_anonymous_error().await;
    assert!(problem.detail.contains("it is binary"), "{}", problem.detail);
    assert_lives(&mut socket).await;
}

#[tokio::test]
async fn a_message_in_fragments_with_a_ping_between_them_is_one_message() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut socket = daemon.web_socket().await;
    let text = json!({"type": "list", "ref": "f", "of": "leases"}).to_string();
    let (last, count) = (text.len() - 1, text.len());
    for (index, byte) in text.into_bytes().into_iter().enumerate() {
        let kind = if index == 0 { Data::Text } else { Data::Continue };
        let frame = Frame::message(vec![byte], OpCode::Data(kind), index == last);
        socket.send(Message::Frame(frame)).await;
        if index == count / 2 {
            socket.send(Message::Ping(b"between"[..].into())).await;
        }
    }
    let pong = socket.next_frame().await;
    assert_eq!(pong, Some(Message::Pong(b"between"[..].into())));
    let answer = socket.next_json().await;
    assert_eq!(answer, json!({"event": "list", "ref": "f", "leases": []}));
}

#[tokio::test]
async fn a_message_that_is_too_long_closes_the_connection_with_1009() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut socket = daemon.web_socket().await;
    let longest = |length: usize| {
        let start = r#"{"type":"list","of":"leases","ref":"alive""#;
        Message::text(format!("{start}{}}}", " ".repeat(length - start.len() - 1)))
    };
    socket.send(longest(256 * 1024)).await;
    assert_eq!(socket.next_json().await["ref"], "alive");
    socket.hold("h", "bench-1").await;
    // The server need not read all of it.
    drop(socket.try_send(longest(256 * 1024 + 1)).await);
    let (code, reason) = socket.expect_close().await;
    assert_eq!((code, reason.as_str()), (1009, "a message has at most 262144 bytes"));
    daemon.expect_idle().await;
}

#[tokio::test]
async fn what_is_no_websocket_frame_or_no_text_closes_the_connection_and_ends_its_leases() {
    let daemon = Daemon::start(ONE_BENCH).await;
    // A text that is not UTF-8; a frame that is not masked; a reserved bit; a reserved opcode; a fragment of
    // nothing; noise.
    for (bytes, expected) in [
        (&[0x81, 0x81, 0, 0, 0, 0, 0xff][..], 1007),
        (&[0x81, 0x01, b'x'], 1002),
        (&[0xc1, 0x81, 0, 0, 0, 0, b'x'], 1002),
        (&[0x83, 0x81, 0, 0, 0, 0, b'x'], 1002),
        (&[0x80, 0x81, 0, 0, 0, 0, b'x'], 1002),
        (b"GET / HTTP/1.1\r\n\r\n", 1002),
    ] {
        let mut socket = daemon.web_socket().await;
        socket.hold("h", "bench-1").await;
        socket.stream.get_mut().write_all(bytes).await.unwrap();
        let (code, reason) = socket.expect_close().await;
        assert_eq!(code, expected, "{bytes:?}: {reason}");
        assert!(!reason.is_empty());
        daemon.expect_idle().await;
    }
}

#[tokio::test]
async fn a_ping_of_the_client_is_answered_with_what_was_in_it() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut socket = daemon.web_socket().await;
    socket.send(Message::Ping(b"here?"[..].into())).await;
    assert_eq!(socket.next_frame().await, Some(Message::Pong(b"here?"[..].into())));
}
