//! A client of `/ws`: a connection, and what is said on it.

use std::collections::VecDeque;
use std::net::{Shutdown, SocketAddr};

use futures_util::{SinkExt, StreamExt};
use http::Request;
use respo::EndReason;
use respo::wire::socket::ServerMessage;
use respo::wire::{GrantedLease, Problem, QueuedRequest};
use serde_json::{Value, json};
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::daemon::Daemon;
use crate::deadline::within;

/// A WebSocket that pings are answered on whenever something is read, and never otherwise.
#[derive(Debug)]
pub struct WebSocket {
    /// The connection itself, for tests that do something to it.
    pub stream: WebSocketStream<TcpStream>,
    /// What was said about something else than what was waited for.
    set_aside: VecDeque<Value>,
}

impl Daemon {
    /// Opens a WebSocket, and hears the `hello`.
    pub async fn web_socket(&self) -> WebSocket {
        let mut socket = WebSocket::open(self.address()).await;
        socket.expect_hello().await;
        socket
    }
}

impl WebSocket {
    /// Opens a WebSocket.
    pub async fn open(address: SocketAddr) -> Self {
        let socket = Self::try_open(address, &[]).await;
        socket.unwrap_or_else(|error| panic!("no WebSocket on {address}: {error}"))
    }

    /// Opens a WebSocket with these headers beside those that must be there, or is refused.
    pub async fn try_open(address: SocketAddr, headers: &[(&str, &str)]) -> Result<Self, Error> {
        let stream = within("the connection", TcpStream::connect(address)).await?;
        Self::upgrade(stream, address, headers).await
    }

    /// Upgrades a connection that has been made.
    pub async fn upgrade(
        stream: TcpStream,
        address: SocketAddr,
        headers: &[(&str, &str)],
    ) -> Result<Self, Error> {
        stream.set_nodelay(true)?;
        let mut request = Request::get(format!("ws://{address}/ws"))
            .header("host", address.to_string())
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).expect("a request");
        // A test may have thousands of them.
        let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
        let upgrading = tokio_tungstenite::client_async_with_config(request, stream, Some(config));
        let (stream, _) = within("the upgrade", upgrading).await?;
        Ok(Self { stream, set_aside: VecDeque::new() })
    }

    /// Sends a message.
    pub async fn send(&mut self, message: Message) {
        self.try_send(message).await.expect("the message goes out");
    }

    /// Sends a message to a peer that may have closed the connection.
    pub async fn try_send(&mut self, message: Message) -> Result<(), Error> {
        within("sending", self.stream.send(message)).await
    }

    /// Says something.
    pub async fn say(&mut self, json: Value) {
        self.send(Message::text(json.to_string())).await;
    }

    /// Asks for what the JSON of a request says.
    pub async fn request(&mut self, reference: &str, request: Value) {
        self.say(json!({"type": "request", "ref": reference, "request": request})).await;
    }

    /// Asks for one resource by name.
    pub async fn ask(&mut self, reference: &str, resource: &str) {
        self.request(reference, json!({"requirements": [{"resource": resource}]})).await;
    }

    /// Asks for one resource by name, which must be free.
    pub async fn hold(&mut self, reference: &str, resource: &str) -> GrantedLease {
        self.ask(reference, resource).await;
        self.expect_granted(reference).await
    }

    /// Takes up a request or lease, which must be granted.
    pub async fn resume(&mut self, reference: &str, token: &str) -> GrantedLease {
        self.say(json!({"type": "resume", "ref": reference, "token": token})).await;
        self.expect_granted(reference).await
    }

    /// The next frame, however long it takes; `None` when the connection has ended without a close frame.
    async fn next_frame_at_last(&mut self) -> Option<Message> {
        self.stream.next().await.and_then(Result::ok)
    }

    /// The next frame; `None` when the connection has ended without a close frame.
    pub async fn next_frame(&mut self) -> Option<Message> {
        within("the next frame", self.next_frame_at_last()).await
    }

    /// The next thing that is said.
    pub async fn next_json(&mut self) -> Value {
        if let Some(json) = self.set_aside.pop_front() {
            return json;
        }
        self.hear().await
    }

    /// The same, however long it takes. Cancel-safe.
    pub async fn next_json_at_last(&mut self) -> Value {
        if let Some(json) = self.set_aside.pop_front() {
            return json;
        }
        self.hear_at_last().await
    }

    async fn hear(&mut self) -> Value {
        within("what is said next", self.hear_at_last()).await
    }

    async fn hear_at_last(&mut self) -> Value {
        loop {
            match self.next_frame_at_last().await {
                Some(Message::Text(text)) => {
                    return serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
                }
                Some(Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("expected to be told something, got {other:?}"),
            }
        }
    }

    /// The next thing that is said about `reference`; the others are kept for later.
    pub async fn next_about(&mut self, reference: &str) -> ServerMessage {
        let is_about = |json: &Value| json["ref"] == reference;
        let json = match self.set_aside.iter().position(is_about) {
            Some(place) => self.set_aside.remove(place).expect("it is there"),
            None => loop {
                let json = self.hear().await;
                if is_about(&json) {
                    break json;
                }
                self.set_aside.push_back(json);
            },
        };
        serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("{error}: {json}"))
    }

    /// What is said first.
    pub async fn expect_hello(&mut self) -> Value {
        let hello = self.next_json().await;
        assert_eq!(hello["event"], "hello", "{hello}");
        hello
    }

    /// The request waits.
    pub async fn expect_queued(&mut self, reference: &str) -> QueuedRequest {
        match self.next_about(reference).await {
            ServerMessage::Queued { request, .. } => request,
            other => panic!("expected queued, got {other:?}"),
        }
    }

    /// The request is granted, after it has waited or at once.
    pub async fn expect_granted(&mut self, reference: &str) -> GrantedLease {
        loop {
            match self.next_about(reference).await {
                ServerMessage::Granted { lease, .. } => return lease,
                ServerMessage::Queued { .. } => {}
                other => panic!("expected granted, got {other:?}"),
            }
        }
    }

    /// The request or lease has ended, after it has waited or not.
    pub async fn expect_ended(&mut self, reference: &str) -> EndReason {
        loop {
            match self.next_about(reference).await {
                ServerMessage::Ended { reason, .. } => return reason,
                ServerMessage::Queued { .. } | ServerMessage::Draining { .. } => {}
                other => panic!("expected ended, got {other:?}"),
            }
        }
    }

    /// The request or lease is kept for the server's next start.
    pub async fn expect_restarting(&mut self, reference: &str) -> u64 {
        loop {
            match self.next_about(reference).await {
                ServerMessage::Restarting { grace_seconds, .. } => return grace_seconds,
                ServerMessage::Queued { .. } => {}
                other => panic!("expected restarting, got {other:?}"),
            }
        }
    }

    /// What was asked for is done.
    pub async fn expect_done(&mut self, reference: &str) {
        let answer = self.next_about(reference).await;
        assert!(matches!(answer, ServerMessage::Done { .. }), "{answer:?}");
    }

    /// What was asked for is refused with this code.
    pub async fn expect_error(&mut self, reference: &str, code: &str) -> Problem {
        match self.next_about(reference).await {
            ServerMessage::Error { problem, .. } if problem.code == code => problem,
            other => panic!("expected the error {code}, got {other:?}"),
        }
    }

    /// The next thing that is said is an error about nothing that has a `ref`.
    pub async fn expect_anonymous_error(&mut self) -> Problem {
        let json = self.next_json().await;
        assert_eq!((&json["event"], json.get("ref")), (&json!("error"), None), "{json}");
        serde_json::from_value(json["problem"].clone()).expect("a problem")
    }

    /// Reads on until the server closes the connection, and returns its code and reason.
    pub async fn expect_close(&mut self) -> (u16, String) {
        within("the close frame", self.expect_close_at_last()).await
    }

    /// The same, however long it takes.
    pub async fn expect_close_at_last(&mut self) -> (u16, String) {
        loop {
            match self.next_frame_at_last().await {
                Some(Message::Close(Some(frame))) => {
                    return (frame.code.into(), frame.reason.to_string());
                }
                Some(Message::Text(_) | Message::Ping(_) | Message::Pong(_)) => {}
                other => panic!("expected a close frame with a reason, got {other:?}"),
            }
        }
    }

    /// Closes the WebSocket in good order, and waits until the server has done so, too.
    pub async fn close(mut self) {
        self.send(Message::Close(None)).await;
        while self.next_frame().await.is_some() {}
    }

    /// Ends the connection with a FIN, and without a close frame.
    pub fn cut(self) {
        SockRef::from(self.stream.get_ref()).shutdown(Shutdown::Both).expect("shutdown");
    }

    /// Ends the connection with a RST.
    pub fn reset(self) {
        self.stream.get_ref().set_zero_linger().expect("SO_LINGER");
    }
}
