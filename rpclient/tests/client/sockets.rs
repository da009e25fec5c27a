//! The server's end of a WebSocket.

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// A connection. Dropping it closes it.
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// The `ref` of the last message that the client said.
    reference: String,
}

impl Socket {
    /// Accepts the upgrade that this head asks for, and says hello.
    pub(crate) async fn begin(head: &str, mut stream: TcpStream) -> Self {
        let key = head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: "));
        let accept = derive_accept_key(key.unwrap().as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
             sec-websocket-accept: {accept}\r\n\r\n"
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        let stream = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
        let mut socket = Self { stream, reference: String::new() };
        let hello = r#"{"event":"hello","version":"0.1.0","time":"2026-11-21T08:15:30Z","heartbeat_seconds":5.0,"pools":["lab"]}"#;
        socket.stream.send(Message::text(hello)).await.unwrap();
        socket
    }

    /// The client's next message; `None` when it has closed the connection.
    pub(crate) async fn hear(&mut self) -> Option<String> {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(text.as_str()).unwrap();
                    self.reference = message["ref"].as_str().unwrap().to_owned();
                    return Some(text.to_string());
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The client's next message as JSON.
    pub(crate) async fn message(&mut self) -> Value {
        serde_json::from_str(&self.hear().await.unwrap()).unwrap()
    }

    /// Says this about the client's last message. In place of a heartbeat there is a ping.
    pub(crate) async fn say(&mut self, line: &str) {
        let reference = self.reference.clone();
        self.say_of(&reference, line).await;
    }

    /// Says this about the message with this `ref`.
    pub(crate) async fn say_of(&mut self, reference: &str, line: &str) {
        let mut message: Value = serde_json::from_str(line).unwrap();
        let sent = if message["event"] == "heartbeat" {
            Message::Ping(Default::default())
        } else {
            message["ref"] = reference.into();
            Message::text(message.to_string())
        };
        self.stream.send(sent).await.unwrap();
    }

    /// Waits for the answer to a ping.
    pub(crate) async fn pong(&mut self) {
        let answer = self.stream.next().await;
        assert!(matches!(answer, Some(Ok(Message::Pong(_)))), "{answer:?}");
    }

    pub(crate) fn stream(&self) -> &TcpStream {
        self.stream.get_ref()
    }
}
