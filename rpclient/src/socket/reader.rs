//! Reads what the server says about one message.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use respo::Timestamp;
use respo::wire::socket::ServerMessage;
use tokio::time::Instant;

use super::handle::Socket;
use super::mailbox::Mailbox;
use super::pace::Pace;
use crate::event::{LineEvent, read_event};
use crate::lease::LostReason;

/// What is said about one message. After an error there is nothing more. Dropping this tells the server
/// that nobody listens any more.
#[derive(Debug)]
pub(crate) struct SocketReader {
    socket: Arc<Socket>,
    reference: String,
    mailbox: Arc<Mailbox>,
    restarting: Option<Duration>,
}

impl SocketReader {
    pub(super) fn new(socket: Arc<Socket>, reference: String, mailbox: Arc<Mailbox>) -> Self {
        Self { socket, reference, mailbox, restarting: None }
    }

    /// The next event of a request that this version knows. Cancel-safe.
    ///
    /// # Errors
    /// As [`LineReader::next`](crate::line_reader::LineReader::next).
    pub(crate) async fn next(&mut self) -> Result<LineEvent, LostReason> {
        loop {
            let message = match self.mailbox.next().await {
                Ok(message) => message,
                Err(LostReason::Disconnected(_)) if self.restarting.is_some() => {
                    return Err(LostReason::restarting());
                }
                Err(reason) => return Err(reason),
            };
            let event = read_event(message);
            let Some(event) = event.map_err(unreadable)? else { continue };
            if let LineEvent::Restarting { grace } = event {
                self.restarting = Some(grace);
            }
            return Ok(event);
        }
    }

    /// The next message, as it is. Cancel-safe.
    ///
    /// # Errors
    /// The same.
    pub(crate) async fn next_message(&mut self) -> Result<ServerMessage, LostReason> {
        let message = self.mailbox.next().await?;
        serde_json::from_value(message).map_err(unreadable)
    }

    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.socket.condition().peer
    }

    pub(crate) fn heard(&self) -> Instant {
        self.socket.condition().heard()
    }

    /// What the server's clock shows, if it has said what it showed when the connection was made.
    pub(crate) fn server_time(&self) -> Option<Timestamp> {
        self.socket.condition().server_time()
    }

    pub(crate) fn pace(&self) -> Pace {
        self.socket.condition().pace
    }

    pub(crate) fn restarting(&self) -> Option<Duration> {
        self.restarting
    }
}

impl Drop for SocketReader {
    fn drop(&mut self) {
        self.socket.leave(std::mem::take(&mut self.reference));
    }
}

fn unreadable(problem: impl ToString) -> LostReason {
    LostReason::Protocol(problem.to_string())
}
