//! What each message asks of a broker, and what is answered.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use respo::broker::{Broker, Session, Ticket};
use respo::wire::socket::{ClientMessage, ServerMessage};
use respo::{IdempotencyKey, Refusal, Request, Token};

use crate::followed::Followed;
use crate::lease::Lease;
use crate::lists::Wanted;
use crate::refused::Refused;
use crate::watched::Watched;

/// What is answered to a message.
pub(crate) enum Answer {
    /// This, and nothing more.
    Said(Box<ServerMessage>),
    /// The same, to the message of this `ref`, as JSON.
    Written(String, Bytes),
    /// Whatever becomes of this.
    Watched(Watched),
}

/// An answer that is being worked out.
pub(crate) type Answering = BoxFuture<'static, Answer>;

impl Answer {
    /// The message is not carried out.
    pub(crate) fn refused(reference: String, refused: Refused) -> Self {
        let problem = refused.into_problem();
        Self::Said(Box::new(ServerMessage::Error { reference: Some(reference), problem }))
    }
}

/// Makes a request, or makes it once.
pub(crate) async fn request(
    reference: String,
    broker: Broker,
    session: Arc<Session>,
    request: Request,
    key: Option<IdempotencyKey>,
) -> Answer {
    let ticket = match key {
        None => session.submit(request).await,
        Some(key) => session.submit_once(request, &key).await,
    };
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
        Ok(ticket) => {
            let followed = Followed::new(reference, broker, ticket);
            Answer::Watched(Watched::Request(Box::new(followed)))
        }
        Err(refusal) => {
            log(&refusal);
            Answer::refused(reference, refusal.into())
        }
    }
}

/// Makes a list.
pub(crate) async fn list(reference: String, wanted: Wanted) -> Answer {
    match wanted.list(reference.clone()).await {
        Ok(text) => Answer::Written(reference, text.into()),
        Err(refused) => Answer::refused(reference, refused),
    }
}

/// Does what a message asks for with the lease that it names.
pub(crate) async fn with_lease(lease: Lease, message: ClientMessage) -> Answer {
    let reference = message.reference().to_owned();
    match carry_out(&lease, message).await {
        Ok(answer) => Answer::Said(Box::new(answer)),
        Err(refusal) => {
            log(&refusal);
            Answer::refused(reference, lease.refused(refusal))
        }
    }
}

async fn carry_out(lease: &Lease, message: ClientMessage) -> Result<ServerMessage, Refusal> {
    let id = lease.id;
    Ok(match message {
        ClientMessage::Release { reference, resources, .. } => {
            lease.release(&resources).await?;
            ServerMessage::Done { reference }
        }
        ClientMessage::Renew { reference, ttl, .. } => {
            let expires = lease.renew(ttl.map(|ttl| ttl.0)).await?;
            ServerMessage::Renewed { reference, id, expires }
        }
        ClientMessage::Extend { reference, by, .. } => {
            let expires = lease.extend(by.0).await?;
            ServerMessage::Renewed { reference, id, expires }
        }
        ClientMessage::Transfer { reference, to: holder, .. } => {
            let token = lease.transfer(holder.clone()).await?.reveal().to_owned();
            ServerMessage::Token { reference, id, holder, token }
        }
        ClientMessage::Allow { reference, who: holder, .. } => {
            let token = lease.allow(holder.clone()).await?.reveal().to_owned();
            ServerMessage::Token { reference, id, holder, token }
        }
        ClientMessage::Disallow { reference, who, .. } => {
            lease.disallow(who).await?;
            ServerMessage::Done { reference }
        }
        // Cancel: the others name no lease.
        other => {
            lease.release(&[]).await?;
            ServerMessage::Done { reference: other.reference().to_owned() }
        }
    })
}

/// What only those who run the server should know goes into its log.
fn log(refusal: &Refusal) {
    if let Refusal::StoreUnavailable(_) | Refusal::NoSession = refusal {
        tracing::error!(%refusal, "a message was not carried out");
    }
}
