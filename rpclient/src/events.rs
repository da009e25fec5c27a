//! What happens in a pool, as it happens.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{Method, header};
use respo::wire::{EventId, PublicEvent};
use tokio::time::{Instant, sleep_until, timeout};

use crate::backoff::Backoff;
use crate::client::Client;
use crate::connection::{Answer, CLOSED, Timeouts};
use crate::error::Error;
use crate::lease::LostReason;
use crate::lines::{LineDecoder, MAX_LINE};
use crate::setback::Setback;

const EVENT_STREAM: &str = "text/event-stream";

/// What whoever watches a pool is told.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Watched {
    /// This happened.
    Happened(Box<PublicEvent>),
    /// Something happened that can no longer be told: this reads too slowly, or respod was restarted. Lists
    /// that were made of what happened must be read anew.
    Missed,
    /// The connection broke. Another one is being made, for however long that takes.
    Away {
        /// What happened to it.
        cause: LostReason,
    },
    /// There is a connection again.
    Back,
}

/// What happens in a pool, from [`Client::events`]. It goes on over breaks of the connection and restarts of
/// respod.
#[derive(Debug)]
pub struct Events {
    client: Client,
    last: Option<EventId>,
    connection: Connection,
}

#[derive(Debug)]
enum Connection {
    Open(Box<Lines>),
    Broken { backoff: Backoff, next: Instant },
}

/// The lines of one connection.
struct Lines {
    answer: Answer,
    decoder: LineDecoder,
    /// The id of the event that is being read, which counts once the event has been read.
    id: Option<EventId>,
    /// Whether the next piece of data is about events that were missed.
    is_missed: bool,
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines").field("peer", &self.answer.peer).finish_non_exhaustive()
    }
}

impl Client {
    /// Watches the client's pool, or the only one: what happens from now on, or, with `after`, what has
    /// happened since that event, as far as respod has kept it.
    ///
    /// ```no_run
    /// # async fn example(client: rpclient::Client) -> Result<(), rpclient::Error> {
    /// use rpclient::Watched;
    /// let mut events = client.events(None).await?;
    /// loop {
    ///     if let Watched::Happened(event) = events.next().await? {
    ///         println!("{} {}", event.time, event.what.code());
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Refused`] with the code `pool_required` or `no_such_pool`, and whatever keeps the server from
    /// answering.
    pub async fn events(&self, after: Option<EventId>) -> Result<Events, Error> {
        let lines = self.event_lines(after, self.timeouts()).await?;
        let connection = Connection::Open(Box::new(lines));
        Ok(Events { client: self.clone(), last: after, connection })
    }

    async fn event_lines(&self, after: Option<EventId>, within: Timeouts) -> Result<Lines, Error> {
        let path = self.with_pool("/v1/events");
        let mut call = self.call(Method::GET, &path).header(header::ACCEPT, EVENT_STREAM);
        if let Some(after) = after {
            call = call.header("last-event-id", after.to_string());
        }
        let answer = self.answer(call, Bytes::new(), None, within).await?;
        match answer.media_type() {
            EVENT_STREAM => {
                let decoder = LineDecoder::new(MAX_LINE);
                Ok(Lines { answer, decoder, id: None, is_missed: false })
            }
            other => {
                Err(self
                    .protocol(format!("a stream of {EVENT_STREAM} was expected, not {other:?}")))
            }
        }
    }
}

impl Events {
    /// The next thing that there is to say. Cancel-safe.
    ///
    /// # Errors
    /// That the server refuses, or says something that cannot be understood. That it is away is none.
    pub async fn next(&mut self) -> Result<Watched, Error> {
        loop {
            match &mut self.connection {
                Connection::Open(lines) => {
                    let limit = self.client.silence_limit();
                    let cause = match lines.next(&mut self.last, limit).await {
                        Ok(watched) => return Ok(watched),
                        Err(LostReason::Protocol(problem)) => {
                            return Err(self.client.protocol(problem));
                        }
                        Err(cause) => cause,
                    };
                    let mut backoff = Backoff::new();
                    let next = Instant::now() + backoff.pause();
                    self.connection = Connection::Broken { backoff, next };
                    return Ok(Watched::Away { cause });
                }
                Connection::Broken { backoff, next } => {
                    sleep_until(*next).await;
                    let within = self.client.timeouts_of_attempt();
                    match self.client.event_lines(self.last, within).await {
                        Ok(lines) => {
                            self.connection = Connection::Open(Box::new(lines));
                            return Ok(Watched::Back);
                        }
                        Err(error) if Setback::of(&error) == Setback::Refused => return Err(error),
                        Err(_) => *next = Instant::now() + backoff.pause(),
                    }
                }
            }
        }
    }

    /// The latest event that has been told, or the one before those that will be: whoever watches again later
    /// goes on from there.
    #[must_use]
    pub fn last(&self) -> Option<EventId> {
        self.last
    }

    /// The same as a stream. It ends after an error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Watched, Error>> {
        stream::unfold(Some(self), async |events| {
            let mut events = events?;
            match events.next().await {
                Ok(watched) => Some((Ok(watched), Some(events))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }
}

impl Lines {
    /// Reads on until something is told; cancel-safe. Each event is an id, a kind and data, in this order
    /// (see `docs/protocol.md`), so that the data completes it.
    async fn next(
        &mut self,
        last: &mut Option<EventId>,
        limit: Duration,
    ) -> Result<Watched, LostReason> {
        loop {
            match self.decoder.next_line() {
                Ok(Some(line)) => {
                    let line = String::from_utf8_lossy(line);
                    let (field, value) = line.split_once(": ").unwrap_or((&line, ""));
                    if matches!(field, "data" | "") {
                        *last = self.id.take().or(*last);
                    }
                    match field {
                        "id" => self.id = value.parse().ok(),
                        "event" => self.is_missed = value == "missed",
                        "data" if std::mem::take(&mut self.is_missed) => {
                            return Ok(Watched::Missed);
                        }
                        // What happened may be of a kind that this version does not know.
                        "data" => {
                            if let Ok(event) = serde_json::from_str(value) {
                                return Ok(Watched::Happened(Box::new(event)));
                            }
                        }
                        _ => {}
                    }
                }
                Ok(None) => match timeout(limit, self.answer.chunk()).await {
                    Ok(Ok(Some(chunk))) => self.decoder.push(&chunk),
                    Ok(Ok(None)) => return Err(LostReason::Disconnected(CLOSED.to_owned())),
                    Ok(Err(error)) => return Err(LostReason::Disconnected(error.to_string())),
                    Err(_) => return Err(LostReason::Silent(limit)),
                },
                Err(_) => {
                    let problem = format!("a line is longer than {MAX_LINE} bytes");
                    return Err(LostReason::Protocol(problem));
                }
            }
        }
    }
}
