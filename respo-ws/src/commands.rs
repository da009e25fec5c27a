//! What each message asks of a broker, and what is answered.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use respo::broker::{Broker, Session, Ticket};
use respo::wire::Problem;
use respo::wire::socket::ServerMessage;
use respo::{Refusal, Request, RequestId, Token};

use crate::followed::Followed;

/// What is answered to a message.
pub(crate) enum Answer {
    /// This, and nothing more.
    Said(Box<ServerMessage>),
    /// Whatever becomes of this.
    Followed(Box<Followed>),
}

/// An answer that is being worked out.
pub(crate) type Answering = BoxFuture<'static, Answer>;

impl Answer {
    /// A message that is not carried out.
    pub(crate) fn refused(reference: String, problem: impl Into<Problem>) -> Self {
        let problem = problem.into();
        Self::Said(Box::new(ServerMessage::Error { reference: Some(reference), problem }))
    }

    fn of<T>(
        reference: String,
        result: Result<T, Refusal>,
        answer: impl FnOnce(String, T) -> ServerMessage,
    ) -> Self {
        match result {
            Ok(value) => Self::Said(Box::new(answer(reference, value))),
            Err(refusal) => Self::refused(reference, logged(refusal)),
        }
    }
}

/// What only those who run the server should know goes into its log.
fn logged(refusal: Refusal) -> Refusal {
    if let Refusal::StoreUnavailable(_) | Refusal::NoSession = &refusal {
        tracing::error!(%refusal, "a message was not carried out");
    }
    refusal
}

/// Makes a request.
pub(crate) async fn request(
    reference: String,
    broker: Broker,
    session: Arc<Session>,
    request: Request,
) -> Answer {
    let ticket = session.submit(request).await;
    followed(reference, broker, ticket)
}

/// Takes up a request or lease.
pub(crate) async fn resume(
    reference: String,
    broker: Broker,
    session: Arc<Session>,
    token: Token,
) -> Answer {
    let ticket = session.resume(&token).await;
    followed(reference, broker, ticket)
}

fn followed(reference: String, broker: Broker, ticket: Result<Ticket, Refusal>) -> Answer {
    match ticket {
        Ok(ticket) => Answer::Followed(Box::new(Followed::new(reference, broker, ticket))),
        Err(refusal) => Answer::refused(reference, logged(refusal)),
    }
}

/// Ends a lease, or a request that waits.
pub(crate) async fn end(reference: String, broker: Broker, id: RequestId, token: Token) -> Answer {
    let result = broker.release(id, &token).await;
    Answer::of(reference, result, |reference, ()| ServerMessage::Done { reference })
}
