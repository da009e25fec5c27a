//! A request that waits for its grant.

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use futures_util::{Stream, stream};
use respo::wire::{GrantedLease, QueuedRequest};
use respo::{RequestId, Token};
use tokio::time::timeout;

use crate::client::Client;
use crate::connection::timed_out;
use crate::error::Error;
use crate::event::{Ending, LineEvent};
use crate::event_reader::EventReader;
use crate::lease::{Lease, LostReason};
use crate::release;
use crate::stream::{EventStream, StreamEvent, Terms};

/// What a waiting request is told.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Notice {
    /// The request waits here, behind these.
    Queued(QueuedRequest),
    /// The request was granted. This is the last notice; [`Pending::granted`] gives the lease.
    Granted(Box<GrantedLease>),
    /// The server is about to stop. It will end the request.
    Draining {
        /// How long it still waits for those who hold something.
        deadline: Duration,
    },
    /// The server is about to be restarted, and keeps the request.
    Restarting {
        /// How long it waits for the request's client once it is back.
        grace: Duration,
    },
    /// The connection broke, and another one is being made. [`Resumed`](Self::Resumed) follows when the
    /// request is back in its place. It is said again when `until` changes.
    Away {
        /// What happened to the connection.
        cause: LostReason,
        /// When the request is given up unless respod is back. `None`: not for as long as respod is known
        /// to be away, since it will have kept the place.
        until: Option<Instant>,
    },
    /// The server has taken the request up again on another connection. How it stands follows.
    Resumed,
    /// The server has ended the request. This is the last notice; [`Pending::granted`] gives the error.
    Ended(Ending),
}

/// A request that has been made and may wait in the queue. It leaves the queue when it is dropped.
///
/// Where the request has a linger, or respod is away, it keeps its place for a while after it was dropped:
/// [`cancel`](Self::cancel) makes it leave at once.
#[must_use = "the request leaves the queue when this is dropped"]
pub struct Pending {
    client: Client,
    stream: EventStream,
    terms: Terms,
    id: RequestId,
    token: Token,
    /// What is to be told before anything else.
    untold: VecDeque<Notice>,
    is_away: bool,
    outcome: Option<Result<(Box<GrantedLease>, Token), Error>>,
}

impl Pending {
    /// Reads the first line: who one is, whether granted or queued. `token`: where it is known already.
    pub(crate) async fn begin(
        client: Client,
        reader: EventReader,
        terms: Terms,
        token: Option<Token>,
    ) -> Result<Self, NotBegun> {
        let mut stream = EventStream::new(client.clone(), reader, terms, token.clone());
        let limit = client.answer_timeout();
        let first =
            timeout(limit, first_line(&mut stream, &client, token)).await.map_err(|_| {
                let nothing = timed_out("it said nothing about the request", limit);
                NotBegun::Failed(client.unreachable(nothing))
            })??;
        let mut untold = VecDeque::new();
        let (id, token, outcome) = match first {
            First::Queued(place, token) => {
                let id = place.id;
                untold.push_back(Notice::Queued(place));
                (id, token, None)
            }
            First::Granted(lease, token) => {
                untold.push_back(Notice::Granted(lease.clone()));
                (lease.id, token.clone(), Some(Ok((lease, token))))
            }
        };
        Ok(Self { client, stream, terms, id, token, untold, is_away: false, outcome })
    }

    /// The id of the request, which the lease will keep.
    #[must_use]
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// The secret that proves whose it is.
    #[must_use]
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// The next thing that there is to say; `None` when there is nothing more, since it was granted or has
    /// ended: [`granted`](Self::granted) tells which. Cancel-safe.
    pub async fn next(&mut self) -> Option<Notice> {
        loop {
            if let Some(notice) = self.untold.pop_front() {
                return Some(notice);
            }
            if self.outcome.is_some() {
                return None;
            }
            let event = self.stream.next().await;
            self.take_in(event);
        }
    }

    /// The same as a stream, which may be dropped and made again at any time.
    ///
    /// ```no_run
    /// # async fn example(client: rpclient::Client, request: rpclient::Request) -> Result<(), rpclient::Error> {
    /// use futures_util::StreamExt;
    ///
    /// let mut pending = client.request(&request).await?;
    /// pending.notices().for_each(async |notice| println!("{notice:?}")).await;
    /// let lease = pending.granted().await?;
    /// # lease.release().await
    /// # }
    /// ```
    pub fn notices(&mut self) -> impl Stream<Item = Notice> {
        stream::unfold(self, async |pending| pending.next().await.map(|notice| (notice, pending)))
    }

    fn take_in(&mut self, event: Result<StreamEvent, LostReason>) {
        let line = match event {
            Ok(StreamEvent::Line(line)) => line,
            Ok(StreamEvent::Away { cause, until }) => {
                self.is_away = true;
                self.untold.push_back(Notice::Away { cause, until: until.map(Into::into) });
                return;
            }
            Err(reason) => {
                self.outcome = Some(Err(while_waiting(&self.client, reason)));
                return;
            }
        };
        if std::mem::take(&mut self.is_away) {
            self.untold.push_back(Notice::Resumed);
        }
        match line {
            LineEvent::Queued { place, .. } => self.untold.push_back(Notice::Queued(place)),
            LineEvent::Draining { deadline } => {
                self.untold.push_back(Notice::Draining { deadline });
            }
            LineEvent::Restarting { grace } => {
                self.untold.push_back(Notice::Restarting { grace });
            }
            LineEvent::Heartbeat => {}
            LineEvent::Granted { lease, token } => {
                self.untold.push_back(Notice::Granted(lease.clone()));
                self.outcome = Some(Ok((lease, token)));
            }
            LineEvent::Ended(ending) => {
                self.untold.push_back(Notice::Ended(ending.clone()));
                self.outcome = Some(Err(Error::from_ending(ending)));
            }
            LineEvent::Refused(problem) => {
                self.outcome = Some(Err(Error::from_problem(*problem)));
            }
        }
    }

    /// Waits until the request is granted.
    ///
    /// # Errors
    /// [`Error::WaitExpired`], [`Error::NoSuch`] or [`Error::Ended`] if the server ended it,
    /// [`Error::Unreachable`] if the connection broke and none could be made in time.
    pub async fn granted(mut self) -> Result<Lease, Error> {
        while self.next().await.is_some() {}
        let outcome = self.outcome.take();
        let (lease, token) = outcome.unwrap_or_else(|| {
            Err(self.client.protocol("the stream ended without a grant or an end"))
        })?;
        let client = self.client.clone();
        let lease = Lease::new(self.client, self.stream, *lease, token, self.terms);
        lease.ok_or_else(|| client.protocol("a lease without a resource"))
    }

    /// Leaves the queue, and returns when the server has let go of the request. If the request was
    /// granted in the meantime, its lease ends. Where the server cannot be reached, this tries again for as
    /// long as an answer may take ([`answer_timeout`](crate::ClientBuilder::answer_timeout)).
    ///
    /// # Errors
    /// Whatever keeps the server from being told. The request then ends with its linger, or when a server
    /// that was away has waited long enough for its client.
    pub async fn cancel(self) -> Result<(), Error> {
        let Self { client, stream, id, token, .. } = self;
        // The connection stays until the server has been told, or is broken already.
        let _stream = stream;
        release::until_told(&client, id, &token).await
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why there is no request after all.
pub(crate) enum NotBegun {
    /// The connection broke before anything was said. The server may have the request nevertheless.
    Broken(LostReason),
    /// For this reason.
    Failed(Error),
}

impl NotBegun {
    pub(crate) fn into_error(self, client: &Client) -> Error {
        match self {
            Self::Broken(cause) => while_waiting(client, cause),
            Self::Failed(error) => error,
        }
    }
}

impl From<Error> for NotBegun {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

enum First {
    Queued(QueuedRequest, Token),
    Granted(Box<GrantedLease>, Token),
}

/// `known`: the token, where the first line need not say it.
async fn first_line(
    stream: &mut EventStream,
    client: &Client,
    known: Option<Token>,
) -> Result<First, NotBegun> {
    loop {
        match stream.next().await {
            Ok(StreamEvent::Line(LineEvent::Queued { place, token })) => {
                let token = token.or(known);
                let missing = || client.protocol("the first queued line has no token");
                return Ok(First::Queued(place, token.ok_or_else(missing)?));
            }
            Ok(StreamEvent::Line(LineEvent::Granted { lease, token })) => {
                return Ok(First::Granted(lease, token));
            }
            Ok(StreamEvent::Line(LineEvent::Ended(ending))) => {
                return Err(Error::from_ending(ending).into());
            }
            Ok(StreamEvent::Line(LineEvent::Refused(problem))) => {
                return Err(Error::from_problem(*problem).into());
            }
            Ok(StreamEvent::Line(
                LineEvent::Heartbeat | LineEvent::Draining { .. } | LineEvent::Restarting { .. },
            )) => {}
            Ok(StreamEvent::Away { cause, .. }) => return Err(NotBegun::Broken(cause)),
            Err(cause @ (LostReason::Disconnected(_) | LostReason::Silent(_))) => {
                return Err(NotBegun::Broken(cause));
            }
            Err(cause) => return Err(while_waiting(client, cause).into()),
        }
    }
}

/// What the loss of the connection means for a request that has not been granted.
pub(crate) fn while_waiting(client: &Client, reason: LostReason) -> Error {
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
