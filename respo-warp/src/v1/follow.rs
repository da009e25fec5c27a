//! `GET /v1/requests/{id}` with the token: its client comes back for it, and may wait for what becomes of it.

use std::time::Duration;

use respo::broker::{Session, Ticket, TicketEvent};
use respo::wire::QueuedRequest;
use respo::{EndReason, Refusal, Token};
use warp::http::StatusCode;
use warp::reply::Response;

use crate::parameters::Parameters;
use crate::peer::Disconnected;
use crate::problem::Problem;
use crate::v1::answers::Subject;
use crate::v1::requests;

/// The longest that a call waits. Proxies tend to give up after this.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// How long a call waits that has lost its request to another call, before it answers: two clients that poll with
/// one token do not chase each other.
const AFTER_TAKE_OVER: Duration = Duration::from_secs(1);

/// How long to wait, and for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Poll {
    wait: Option<Duration>,
    /// The place that the client knows of.
    position: Option<u64>,
}

impl Poll {
    pub(crate) fn parse(parameters: &Parameters) -> Result<Self, Problem> {
        let wait = parameters.duration("wait", LONGEST_WAIT)?;
        let position = parameters.number("position")?;
        if position.is_some() && wait.is_none() {
            let problem = "it goes with wait only: it is the place that the client knows of, and the answer \
                           comes when it is another";
            return Err(Problem::malformed_parameter("position", problem));
        }
        Ok(Self { wait, position })
    }

    pub(crate) fn is_asked_for(self) -> bool {
        self.wait.is_some()
    }
}

/// Answers as soon as the request has been granted, has ended or has another place, or when the time is over.
pub(crate) async fn follow(
    subject: &Subject<'_>,
    token: &Token,
    poll: Poll,
    disconnected: Disconnected,
) -> Result<Response, Problem> {
    let standing = subject.broker.look_up(subject.id, token).await;
    let standing = standing.map_err(|refusal| subject.explain(refusal))?;
    let wait = poll.wait.unwrap_or_default();
    let (is_granted, ttl) = (standing.grant.is_some(), standing.request.ttl());
    if is_granted || ttl.is_none() || wait.is_zero() {
        if !is_granted && ttl.is_some() {
            // It ends unless its client comes back, which this call is.
            let renewed = subject.broker.renew(subject.id, token, None).await;
            renewed.map_err(|refusal| subject.explain(refusal))?;
        }
        // What its connection keeps is not taken from there only to look at it.
        return now(subject, token).await;
    }
    let session = subject.broker.session();
    let ticket = session.resume(token).await.map_err(|refusal| match refusal {
        // It was good a moment ago.
        Refusal::WrongToken => subject.explain(Refusal::NoRequest(subject.id)),
        other => subject.explain(other),
    })?;
    let following = Following { session, ticket, position: poll.position, last: None };
    let over = async {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            // Whoever has closed its sending half may still read the answer, and does not come back.
            () = disconnected.wait() => {}
        }
    };
    following.run(subject, token, over).await
}

async fn now(subject: &Subject<'_>, token: &Token) -> Result<Response, Problem> {
    requests::now(subject, token, StatusCode::SEE_OTHER, StatusCode::OK).await
}

/// A request while a call waits for what becomes of it.
struct Following {
    /// Keeps the request; its end is the time from which the ttl counts.
    session: Session,
    ticket: Ticket,
    position: Option<u64>,
    last: Option<QueuedRequest>,
}

impl Following {
    async fn run(
        mut self,
        subject: &Subject<'_>,
        token: &Token,
        over: impl Future<Output = ()>,
    ) -> Result<Response, Problem> {
        tokio::pin!(over);
        loop {
            let event = tokio::select! {
                event = self.ticket.next() => event,
                () = &mut over => {
                    let last = self.last.take();
                    drop(self.session);
                    return match last {
                        Some(queued) => {
                            let ttl = self.ticket.request().and_then(|request| request.ttl());
                            Ok(subject.pending(StatusCode::OK, queued, ttl))
                        }
                        None => now(subject, token).await,
                    };
                }
            };
            match event {
                Some(TicketEvent::Queued(queued)) => {
                    let known = *self.position.get_or_insert(queued.position);
                    if known != queued.position {
                        let ttl = self.ticket.request().and_then(|request| request.ttl());
                        return Ok(subject.pending(StatusCode::OK, queued, ttl));
                    }
                    self.last = Some(queued);
                }
                Some(TicketEvent::Draining { .. }) => {}
                Some(TicketEvent::Granted(_)) => return now(subject, token).await,
                Some(TicketEvent::Ended(EndReason::TakenOver)) => {
                    tokio::select! {
                        () = tokio::time::sleep(AFTER_TAKE_OVER) => {}
                        () = &mut over => {}
                    }
                    return now(subject, token).await;
                }
                Some(TicketEvent::Ended(reason)) => {
                    return Err(Problem::ended(subject.id, reason));
                }
                Some(TicketEvent::Restarting { .. }) | None => {
                    return Err(Refusal::Draining.into());
                }
            }
        }
    }
}
