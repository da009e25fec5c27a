//! From HTTP to a WebSocket: who gets one, and what the others are told.

use tests::inventories::ONE_BENCH;
use tests::{Daemon, Reply, WebSocket};
use tokio_tungstenite::tungstenite::Error;

/// What every client sends.
const UPGRADE: [(&str, &str); 4] = [
    ("Connection", "keep-alive, Upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// The same, with one header changed.
fn with<'h>(name: &'h str, value: &'h str) -> Vec<(&'h str, &'h str)> {
    let others = UPGRADE.into_iter().filter(|(other, _)| *other != name);
    others.chain([(name, value)]).collect()
}

#[tokio::test]
async fn the_answer_to_an_upgrade_is_what_rfc_6455_says() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut connection = daemon.connect().await;
    // What a client offers beside is not taken up.
    let headers = with("Sec-WebSocket-Extensions", "permessage-deflate");
    let head = connection.request_head("GET", "/ws", &headers);
    connection.send(head).await;
    let head = connection.head().await;
    assert_eq!(head.status, 101);
    assert_eq!(head.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(head.header("upgrade"), Some("websocket"));
    assert!(head.header_lists("connection", "upgrade"));
    assert_eq!(head.header("sec-websocket-extensions"), None);
}

#[tokio::test]
async fn a_get_without_an_upgrade_is_told_what_it_takes() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let assert_told = |reply: Reply| {
        assert_eq!(reply.header("sec-websocket-version"), Some("13"));
        assert_eq!(reply.header("upgrade"), Some("websocket"));
        reply.expect_problem(426, "upgrade_required");
    };
    assert_told(daemon.get("/ws").await);
    assert_told(daemon.send("GET", "/ws", &with("Sec-WebSocket-Version", "8")).await);
    assert_told(daemon.send("GET", "/ws", &with("Upgrade", "h2c")).await);
}

#[tokio::test]
async fn what_else_is_wrong_with_an_upgrade_is_told() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let key = daemon.send("GET", "/ws", &with("Sec-WebSocket-Key", "short")).await;
    assert!(key.expect_problem(400, "malformed").detail.contains("Sec-WebSocket-Key"));
    let query = daemon.send("GET", "/ws?token=1", &UPGRADE).await;
    query.expect_problem(400, "malformed");
    let body = daemon.send_body("GET", "/ws", &UPGRADE, "body").await;
    body.expect_problem(400, "malformed");
    daemon.send("POST", "/ws", &UPGRADE).await.expect_problem(405, "method_not_allowed");
}

#[tokio::test]
async fn a_page_of_another_site_gets_no_websocket() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for origin in ["http://evil.example", "null", "http://localhost:1"] {
        let reply = daemon.send("GET", "/ws", &with("Origin", origin)).await;
        reply.expect_problem(403, "cross_origin");
        let refused = WebSocket::try_open(daemon.address(), &[("origin", origin)]).await;
        assert!(matches!(refused, Err(Error::Http(reply)) if reply.status() == 403), "{origin}");
    }
    let own = daemon.url();
    let mut socket = WebSocket::try_open(daemon.address(), &[("origin", &own)]).await.unwrap();
    socket.expect_hello().await;
}

#[tokio::test]
async fn a_websocket_over_http2_is_refused_and_the_connection_lives_on() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut connection = daemon.connect_http2().await;
    assert_eq!(connection.send("GET", "/ws").await.status, 426);
    assert_eq!(connection.send("GET", "/healthz").await.status, 200);
}

#[tokio::test]
async fn other_requests_go_before_an_upgrade_on_the_same_connection() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut connection = daemon.connect().await;
    connection.request("GET", "/healthz").await;
    assert_eq!(connection.reply().await.status(), 200);
    let head = connection.request_head("GET", "/ws", &UPGRADE);
    connection.send(head).await;
    assert_eq!(connection.head().await.status, 101);
    connection.until_bytes(br#"{"event":"hello""#).await;
}

#[tokio::test]
async fn a_message_right_behind_the_upgrade_is_heard() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut connection = daemon.connect().await;
    let head = connection.request_head("GET", "/ws", &UPGRADE);
    // A ping with the mask 0 and the payload "x", in one write with the head.
    connection.send([head.as_bytes(), &[0x89, 0x81, 0, 0, 0, 0, b'x']].concat()).await;
    assert_eq!(connection.head().await.status, 101);
    connection.until_bytes(&[0x8a, 1, b'x']).await;
}
