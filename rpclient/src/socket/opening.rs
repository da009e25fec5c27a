//! Makes a connection: the upgrade, and the server's first word.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, Method, StatusCode, header};
use hyper_util::rt::TokioIo;
use respo::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::driver::{Driver, Stream};
use super::handle::{Condition, Socket};
use super::pace::Pace;
use crate::client::Client;
use crate::connection::{Answer, CLOSED, Timeouts, timed_out};
use crate::error::Error;
use crate::lines::MAX_LINE;

/// What messages are read into. Most are smaller; a larger one grows it.
const READ_BUFFER: usize = 8 * 1024;

impl Client {
    /// Makes a connection; `None` if the server, or what stands in front of it, does not speak WebSocket.
    pub(super) async fn open_socket(
        &self,
        before: Option<SocketAddr>,
        within: Timeouts,
    ) -> Result<Option<Arc<Socket>>, Error> {
        let key = generate_key();
        let call = self
            .call(Method::GET, "/ws")
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, &key);
        let mut answer = self.exchange(call, Bytes::new(), before, within).await?;
        if answer.head.status != StatusCode::SWITCHING_PROTOCOLS {
            // Nothing that may pass is taken for a refusal: what it says of the server counts.
            let may_pass = matches!(answer.head.status.as_u16(), 408 | 429 | 500 | 502..=504);
            let refusal =
                if may_pass { Some(self.refusal(&mut answer, within).await) } else { None };
            return refusal.map_or(Ok(None), Err);
        }
        if !accepts(&answer.head.headers, &key) {
            return Err(self.protocol("the upgrade to a WebSocket was not accepted with its key"));
        }
        self.begin_socket(answer, within.answer).await.map(Some)
    }

    async fn begin_socket(&self, answer: Answer, limit: Duration) -> Result<Arc<Socket>, Error> {
        let peer = answer.peer;
        let upgraded = answer.upgraded().await.map_err(|source| self.unreachable(source))?;
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(MAX_LINE))
            .max_frame_size(Some(MAX_LINE));
        let io = TokioIo::new(upgraded);
        let mut stream = WebSocketStream::from_raw_socket(io, Role::Client, Some(config)).await;
        let hello = timeout(limit, self.hello(&mut stream)).await;
        let hello = hello.map_err(|_| self.unreachable(timed_out("no greeting", limit)))??;
        // What is no number is not believed, wherever it stands for one.
        let heartbeat_seconds = hello["heartbeat_seconds"].as_f64().unwrap_or_default();
        let server_time = Timestamp::deserialize(&hello["time"]).ok();
        let pace = Pace::of_pings(heartbeat_seconds, self.silence_limit());
        let condition = Arc::new(Condition::new(peer, pace, server_time));
        let (commands, carried_out) = mpsc::unbounded_channel();
        tokio::spawn(Driver::new(stream, carried_out, condition.clone()).run());
        Ok(Socket::new(commands, condition))
    }

    /// The server's first word: how often it pings, in seconds, and what its clock shows.
    async fn hello(&self, stream: &mut Stream) -> Result<Value, Error> {
        loop {
            let closed = || std::io::Error::new(std::io::ErrorKind::UnexpectedEof, CLOSED);
            let message = match stream.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => {
                    return Err(self.unreachable(std::io::Error::other(error.to_string())));
                }
                None => return Err(self.unreachable(closed())),
            };
            match message {
                Message::Text(text) => {
                    let hello: Option<Value> = serde_json::from_str(text.as_str()).ok();
                    let hello = hello.filter(|hello| hello["event"] == "hello");
                    return hello.ok_or_else(|| self.protocol("it did not say hello"));
                }
                Message::Close(_) => return Err(self.unreachable(closed())),
                _ => {}
            }
        }
    }
}

/// Whether it is the answer to the upgrade with this key (RFC 6455, 4.1).
fn accepts(headers: &HeaderMap, key: &str) -> bool {
    headers
        .get(header::SEC_WEBSOCKET_ACCEPT)
        .is_some_and(|accept| accept.as_bytes() == derive_accept_key(key.as_bytes()).as_bytes())
}
