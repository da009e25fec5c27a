//! A WebSocket that is read and written at the same time, with bounded buffers.

use std::future::poll_fn;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};

use crate::closing::Closing;
use crate::conversation::Say;
use crate::heard::Heard;
use crate::limits::{BUFFER, CLOSING, MAX_MESSAGE};
use crate::outgoing::Outgoing;

/// A WebSocket, and what waits to be sent on it.
pub(crate) struct Wire<S> {
    socket: WebSocketStream<Heard<S>>,
    outgoing: Outgoing,
    is_ping_due: bool,
    /// Whether everything that was taken from `outgoing` is with the peer's system.
    is_flushed: bool,
}

/// What has come of reading and writing.
pub(crate) enum Turn {
    /// The client has sent something.
    Received(Message),
    /// Something has been sent: there may be room for more.
    Sent,
    /// Nothing more will come, in good order or for a reason.
    Ended(Option<Error>),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    /// A connection on which the handshake is done. `unread` has been read of it, and follows the handshake.
    pub(crate) async fn new(stream: S, unread: Vec<u8>) -> Self {
        // A message that does not fit into the write buffer is one too many: frames are as long as one.
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(BUFFER)
            .max_write_buffer_size(4 * BUFFER)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        let stream = Heard::new(stream);
        let socket =
            WebSocketStream::from_partially_read(stream, unread, Role::Server, Some(config)).await;
        Self { socket, outgoing: Outgoing::default(), is_ping_due: false, is_flushed: true }
    }

    /// Sends this after what is already waiting.
    pub(crate) fn say(&mut self, say: Say) {
        match say {
            Say::Text(text) => self.outgoing.push(text),
            Say::Message(message) => match serde_json::to_vec(&message) {
                Ok(text) => self.outgoing.push(text.into()),
                Err(error) => tracing::error!(%error, "failed to write a message"),
            },
        }
    }

    /// Sends a ping as soon as something can be sent.
    pub(crate) fn ping(&mut self) {
        self.is_ping_due = true;
    }

    /// Whether what can wait elsewhere should be said now.
    pub(crate) fn has_room(&self) -> bool {
        self.outgoing.has_room()
    }

    /// Whether more waits to be sent than may.
    pub(crate) fn is_over(&self) -> bool {
        self.outgoing.is_over()
    }

    /// Whether everything is sent.
    pub(crate) fn is_idle(&self) -> bool {
        self.outgoing.is_empty() && self.is_flushed
    }

    /// When something was last heard of the client.
    pub(crate) fn last_heard(&self) -> Instant {
        self.socket.get_ref().last()
    }

    /// Reads and writes until something has come of it. Cancel-safe.
    pub(crate) async fn turn(&mut self) -> Turn {
        poll_fn(|cx| self.poll_turn(cx)).await
    }

    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        let before = (self.has_room(), self.is_idle());
        if let Poll::Ready(Err(error)) = self.poll_send(cx) {
            return Poll::Ready(Turn::Ended(Some(error)));
        }
        if before != (self.has_room(), self.is_idle()) {
            return Poll::Ready(Turn::Sent);
        }
        self.socket.poll_next_unpin(cx).map(|read| match read {
            Some(Ok(message)) => Turn::Received(message),
            Some(Err(error)) => Turn::Ended(Some(error)),
            None => Turn::Ended(None),
        })
    }

    /// Sends what there is, as far as the client takes it.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        while self.is_ping_due || !self.outgoing.is_empty() {
            std::task::ready!(self.socket.poll_ready_unpin(cx))?;
            let message = if self.is_ping_due {
                Message::Ping(Bytes::new())
            } else {
                let Some(frame) = self.outgoing.take_frame() else { break };
                Message::Frame(frame)
            };
            self.is_ping_due = false;
            self.is_flushed = false;
            self.socket.start_send_unpin(message)?;
        }
        if !self.is_flushed {
            std::task::ready!(self.socket.poll_flush_unpin(cx))?;
            self.is_flushed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Closes the connection for this reason, and gives the client a while to take note.
    pub(crate) async fn close(mut self, closing: &Closing) {
        let reason = closing.frame();
        let goodbye = async {
            // Between two frames of a message, if need be: nothing more of it comes.
            self.socket.start_send_unpin(Message::Close(Some(reason)))?;
            self.socket.flush().await?;
            while let Some(rest) = self.socket.next().await {
                rest?;
            }
            Ok::<_, Error>(())
        };
        match tokio::time::timeout(CLOSING, goodbye).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the client did not take note of the end"),
            Err(_) => tracing::debug!("the client does not take note of the end"),
        }
    }

    /// Answers the client's own close, which it has sent.
    pub(crate) async fn finish(mut self) {
        let goodbye = async { while self.socket.next().await.is_some() {} };
        if tokio::time::timeout(CLOSING, goodbye).await.is_err() {
            tracing::debug!("the client does not read the answer to its close");
        }
    }
}
