//! What a connection follows, and what it says of it.

use respo::broker::{Broker, Ticket, TicketEvent};
use respo::wire::GrantedLease;
use respo::wire::socket::ServerMessage;
use respo::{EndReason, Grant, RequestId, Token};

/// A request or lease that a connection follows.
pub(crate) struct Followed {
    /// The client's name for the message that made the request or took it up.
    reference: String,
    broker: Broker,
    ticket: Ticket,
    /// The ticket's token, until a `queued` has told it.
    first_token: Option<Token>,
}

/// What there is to say, and what is followed from then on.
pub(crate) struct Told {
    pub(crate) reference: String,
    pub(crate) message: Option<ServerMessage>,
    /// `None`: nothing more will be said.
    pub(crate) next: Option<Followed>,
}

impl Followed {
    pub(crate) fn new(reference: String, broker: Broker, ticket: Ticket) -> Self {
        let first_token = Some(ticket.token().clone());
        Self { reference, broker, ticket, first_token }
    }

    pub(crate) fn reference(&self) -> &str {
        &self.reference
    }

    pub(crate) fn id(&self) -> RequestId {
        self.ticket.id()
    }

    pub(crate) fn token(&self) -> &Token {
        self.ticket.token()
    }

    pub(crate) fn broker(&self) -> &Broker {
        &self.broker
    }

    /// Waits for something to say. Cancelled, it takes the ticket with it.
    pub(crate) async fn next(mut self) -> Told {
        let event = self.ticket.next().await;
        let (message, goes_on) = match event {
            Some(event) => self.message(event),
            None => (self.lost(), false),
        };
        Told { reference: self.reference.clone(), message, next: goes_on.then_some(self) }
    }

    /// What is said of an event, and whether more will follow.
    fn message(&mut self, event: TicketEvent) -> (Option<ServerMessage>, bool) {
        let reference = self.reference.clone();
        match event {
            TicketEvent::Queued(mut request) => {
                request.token = self.first_token.take().map(|token| token.reveal().to_owned());
                (Some(ServerMessage::Queued { reference, request }), true)
            }
            TicketEvent::Granted(grant) => match self.lease(grant) {
                Some(lease) => (Some(ServerMessage::Granted { reference, lease }), true),
                None => {
                    let id = self.ticket.id();
                    tracing::error!(pool = self.broker.pool().as_str(), %id, "granted without a request");
                    (Some(self.ended(EndReason::Revoked)), false)
                }
            },
            TicketEvent::Draining { deadline } => {
                let deadline_seconds = deadline.as_secs();
                (Some(ServerMessage::Draining { reference, deadline_seconds }), true)
            }
            TicketEvent::Restarting { grace } => {
                let grace_seconds = grace.as_secs();
                (Some(ServerMessage::Restarting { reference, grace_seconds }), false)
            }
            TicketEvent::Ended(reason) => (Some(self.ended(reason)), false),
        }
    }

    /// What to say when nothing more is heard of the request: the pool has stopped, or does not have it
    /// any more. Nothing where the next start has it again.
    fn lost(&self) -> Option<ServerMessage> {
        let reason = match (self.broker.is_draining(), self.broker.is_resumable()) {
            (true, true) => return None,
            (true, false) => EndReason::Draining,
            (false, _) => EndReason::Disconnected,
        };
        Some(self.ended(reason))
    }

    fn ended(&self, reason: EndReason) -> ServerMessage {
        ServerMessage::Ended {
            reference: self.reference.clone(),
            id: self.ticket.id(),
            reason,
            detail: reason.explanation().to_owned(),
        }
    }

    /// The lease as its holder sees it.
    fn lease(&self, grant: Grant) -> Option<GrantedLease> {
        let request = self.ticket.request()?;
        Some(GrantedLease::new(self.broker.pool().clone(), self.ticket.token(), &grant, request))
    }
}
