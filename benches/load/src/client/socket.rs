//! `/ws`: everything over one WebSocket.

use std::convert::Infallible;
use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes, protocol::WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::connect::connect;
use super::json::Said;
use super::{Answer, Held, TAG, Wanted};
use crate::failure::{Doing, Failure};

/// How much is read and written at a time, by clients and by the bare echo, in bytes.
pub(crate) const BUFFER: usize = 4 * 1024;

/// With small buffers: there may be very many connections.
pub(crate) fn small_buffers() -> WebSocketConfig {
    WebSocketConfig::default().read_buffer_size(BUFFER).write_buffer_size(BUFFER)
}

/// A WebSocket that is told and tells text.
pub(super) struct TextSocket(WebSocketStream<TcpStream>);

impl TextSocket {
    pub(super) async fn open(address: SocketAddr, number: usize) -> Result<Self, Failure> {
        let stream = connect(address, number).await?;
        let url = format!("ws://{address}/ws");
        let opened = client_async_with_config(url, stream, Some(small_buffers())).await;
        Ok(Self(opened.doing("open a WebSocket")?.0))
    }

    pub(super) async fn say(&mut self, text: String) -> Result<(), Failure> {
        self.0.send(Message::text(text)).await.doing("send a message")
    }

    /// The next text. Pings are answered on the way.
    pub(super) async fn hear(&mut self) -> Result<Utf8Bytes, Failure> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(other)) => {
                    return Err(Failure::new(format!("expected a text, got {other:?}")));
                }
                Some(Err(error)) => return Err(Failure::new(error.to_string())),
                None => return Err(Failure::new("the server has closed the WebSocket")),
            }
        }
    }
}

pub(crate) struct Socket {
    socket: TextSocket,
    last_reference: u64,
    /// Heard while something else was awaited.
    granted: Option<Held>,
}

impl Socket {
    pub(super) async fn open(address: SocketAddr, number: usize) -> Result<Self, Failure> {
        let mut socket = TextSocket::open(address, number).await?;
        let hello = socket.hear().await?;
        match Said::parse(hello.as_bytes())?.event {
            "hello" => Ok(Self { socket, last_reference: 0, granted: None }),
            _ => Err(Failure::new(format!("expected hello, got {hello}"))),
        }
    }

    pub(super) async fn ask(&mut self, wanted: Wanted) -> Result<Answer, Failure> {
        let selector = match wanted {
            Wanted::Own(number) | Wanted::Renewed(number) => {
                format!(r#"{{"resource":"r{number}"}}"#)
            }
            Wanted::Shared => r#"{"resource":"r0"}"#.to_owned(),
            Wanted::Any => format!(r#"{{"attributes":["{TAG}"]}}"#),
        };
        let hold = if matches!(wanted, Wanted::Renewed(_)) { r#","ttl":"60s""# } else { "" };
        self.last_reference += 1;
        let reference = self.last_reference;
        let message = format!(
            r#"{{"type":"request","ref":"{reference}","request":{{"requirements":[{selector}]{hold}}}}}"#
        );
        self.socket.say(message).await?;
        loop {
            let text = self.socket.hear().await?;
            let said = heard(&text)?;
            if said.reference == Some(reference.to_string().as_str()) {
                return match said.granted() {
                    Some(held) => Ok(Answer::Granted(held)),
                    None => Ok(Answer::Queued),
                };
            }
            self.granted = said.granted().or(self.granted.take());
        }
    }

    /// Waits until one of the things that were asked for is granted.
    pub(super) async fn granted(&mut self, mut count: impl FnMut()) -> Result<Held, Failure> {
        loop {
            if let Some(held) = self.granted.take() {
                return Ok(held);
            }
            let text = self.socket.hear().await?;
            self.granted = heard(&text)?.granted();
            if self.granted.is_none() {
                count();
            }
        }
    }

    pub(super) async fn release(&mut self, held: &Held) -> Result<(), Failure> {
        self.command("release", held, "done").await
    }

    pub(super) async fn renew(&mut self, held: &Held) -> Result<(), Failure> {
        self.command("renew", held, "renewed").await
    }

    pub(super) async fn listen(&mut self, mut count: impl FnMut()) -> Result<Infallible, Failure> {
        loop {
            let text = self.socket.hear().await?;
            heard(&text)?;
            count();
        }
    }

    /// Says something about a lease of this connection, and waits for the answer.
    async fn command(&mut self, what: &str, held: &Held, answer: &str) -> Result<(), Failure> {
        self.last_reference += 1;
        let reference = self.last_reference.to_string();
        let message = format!(r#"{{"type":"{what}","ref":"{reference}","id":{}}}"#, held.id);
        self.socket.say(message).await?;
        loop {
            let text = self.socket.hear().await?;
            let said = heard(&text)?;
            if said.reference == Some(reference.as_str()) {
                return match said.event == answer {
                    true => Ok(()),
                    false => Err(Failure::new(format!("expected {answer}, got {text}"))),
                };
            }
            self.granted = said.granted().or(self.granted.take());
        }
    }
}

/// What a message says; errors are failures.
fn heard(text: &Utf8Bytes) -> Result<Said<'_>, Failure> {
    let said = Said::parse(text.as_bytes())?;
    match said.event {
        "error" | "draining" | "restarting" => Err(Failure::new(format!("did not expect {text}"))),
        _ => Ok(said),
    }
}
