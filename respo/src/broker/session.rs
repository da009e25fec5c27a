//! A client's presence, and leases that release themselves.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Broker;
use super::actor::Answer;
use super::ticket::{Ticket, TicketEvent};
use super::withdrawal::Withdrawal;
use crate::engine::{Command, Reply, SessionId};
use crate::idempotency::{IdempotencyKey, MadeWith};
use crate::lease::{EndReason, Grant};
use crate::names::Name;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::token::Token;

/// A client's presence.
///
/// When it is dropped, the client has gone: its requests and leases end, or linger as they asked.
#[derive(Debug)]
pub struct Session {
    pub(super) broker: Broker,
    pub(super) id: SessionId,
}

impl Session {
    pub(super) fn open(broker: Broker, id: SessionId) -> Self {
        broker.post(Command::OpenSession(id));
        Self { broker, id }
    }

    /// Makes a request: it is granted, or queued, or refused. What becomes of it, the ticket tells.
    ///
    /// If the future is dropped before it is ready, the request is withdrawn.
    ///
    /// # Errors
    /// [`Refusal`] says why it was not taken; nothing has changed then.
    pub async fn submit(&self, request: Request) -> Result<Ticket, Refusal> {
        let token = Token::from_random(random_bits()?);
        let (session, request) = (self.id, Arc::new(request));
        let command = Command::Submit { session, request, token: token.digest() };
        self.follow(command, |_| token).await
    }

    /// Makes a request once: if this key has made it before, that one is taken up, be it in this session or
    /// in another, and the ticket has the same token.
    ///
    /// If the future is dropped before it is ready, the request may have been made all the same, and goes
    /// on for as long as its hold says.
    ///
    /// # Errors
    /// [`Refusal::KeyReused`] if the key has made another request, [`Refusal::KeySpent`] if what it made has
    /// ended, and everything that [`submit`](Self::submit) is refused for.
    pub async fn submit_once(
        &self,
        request: Request,
        key: &IdempotencyKey,
    ) -> Result<Ticket, Refusal> {
        let salt = random_bits()?;
        let (session, request, token) = (self.id, Arc::new(request), key.token(&salt).digest());
        let made_with = MadeWith { key: key.digest(), salt };
        let command = Command::SubmitOnce { session, request, token, made_with };
        let token = |earlier: Option<[u8; 16]>| key.token(&earlier.unwrap_or(salt));
        self.follow(command, token).await
    }

    /// Takes up an earlier request or lease with its token, into this session.
    ///
    /// # Errors
    /// [`Refusal::WrongToken`] if there is none of this token, or it has ended.
    pub async fn resume(&self, token: &Token) -> Result<Ticket, Refusal> {
        let command = Command::Resume { session: self.id, token: token.clone() };
        self.follow(command, |_| token.clone()).await
    }

    /// Follows what the command makes or takes up. Its token may follow from the salt of an earlier one.
    async fn follow(
        &self,
        command: Command,
        token: impl FnOnce(Option<[u8; 16]>) -> Token,
    ) -> Result<Ticket, Refusal> {
        let (sender, notices) = mpsc::unbounded_channel();
        let Answer { reply, withdrawal } = self.broker.ask(command, Some(sender)).await?;
        if let Some(mut withdrawal) = withdrawal {
            withdrawal.disarm();
        }
        let (id, salt) = match reply {
            Reply::Submitted(id) => (id, None),
            Reply::Repeated { id, salt } => (id, Some(salt)),
            // The engine answers these commands in no other way.
            _ => return Err(Refusal::NoSession),
        };
        let snapshots = self.broker.shared.snapshots.receiver.clone();
        let intervals = self.broker.shared.intervals;
        Ok(Ticket::new(id, token(salt), notices, snapshots, intervals))
    }

    /// Makes a request and waits until it is granted.
    ///
    /// If the future is dropped before it is ready, the request is withdrawn. To see the place in the
    /// queue meanwhile, use [`submit`](Self::submit).
    ///
    /// # Errors
    /// [`AcquireError`] if it is refused, or ends without a grant.
    pub async fn acquire(&self, request: Request) -> Result<Lease, AcquireError> {
        let mut owned = Owned::new(&self.broker, self.submit(request).await?);
        loop {
            match owned.ticket.next().await {
                Some(TicketEvent::Granted(grant)) => return Ok(Lease { grant, owned }),
                Some(TicketEvent::Queued(_) | TicketEvent::Draining { .. }) => {}
                Some(TicketEvent::Ended(reason)) => return Err(AcquireError::Ended(reason)),
                Some(TicketEvent::Restarting { .. }) | None => {
                    return Err(AcquireError::Ended(EndReason::Draining));
                }
            }
        }
    }
}

/// Bits for a token or a salt.
pub(super) fn random_bits() -> Result<[u8; 16], Refusal> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits)
        .map_err(|error| Refusal::StoreUnavailable(format!("no randomness: {error}")))?;
    Ok(bits)
}

impl Drop for Session {
    fn drop(&mut self) {
        self.broker.post(Command::CloseSession(self.id));
    }
}

/// Why [`Session::acquire`] gave no lease.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AcquireError {
    /// The request was not taken.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It was taken, and ended while it waited.
    #[error("{}", .0.explanation())]
    Ended(EndReason),
}

/// A request that is withdrawn, or released, when this is dropped, unless another session has it.
#[derive(Debug)]
struct Owned {
    broker: Broker,
    ticket: Ticket,
    withdrawal: Withdrawal,
}

impl Owned {
    fn new(broker: &Broker, ticket: Ticket) -> Self {
        let inbox = broker.shared.inbox.downgrade();
        let withdrawal = Withdrawal::new(inbox, ticket.id(), ticket.token().digest());
        Self { broker: broker.clone(), ticket, withdrawal }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if self.ticket.is_over() {
            self.withdrawal.disarm();
        }
    }
}

/// A granted request. It is released when this is dropped, and ends with its session at the latest.
#[derive(Debug)]
pub struct Lease {
    grant: Grant,
    owned: Owned,
}

impl Lease {
    /// What was granted.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// For each resource of the [grant](Self::grant), for each entity pattern of its requirement, in its
    /// order, the entity that serves it.
    #[must_use]
    pub fn pairing(&self) -> Vec<Vec<Vec<Name>>> {
        self.owned.ticket.request().map(|request| self.grant.pairing(request)).unwrap_or_default()
    }

    /// The secret that proves whose the lease is.
    #[must_use]
    pub fn token(&self) -> &Token {
        self.owned.ticket.token()
    }

    /// Releases it, and returns when that is durable. Dropping it does the same in the background.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`]; it is released as soon as the store works again.
    pub async fn release(self) -> Result<(), Refusal> {
        let (id, token) = (self.grant.id, self.token().clone());
        match self.owned.broker.release(id, &token).await {
            // It has ended already, for whatever reason.
            Err(Refusal::NoRequest(_)) => Ok(()),
            result => result,
        }
    }

    /// Waits until the lease has ended, and says why. Cancel-safe.
    pub async fn ended(&mut self) -> EndReason {
        loop {
            match self.owned.ticket.next().await {
                Some(TicketEvent::Ended(reason)) => return reason,
                Some(
                    TicketEvent::Queued(_) | TicketEvent::Granted(_) | TicketEvent::Draining { .. },
                ) => {}
                Some(TicketEvent::Restarting { .. }) | None => return EndReason::Draining,
            }
        }
    }
}
