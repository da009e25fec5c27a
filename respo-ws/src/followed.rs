//! A request or lease that a connection follows, and what it says of it.

use respo::broker::{Broker, Ticket, TicketEvent};
use respo::wire::GrantedLease;
use respo::wire::socket::ServerMessage;
use respo::{EndReason, Grant, Token};

/// A request or lease that a connection follows.
pub(crate) struct Followed {
    /// The client's name for the message that made the request or took it up.
    reference: String,
    broker: Broker,
    ticket: Ticket,
    /// The ticket's token, until a `queued` has told it.
    first_token: Option<Token>,
}

impl Followed {
    pub(crate) fn new(reference: String, broker: Broker, ticket: Ticket) -> Self {
        let first_token = Some(ticket.token().clone());
        Self { reference, broker, ticket, first_token }
    }

    pub(crate) fn reference(&self) -> &str {
        &self.reference
    }

    /// Waits for something to say; the second value says whether more will follow.
    pub(crate) async fn next(&mut self) -> (Option<ServerMessage>, bool) {
        match self.ticket.next().await {
            Some(event) => self.message(event),
            None => (self.lost(), false),
        }
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
