//! The stream that answers `POST /lock`: one JSON line per notice, for as long as the client is there.
//!
//! A task of its own writes the lines, so that the client's departure is noticed even while the HTTP
//! server waits for the client to read. Whichever ends first ends the other: the task when the
//! response is dropped, the response when the task is done.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use respo::broker::{Broker, Session, Ticket, TicketEvent};
use respo::wire::{Event, GrantedLease};
use respo::{EndReason, Grant, RequestId, Token};
use tokio::sync::mpsc;
use warp::Reply;
use warp::http::HeaderValue;
use warp::http::header::{CONTENT_TYPE, HeaderName};
use warp::reply::Response;

use crate::peer::Disconnected;

/// How many lines may wait to be sent. Notices beyond that wait in the ticket, which coalesces them.
const LINES_AHEAD: usize = 4;

/// What one stream needs.
pub(crate) struct LockStream {
    pub(crate) broker: Broker,
    /// The client's presence: dropped with the stream, which ends the lease.
    pub(crate) session: Session,
    pub(crate) ticket: Ticket,
    /// The ticket's token, until a `queued` line has told it.
    pub(crate) first_token: Option<Token>,
    pub(crate) disconnected: Disconnected,
    /// Whether the end of the session is the end of the lease, too.
    pub(crate) ends_with_connection: bool,
    /// The longest silence.
    pub(crate) heartbeat: Duration,
}

/// The client is gone, or does not listen any more.
struct Gone;

impl LockStream {
    /// Answers with the headers at once and with a line per notice.
    pub(crate) fn into_response(self) -> Response {
        let (lines, mut receiver) = mpsc::channel::<Bytes>(LINES_AHEAD);
        tokio::spawn(self.run(lines));
        let body = stream::poll_fn(move |cx| {
            receiver.poll_recv(cx).map(|line| line.map(Ok::<_, Infallible>))
        });
        let mut response = warp::reply::stream(body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
        // Asks a reverse proxy to pass on each line as it comes.
        headers
            .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        response
    }

    async fn run(mut self, lines: mpsc::Sender<Bytes>) {
        let disconnected = self.disconnected.clone();
        let departed = async {
            tokio::select! {
                () = disconnected.wait() => {}
                () = lines.closed() => {}
            }
        };
        let is_over = tokio::select! {
            biased;
            // First, so that a client that leaves after the end is told of that end.
            result = self.tell(&lines) => result.is_ok(),
            () = departed => false,
        };
        if is_over {
            return;
        }
        let id = self.ticket.id();
        tracing::debug!(pool = self.broker.pool().as_str(), %id, "the client's connection ended");
        drop(self.session);
        let is_kept = self.broker.is_resumable() && self.broker.is_draining();
        // Whoever closed only its sending half can still be told, once it is so. Whoever does not read is
        // not waited for.
        if self.ends_with_connection && !is_kept {
            let told = tokio::select! {
                end = end(&mut self.ticket) => {
                    end.is_none_or(|reason| lines.try_send(line(&ended(id, reason))).is_ok())
                }
                () = lines.closed() => false,
            };
            if !told {
                tracing::debug!(pool = self.broker.pool().as_str(), %id, "the client could not be told");
            }
        }
    }

    /// Tells the client everything until the request has ended.
    async fn tell(&mut self, lines: &mpsc::Sender<Bytes>) -> Result<(), Gone> {
        loop {
            let notice = tokio::time::timeout(self.heartbeat, self.ticket.next()).await;
            let event = match notice {
                Err(_) => ControlFlow::Continue(Event::Heartbeat { time: self.broker.now() }),
                Ok(Some(notice)) => self.event(notice),
                Ok(None) => match self.lost() {
                    Some(event) => ControlFlow::Break(event),
                    None => return Ok(()),
                },
            };
            match event {
                ControlFlow::Continue(event) => send(lines, &event).await?,
                ControlFlow::Break(event) => return send(lines, &event).await,
            }
        }
    }

    /// The line that tells of a notice. `Break`: nothing follows it.
    fn event(&mut self, notice: TicketEvent) -> ControlFlow<Event, Event> {
        let id = self.ticket.id();
        match notice {
            TicketEvent::Queued(mut request) => {
                request.token = self.first_token.take().map(|token| token.reveal().to_owned());
                ControlFlow::Continue(Event::Queued { request })
            }
            TicketEvent::Granted(grant) => match self.lease(grant) {
                Some(lease) => ControlFlow::Continue(Event::Granted { lease }),
                None => {
                    tracing::error!(pool = self.broker.pool().as_str(), %id, "granted without a request");
                    ControlFlow::Break(ended(id, EndReason::Revoked))
                }
            },
            TicketEvent::Draining { deadline } => {
                ControlFlow::Continue(Event::Draining { deadline_seconds: deadline.as_secs() })
            }
            TicketEvent::Restarting { grace } => {
                ControlFlow::Break(Event::Restarting { grace_seconds: grace.as_secs() })
            }
            TicketEvent::Ended(reason) => ControlFlow::Break(ended(id, reason)),
        }
    }

    /// What to say when nothing more is heard of the request: the pool has stopped, or does not have it
    /// any more. Nothing where the next start has it again.
    fn lost(&self) -> Option<Event> {
        let reason = match (self.broker.is_draining(), self.broker.is_resumable()) {
            (true, true) => return None,
            (true, false) => EndReason::Draining,
            (false, _) => EndReason::Disconnected,
        };
        Some(ended(self.ticket.id(), reason))
    }

    /// The lease as its holder sees it.
    fn lease(&self, grant: Grant) -> Option<GrantedLease> {
        let request = self.ticket.request()?;
        Some(GrantedLease::new(self.broker.pool().clone(), self.ticket.token(), &grant, request))
    }
}

/// Waits until the request has ended; `None` if the pool stops before that.
async fn end(ticket: &mut Ticket) -> Option<EndReason> {
    loop {
        match ticket.next().await {
            Some(TicketEvent::Ended(reason)) => return Some(reason),
            Some(TicketEvent::Restarting { .. }) | None => return None,
            Some(_) => {}
        }
    }
}

fn ended(id: RequestId, reason: EndReason) -> Event {
    Event::Ended { id, reason, detail: reason.explanation().to_owned() }
}

async fn send(lines: &mpsc::Sender<Bytes>, event: &Event) -> Result<(), Gone> {
    lines.send(line(event)).await.map_err(|_| Gone)
}

/// The event as one line.
fn line(event: &Event) -> Bytes {
    match serde_json::to_string(event) {
        Ok(mut text) => {
            text.push('\n');
            text.into()
        }
        Err(error) => {
            tracing::error!(%error, "failed to write a line");
            Bytes::new()
        }
    }
}
