//! Serving one connection, from its first message to its last.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use respo::broker::{Broker, Session};
use respo::wire::socket::{ClientMessage, ServerMessage};
use respo::wire::{Problem, ProblemKind};
use respo::{HumanDuration, Label, RequestId, Token};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use crate::api::Api;
use crate::closing::Closing;
use crate::commands::{self, Answer, Answering};
use crate::followed::{Followed, Told};
use crate::limits::{LAST_READ, MAX_UNANSWERED, SILENT_INTERVALS};
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
    let mut connection = Connection {
        wire: Wire::new(stream, unread).await,
        api,
        sessions: BTreeMap::new(),
        open: BTreeMap::new(),
        answering: FuturesUnordered::new(),
        followed: FuturesUnordered::new(),
    };
    let end = connection.until_end(departed, stopping).await;
    // Everything that was asked for ends first, however long it takes to say goodbye.
    let Connection { wire, .. } = connection;
    match end {
        End::Closing(closing) => {
            tracing::debug!(?closing, "closing a connection");
            wire.close(&closing).await;
        }
        End::ClosedByClient => wire.finish().await,
        End::Gone => {}
    }
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

/// What a `ref` stands for that is in use.
enum Open {
    /// A message whose answer is being worked out.
    Unanswered,
    /// A request or lease.
    Followed { pool: Label, id: RequestId, token: Token },
}

/// A connection. Whatever it has in hand ends when it is dropped.
struct Connection<S> {
    api: Arc<Api>,
    wire: Wire<S>,
    /// The client's presence in each pool that it has named.
    sessions: BTreeMap<Label, Arc<Session>>,
    open: BTreeMap<String, Open>,
    answering: FuturesUnordered<Answering>,
    followed: FuturesUnordered<BoxFuture<'static, Told>>,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    async fn until_end(
        &mut self,
        departed: impl Future<Output = ()>,
        stopping: impl Future<Output = ()>,
    ) -> End {
        let (mut departed, mut stopping) = (pin!(departed), pin!(stopping));
        let mut is_stopping = false;
        let mut pulse = pin!(tokio::time::sleep(self.api.heartbeat));
        self.wire.say(&self.api.hello());
        loop {
            if self.wire.is_over() {
                return End::Closing(Closing::ReadsTooSlowly);
            }
            if is_stopping && self.has_told_everything() {
                return End::Closing(Closing::GoingAway);
            }
            let has_room = self.wire.has_room();
            tokio::select! {
                biased;
                () = departed.as_mut() => return self.hear_the_rest().await,
                () = stopping.as_mut(), if !is_stopping => is_stopping = true,
                () = pulse.as_mut() => match self.next_pulse() {
                    Some(next) => pulse.as_mut().reset(next),
                    None => return End::Closing(Closing::Silent(HumanDuration(self.longest_silence()))),
                },
                Some(answer) = self.answering.next(), if !self.answering.is_empty() => {
                    self.answer(answer);
                }
                // While there is no room it waits where it is, and only its newest state will be told.
                Some(told) = self.followed.next(), if has_room && !self.followed.is_empty() => {
                    self.tell(told);
                }
                turn = self.wire.turn() => if let Some(end) = self.take(turn).await {
                    return end;
                },
            }
        }
    }

    /// Whether the client has been told everything about what it asked for.
    fn has_told_everything(&self) -> bool {
        self.answering.is_empty() && self.followed.is_empty() && self.wire.is_idle()
    }

    fn longest_silence(&self) -> std::time::Duration {
        self.api.heartbeat * SILENT_INTERVALS
    }

    /// Pings the client, and says when to do so again; `None` if it has been silent for too long.
    fn next_pulse(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let too_long = self.wire.last_heard() + self.longest_silence();
        if now >= too_long {
            return None;
        }
        self.wire.ping();
        Some((now + self.api.heartbeat).min(too_long))
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
            loop {
                let turn = self.wire.turn().await;
                if let Some(end) = self.take(turn).await {
                    return end;
                }
                if self.wire.is_over() {
                    return End::Gone;
                }
            }
        };
        tokio::time::timeout(LAST_READ, rest).await.unwrap_or(End::Gone)
    }

    /// Takes a message of the client.
    async fn receive(&mut self, message: Message) -> Option<End> {
        match message {
            Message::Text(text) => match reading::message(&text) {
                Ok(message) => self.begin(message).await,
                Err(NotUnderstood { reference, problem }) => {
                    self.wire.say(&ServerMessage::Error { reference, problem: *problem });
                }
            },
            Message::Binary(_) => {
                let problem = *reading::binary();
                self.wire.say(&ServerMessage::Error { reference: None, problem });
            }
            Message::Close(_) => return Some(End::ClosedByClient),
            // A pong is a sign of life, and a ping is answered by the WebSocket itself.
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
        None
    }

    /// Begins to do what a message asks for. What messages ask of a pool, it is asked in their order.
    async fn begin(&mut self, message: ClientMessage) {
        let reference = message.reference().to_owned();
        let answering = if self.open.contains_key(&reference) {
            Err(*reading::in_use(&reference))
        } else if self.answering.len() >= MAX_UNANSWERED {
            Err(too_many_unanswered())
        } else {
            self.carry_out(message)
        };
        let mut answering = match answering {
            Ok(answering) => answering,
            Err(problem) => {
                self.wire.say(&ServerMessage::Error { reference: Some(reference), problem });
                return;
            }
        };
        self.open.insert(reference, Open::Unanswered);
        // At once, so that the pool is asked before anything is that the next message asks for.
        let first = poll_fn(|cx| Poll::Ready(Pin::new(&mut answering).poll(cx))).await;
        match first {
            Poll::Ready(answer) => self.answer(answer),
            Poll::Pending => self.answering.push(answering),
        }
    }

    fn carry_out(&mut self, message: ClientMessage) -> Result<Answering, Problem> {
        match message {
            ClientMessage::Request { reference, pool, request, idempotency_key: _ } => {
                let (broker, session) = self.session(pool.as_ref())?;
                Ok(Box::pin(commands::request(reference, broker, session, request)))
            }
            ClientMessage::Resume { reference, pool, token } => {
                let (broker, session) = self.session(pool.as_ref())?;
                let token = Token::presented(token);
                Ok(Box::pin(commands::resume(reference, broker, session, token)))
            }
            ClientMessage::Cancel { reference, id, pool, token }
            | ClientMessage::Release { reference, id, pool, token, .. } => {
                let (broker, _) = self.session(pool.as_ref())?;
                let token = self.token(&broker, id, token)?;
                Ok(Box::pin(commands::end(reference, broker, id, token)))
            }
            _ => Err(Problem::new(ProblemKind::Malformed, "this server does not do that yet")),
        }
    }

    /// The pool of this name, and the client's presence in it.
    fn session(&mut self, pool: Option<&Label>) -> Result<(Broker, Arc<Session>), Problem> {
        let broker = self.api.pools.select(pool.map(AsRef::as_ref))?;
        let session = match self.sessions.get(broker.pool()) {
            Some(session) => Arc::clone(session),
            None => {
                let session = Arc::new(broker.session());
                self.sessions.insert(broker.pool().clone(), Arc::clone(&session));
                session
            }
        };
        Ok((broker.clone(), session))
    }

    /// The token that was given, or that of what was requested or taken up on this connection.
    fn token(
        &self,
        broker: &Broker,
        id: RequestId,
        given: Option<String>,
    ) -> Result<Token, Problem> {
        if let Some(given) = given {
            return Ok(Token::presented(given));
        }
        let own = self.open.values().find_map(|open| match open {
            Open::Followed { pool, id: own, token } if pool == broker.pool() && *own == id => {
                Some(token.clone())
            }
            _ => None,
        });
        own.ok_or_else(|| {
            let detail = "this needs the lease's token, for it was neither requested nor resumed on this \
                          connection";
            Problem::new(ProblemKind::WrongToken, detail)
        })
    }

    /// Says an answer.
    fn answer(&mut self, answer: Answer) {
        match answer {
            Answer::Said(message) => {
                if let Some(reference) = message.reference() {
                    self.open.remove(reference);
                }
                self.wire.say(&message);
            }
            Answer::Followed(followed) => self.follow(*followed),
        }
    }

    fn follow(&mut self, followed: Followed) {
        let open = Open::Followed {
            pool: followed.broker().pool().clone(),
            id: followed.id(),
            token: followed.token().clone(),
        };
        self.open.insert(followed.reference().to_owned(), open);
        self.followed.push(Box::pin(followed.next()));
    }

    /// Says what has become of something.
    fn tell(&mut self, told: Told) {
        let Told { reference, message, next } = told;
        if let Some(message) = message {
            self.wire.say(&message);
        }
        match next {
            Some(followed) => self.followed.push(Box::pin(followed.next())),
            None => {
                self.open.remove(&reference);
            }
        }
    }
}

fn too_many_unanswered() -> Problem {
    Problem::new(
        ProblemKind::TooManyRequests,
        format!(
            "{MAX_UNANSWERED} messages are not answered yet, and no more may be; wait for answers"
        ),
    )
}
