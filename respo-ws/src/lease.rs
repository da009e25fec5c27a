//! A request or lease that a message names, and on whose behalf.

use std::sync::Arc;
use std::time::Duration;

use respo::broker::{Broker, Session};
use respo::wire::ProblemKind;
use respo::{Label, Name, Refusal, RequestId, Timestamp, Token};

use crate::refused::Refused;

/// A request or lease that a message names.
pub(crate) struct Lease {
    pub(crate) id: RequestId,
    pub(crate) by: By,
}

/// Who wants something done with it.
pub(crate) enum By {
    /// Whoever has this token.
    Token(Broker, Token),
    /// The client that requested it or took it up on this connection.
    Session(Arc<Session>),
}

impl Lease {
    pub(crate) async fn release(&self, resources: &[Name]) -> Result<(), Refusal> {
        match (&self.by, resources) {
            (By::Token(broker, token), []) => broker.release(self.id, token).await,
            (By::Token(broker, token), part) => broker.release_part(self.id, part, token).await,
            (By::Session(session), []) => session.release(self.id).await,
            (By::Session(session), part) => session.release_part(self.id, part).await,
        }
    }

    pub(crate) async fn renew(&self, ttl: Option<Duration>) -> Result<Option<Timestamp>, Refusal> {
        match &self.by {
            By::Token(broker, token) => broker.renew(self.id, token, ttl).await,
            By::Session(session) => session.renew(self.id, ttl).await,
        }
    }

    pub(crate) async fn extend(&self, by: Duration) -> Result<Option<Timestamp>, Refusal> {
        match &self.by {
            By::Token(broker, token) => broker.extend(self.id, token, by).await,
            By::Session(session) => session.extend(self.id, by).await,
        }
    }

    pub(crate) async fn transfer(&self, to: Label) -> Result<Token, Refusal> {
        match &self.by {
            By::Token(broker, token) => broker.transfer(self.id, token, to).await,
            By::Session(session) => session.transfer(self.id, to).await,
        }
    }

    pub(crate) async fn allow(&self, who: Label) -> Result<Token, Refusal> {
        match &self.by {
            By::Token(broker, token) => broker.allow(self.id, token, who).await,
            By::Session(session) => session.allow(self.id, who).await,
        }
    }

    pub(crate) async fn disallow(&self, who: Label) -> Result<(), Refusal> {
        match &self.by {
            By::Token(broker, token) => broker.disallow(self.id, token, who).await,
            By::Session(session) => session.disallow(self.id, who).await,
        }
    }

    /// A refusal as the client is told it.
    pub(crate) fn refused(&self, refusal: Refusal) -> Refused {
        match (&self.by, refusal) {
            (By::Session(_), Refusal::NoRequest(id)) => not_here(id),
            (_, refusal) => refusal.into(),
        }
    }
}

/// Nothing of this id was requested or taken up on the connection, or it has ended.
pub(crate) fn not_here(id: RequestId) -> Refused {
    let detail = format!(
        "this connection has no request or lease {id}, or it has ended; what was neither requested nor resumed \
         here needs its token"
    );
    Refused::new(ProblemKind::NoRequest, detail)
}
