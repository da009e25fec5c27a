//! How requests are made and taken up again: over the WebSocket, and where there is none, by `POST /lock`.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, header};
use respo::wire::socket::ClientMessage;
use respo::{Request, Token};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::backoff::Backoff;
use crate::client::{Client, JSON};
use crate::connection::Timeouts;
use crate::deadline;
use crate::error::Error;
use crate::event_reader::EventReader;
use crate::lease::Lease;
use crate::line_reader::LineReader;
use crate::lock_call::LockCall;
use crate::pending::{NotBegun, Pending, while_waiting};
use crate::setback::Setback;
use crate::socket::{Farewell, Pace, Socket};
use crate::stream::Terms;

const NDJSON: &str = "application/x-ndjson";

/// What the server is asked for.
#[derive(Clone, Copy)]
enum Asked<'a> {
    /// Something that nobody has asked for before.
    New(&'a Request),
    /// What has this token.
    Again(&'a Token),
}

impl<'a> Asked<'a> {
    fn token(self) -> Option<&'a Token> {
        match self {
            Self::New(_) => None,
            Self::Again(token) => Some(token),
        }
    }
}

impl Client {
    /// Asks for what the request needs and returns when the request is granted or waits in the queue.
    ///
    /// Should the connection break before the server has answered, the request is made again on another
    /// one, under a key by which the server knows that it is the same. For how long this is tried:
    /// [`answer_timeout`](crate::ClientBuilder::answer_timeout).
    ///
    /// # Errors
    /// [`Error::Busy`] if the request does not want to wait, [`Error::NoSuch`] if it can never be
    /// granted, and whatever keeps it from being asked.
    pub async fn request(&self, request: &Request) -> Result<Pending, Error> {
        let request = self.with_holder(request);
        let terms = Terms::of(&request);
        match self.socket(None, self.timeouts()).await? {
            Some(socket) => self.ask(socket, Asked::New(&request), terms).await,
            None => {
                let pool = self.pool();
                let call = LockCall::of(request, pool).map_err(|error| self.protocol(error))?;
                let reader = self.lock(call, None, self.timeouts()).await?;
                let begun = Pending::begin(self.clone(), reader, terms, None).await;
                begun.map_err(|failure| failure.into_error(self))
            }
        }
    }

    /// Asks for what the request needs and waits until it is granted.
    ///
    /// # Errors
    /// As for [`request`](Self::request), and those of [`Pending::granted`].
    pub async fn acquire(&self, request: &Request) -> Result<Lease, Error> {
        self.request(request).await?.granted().await
    }

    /// Takes up a request or lease with its token: one that was passed on to this client, or that an earlier
    /// process has left behind. Whoever has followed it so far is told that it was taken over.
    ///
    /// Its linger is not known here: while respod does not answer, it is trusted as if it had none.
    ///
    /// # Errors
    /// [`Error::Refused`] with the code `wrong_token` if the token is good for nothing, or for nothing any
    /// more, and whatever keeps the server from being asked.
    pub async fn resume(&self, token: &Token) -> Result<Pending, Error> {
        let terms = Terms::unknown();
        let within = self.timeouts();
        match self.socket(None, within).await? {
            Some(socket) => self.ask(socket, Asked::Again(token), terms).await,
            None => {
                let call = LockCall::resuming(token.clone(), self.pool());
                let reader = self.lock(call, None, within).await?;
                let token = Some(token.clone());
                let begun = Pending::begin(self.clone(), reader, terms, token).await;
                begun.map_err(|failure| failure.into_error(self))
            }
        }
    }

    /// Attempts to take up a request or lease whose connection broke. It was with the server at `before`.
    pub(crate) async fn attempt_to_resume(
        &self,
        token: &Token,
        terms: Terms,
        before: Option<SocketAddr>,
    ) -> Result<EventReader, Error> {
        let within = self.timeouts_of_attempt();
        match self.socket(before, within).await? {
            Some(socket) => {
                let resume = |reference| self.resume_message(reference, token);
                Ok(EventReader::Socket(socket.follow(resume, self.farewell(terms))))
            }
            None => self.lock(LockCall::resuming(token.clone(), self.pool()), before, within).await,
        }
    }

    /// Asks over the WebSocket until there is an answer, or the time for one is over.
    async fn ask(
        &self,
        mut socket: Arc<Socket>,
        asked: Asked<'_>,
        terms: Terms,
    ) -> Result<Pending, Error> {
        let end = deadline::within(self.answer_timeout());
        let mut backoff = Backoff::new();
        let (mut key, mut is_repeated) = (self.new_key()?, false);
        let known = asked.token().cloned();
        loop {
            let message = |reference| match asked {
                Asked::New(request) => ClientMessage::Request {
                    reference,
                    pool: self.pool().cloned(),
                    request: request.clone(),
                    idempotency_key: Some(key.reveal().to_owned()),
                },
                Asked::Again(token) => self.resume_message(reference, token),
            };
            let reader = EventReader::Socket(socket.follow(message, self.farewell(terms)));
            match Pending::begin(self.clone(), reader, terms, known.clone()).await {
                Ok(pending) => return Ok(pending),
                // What came of it ended with its connection, and nobody has had the use of it.
                Err(NotBegun::Failed(Error::Refused(problem)))
                    if is_repeated && problem.code == "key_spent" =>
                {
                    (key, is_repeated) = (self.new_key()?, false);
                }
                Err(NotBegun::Failed(error)) => return Err(error),
                Err(NotBegun::Broken(cause)) => {
                    is_repeated = true;
                    let failure = while_waiting(self, cause);
                    socket = self.socket_again(end, failure, &mut backoff).await?;
                }
            }
        }
    }

    /// Another connection in place of one that broke. `failure` is what there is to say if there is none.
    async fn socket_again(
        &self,
        end: Instant,
        mut failure: Error,
        backoff: &mut Backoff,
    ) -> Result<Arc<Socket>, Error> {
        loop {
            let next = Instant::now() + backoff.pause();
            if next >= end {
                return Err(failure);
            }
            sleep_until(next).await;
            match timeout_at(end, self.socket(None, self.timeouts_of_attempt())).await {
                Ok(Ok(Some(socket))) => return Ok(socket),
                Ok(Err(error)) if Setback::of(&error) == Setback::Refused => return Err(error),
                Ok(Err(error)) => failure = error,
                // A lock stream has no way to say that it is the same request once more.
                Ok(Ok(None)) | Err(_) => return Err(failure),
            }
        }
    }

    /// Begins a lock stream.
    async fn lock(
        &self,
        LockCall { query, body }: LockCall,
        before: Option<SocketAddr>,
        within: Timeouts,
    ) -> Result<EventReader, Error> {
        let path = if query.is_empty() { "/lock".to_owned() } else { format!("/lock?{query}") };
        let mut call = self.call(Method::POST, &path).header(header::ACCEPT, NDJSON);
        if body.is_some() {
            call = call.header(header::CONTENT_TYPE, JSON);
        }
        let body = body.map(Bytes::from).unwrap_or_default();
        let answer = self.answer(call, body, before, within).await?;
        match answer.media_type() {
            NDJSON => {
                self.link().refuse();
                let pace = Pace::of_lines(self.silence_limit());
                Ok(EventReader::Lines(Box::new(LineReader::new(answer, pace))))
            }
            other => {
                Err(self.protocol(format!("a stream of {NDJSON} was expected, not {other:?}")))
            }
        }
    }

    fn resume_message(&self, reference: String, token: &Token) -> ClientMessage {
        let token = token.reveal().to_owned();
        ClientMessage::Resume { reference, pool: self.pool().cloned(), token }
    }

    fn farewell(&self, terms: Terms) -> Farewell {
        Farewell::Release { pool: self.pool().cloned(), lingers: terms.is_kept }
    }
}
