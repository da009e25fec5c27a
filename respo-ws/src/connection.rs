//! Serving one connection, from its first message to its last.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use respo::HumanDuration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use crate::api::Api;
use crate::closing::Closing;
use crate::conversation::{Conversation, Say};
use crate::limits::{LAST_READ, SILENT_INTERVALS};
use crate::reading::{self, NotUnderstood};
use crate::wire::{Turn, Wire};

/// Serves a connection on which the WebSocket handshake has been done, until it ends.
///
/// `unread` is what has been read of `stream` behind the handshake. Everything that the client asked for on
/// the connection ends with it, or lingers, as soon as `departed` is ready, or `stream` ends. When `stopping`
/// is ready, the connection is closed once everything has been told to the client.
pub async fn serve<S>(
    api: Arc<Api>,
    stream: S,
    unread: Vec<u8>,
    departed: impl Future<Output = ()> + Send,
    stopping: impl Future<Output = ()> + Send,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    let heartbeat = api.heartbeat;
    let mut wire = Wire::new(stream, unread).await;
    wire.say(Say::Message(Box::new(api.hello())));
    let mut connection = Connection { wire, conversation: Conversation::new(api), heartbeat };
    let end = connection.until_end(departed, stopping).await;
    // Everything that the client has ends first, however long it takes to say goodbye.
    let Connection { wire, conversation, .. } = connection;
    drop(conversation);
    match end {
        End::Closing(closing) => {
            tracing::debug!(?closing, "closing a connection");
            Box::pin(wire.close(&closing)).await;
        }
        End::ClosedByClient => Box::pin(wire.finish()).await,
        End::Gone => {}
    }
}

/// What is told from outside.
enum Signal {
    Departed,
    Stopping,
}

/// How a connection ends.
enum End {
    /// The server closes it.
    Closing(Closing),
    /// The client has sent a close frame.
    ClosedByClient,
    /// There is nobody left.
    Gone,
}

struct Connection<S> {
    wire: Wire<S>,
    conversation: Conversation,
    heartbeat: Duration,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    async fn until_end(
        &mut self,
        departed: impl Future<Output = ()>,
        stopping: impl Future<Output = ()>,
    ) -> End {
        // These two seldom have something to say, and are looked at only when they have.
        let mut signals = FuturesUnordered::new();
        signals.push(departed.map(|()| Signal::Departed).left_future());
        signals.push(stopping.map(|()| Signal::Stopping).right_future());
        let mut is_stopping = false;
        let mut pulse = pin!(tokio::time::sleep(self.heartbeat));
        loop {
            if self.wire.is_over() {
                return End::Closing(Closing::ReadsTooSlowly);
            }
            if is_stopping && self.conversation.is_over() && self.wire.is_idle() {
                return End::Closing(Closing::GoingAway);
            }
            let has_room = self.wire.has_room();
            tokio::select! {
                biased;
                Some(signal) = signals.next(), if !signals.is_empty() => match signal {
                    Signal::Departed => return self.hear_the_rest().await,
                    Signal::Stopping => is_stopping = true,
                },
                () = pulse.as_mut() => match self.next_pulse() {
                    Some(next) => pulse.as_mut().reset(next),
                    None => return End::Closing(Closing::Silent(self.longest_silence())),
                },
                say = self.conversation.next(has_room) => self.wire.say(say),
                turn = self.wire.turn() => if let Some(end) = self.take(turn).await {
                    return end;
                },
            }
        }
    }

    fn longest_silence(&self) -> HumanDuration {
        HumanDuration(self.heartbeat * SILENT_INTERVALS)
    }

    /// Pings the client, and says when to do so again; `None` if it has been silent for too long.
    fn next_pulse(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let too_late = self.wire.last_heard() + self.longest_silence().0;
        if now >= too_late {
            return None;
        }
        self.wire.ping();
        Some((now + self.heartbeat).min(too_late))
    }

    /// Takes what has come of reading and writing.
    async fn take(&mut self, turn: Turn) -> Option<End> {
        match turn {
            Turn::Sent => None,
            Turn::Received(message) => self.receive(message).await,
            Turn::Ended(None) => Some(End::Gone),
            Turn::Ended(Some(error)) => {
                tracing::debug!(%error, "a connection ended early");
                Some(Closing::for_failure(&error).map_or(End::Gone, End::Closing))
            }
        }
    }

    /// Takes what the client sent before it left: it may have given something back that would linger.
    async fn hear_the_rest(&mut self) -> End {
        let rest = async {
            while !self.wire.is_over() {
                let turn = self.wire.turn().await;
                if let Some(end) = self.take(turn).await {
                    return end;
                }
            }
            End::Gone
        };
        tokio::time::timeout(LAST_READ, rest).await.unwrap_or(End::Gone)
    }

    /// Takes a message of the client.
    async fn receive(&mut self, message: Message) -> Option<End> {
        match message {
            Message::Text(text) => match reading::message(&text) {
                Ok(message) => {
                    if let Some(say) = self.conversation.begin(message).await {
                        self.wire.say(say);
                    }
                }
                Err(NotUnderstood { reference, problem }) => {
                    self.wire.say(Say::error(reference, problem));
                }
            },
            Message::Binary(_) => self.wire.say(Say::error(None, reading::binary())),
            Message::Close(_) => return Some(End::ClosedByClient),
            // A pong is a sign of life, and a ping is answered by the WebSocket itself.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
        None
    }
}
