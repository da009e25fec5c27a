//! A request that waits for its grant.

use std::fmt;
use std::time::Duration;

use respo::wire::{GrantedLease, QueuedRequest};
use respo::{RequestId, Token};
use tokio::time::timeout;

use crate::client::Client;
use crate::connection::Answer;
use crate::error::Error;
use crate::event::{Ending, LineEvent};
use crate::lease::{Lease, LostReason};
use crate::stream::{EventStream, StreamEvent};

/// What a waiting request is told.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// The request waits here, behind these.
    Queued(QueuedRequest),
    /// The server is about to stop. It will end the request.
    Draining {
        /// How long it still waits for those who hold something.
        deadline: Duration,
    },
    /// The connection broke, and the request, since it lingers, has kept its place. Another
    /// connection is being made.
    Away {
        /// What happened to the connection.
        cause: LostReason,
        /// How long the server keeps the place.
        grace: Duration,
    },
}

/// A request that has been made and may wait in the queue. It leaves the queue when it is dropped.
///
/// Where the request has a linger, it keeps its place for that long after it was dropped:
/// [`cancel`](Self::cancel) makes it leave at once.
#[must_use = "the request leaves the queue when this is dropped"]
pub struct Pending {
    client: Client,
    stream: EventStream,
    linger: Duration,
    id: RequestId,
    token: Token,
    first: Option<Notice>,
    outcome: Option<Result<(Box<GrantedLease>, Token), Error>>,
}

impl Pending {
    /// Reads the first line: who one is, whether granted or queued.
    pub(crate) async fn begin(
        client: Client,
        answer: Answer,
        linger: Duration,
    ) -> Result<Self, Error> {
        let mut stream = EventStream::new(client.clone(), answer, linger);
        let limit = client.answer_timeout();
        let first = timeout(limit, first_line(&mut stream, &client)).await.map_err(|_| {
            client.unreachable(std::io::Error::new(
                std::io::ErrorKind::TimedOut,
                format!("it said nothing about the request within {} s", limit.as_secs_f64()),
            ))
        })??;
        let (id, token, first, outcome) = match first {
            First::Queued(place, token) => (place.id, token, Some(Notice::Queued(place)), None),
            First::Granted(lease, token) => {
                (lease.id, token.clone(), None, Some(Ok((lease, token))))
            }
        };
        Ok(Self { client, stream, linger, id, token, first, outcome })
    }

    /// The id of the request, which the lease will keep.
    #[must_use]
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// The next thing that there is to say while the request waits; `None` when there is nothing more,
    /// since it was granted or has ended: [`granted`](Self::granted) tells which. Cancel-safe.
    pub async fn next(&mut self) -> Option<Notice> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        while self.outcome.is_none() {
            match self.stream.next().await {
                Ok(StreamEvent::Line(LineEvent::Queued { place, .. })) => {
                    return Some(Notice::Queued(place));
                }
                Ok(StreamEvent::Line(LineEvent::Draining { deadline })) => {
                    return Some(Notice::Draining { deadline });
                }
                Ok(StreamEvent::Away { cause, grace }) => {
                    return Some(Notice::Away { cause, grace });
                }
                Ok(StreamEvent::Line(LineEvent::Heartbeat)) => {}
                Ok(StreamEvent::Line(LineEvent::Granted { lease, token })) => {
                    self.outcome = Some(Ok((lease, token)));
                }
                Ok(StreamEvent::Line(LineEvent::Ended(ending))) => {
                    self.outcome = Some(Err(Error::from_ending(ending)));
                }
                Err(reason) => self.outcome = Some(Err(while_waiting(&self.client, reason))),
            }
        }
        None
    }

    /// Waits until the request is granted.
    ///
    /// # Errors
    /// [`Error::WaitExpired`], [`Error::NoSuch`] or [`Error::Ended`] if the server ended it,
    /// [`Error::Unreachable`] if the connection broke.
    pub async fn granted(mut self) -> Result<Lease, Error> {
        while self.next().await.is_some() {}
        let outcome = self.outcome.take();
        let (lease, token) = outcome.unwrap_or_else(|| {
            Err(self.client.protocol("the stream ended without a grant or an end"))
        })?;
        Ok(Lease::new(self.client, self.stream, *lease, token, self.linger))
    }

    /// Leaves the queue, and returns when the server has let go of the request. If the request was
    /// granted in the meantime, its lease ends.
    ///
    /// # Errors
    /// Whatever keeps the server from being told. The request then ends with its linger.
    pub async fn cancel(self) -> Result<(), Error> {
        let released = self.client.release(self.id, &self.token).await;
        already_ended_is_fine(released)
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Who asks for the end of what has ended has got what they wanted.
pub(crate) fn already_ended_is_fine(released: Result<(), Error>) -> Result<(), Error> {
    match released {
        Err(Error::Refused(problem)) if problem.code == "no_request" => Ok(()),
        other => other,
    }
}

enum First {
    Queued(QueuedRequest, Token),
    Granted(Box<GrantedLease>, Token),
}

async fn first_line(stream: &mut EventStream, client: &Client) -> Result<First, Error> {
    loop {
        match stream.next().await {
            Ok(StreamEvent::Line(LineEvent::Queued { place, token: Some(token) })) => {
                return Ok(First::Queued(place, token));
            }
            Ok(StreamEvent::Line(LineEvent::Queued { token: None, .. })) => {
                return Err(client.protocol("the first queued line has no token"));
            }
            Ok(StreamEvent::Line(LineEvent::Granted { lease, token })) => {
                return Ok(First::Granted(lease, token));
            }
            Ok(StreamEvent::Line(LineEvent::Ended(ending))) => {
                return Err(Error::from_ending(ending));
            }
            Ok(StreamEvent::Line(LineEvent::Heartbeat | LineEvent::Draining { .. })) => {}
            Ok(StreamEvent::Away { cause, .. }) | Err(cause) => {
                return Err(while_waiting(client, cause));
            }
        }
    }
}

/// What the loss of the connection means for a request that has not been granted.
fn while_waiting(client: &Client, reason: LostReason) -> Error {
    use std::io;
    match reason {
        LostReason::Ended(ending) => Error::from_ending(ending),
        LostReason::Disconnected(detail) => {
            client.unreachable(io::Error::new(io::ErrorKind::UnexpectedEof, detail))
        }
        LostReason::Silent(_) => {
            client.unreachable(io::Error::new(io::ErrorKind::TimedOut, reason.to_string()))
        }
        LostReason::Gone(detail) => {
            Error::Ended(Ending { reason: None, code: "no_request".to_owned(), detail })
        }
        LostReason::Protocol(problem) => client.protocol(problem),
    }
}
