//! Ending what nobody can end any more.

use tokio::sync::mpsc;
use tracing::debug;

use super::actor::Message;
use crate::engine::{Authority, Command};
use crate::request::RequestId;
use crate::token::TokenDigest;

/// Ends its request, or releases its lease, when it is dropped.
///
/// One travels with the answer to each submission: if the client is gone before it reads the answer, it
/// never learns of its request, and nobody else could end it.
#[derive(Debug)]
pub(super) struct Withdrawal {
    /// Weak, since the actor makes these and must not keep itself alive.
    inbox: mpsc::WeakUnboundedSender<Message>,
    id: RequestId,
    digest: TokenDigest,
    armed: bool,
}

impl Withdrawal {
    pub(super) fn new(
        inbox: mpsc::WeakUnboundedSender<Message>,
        id: RequestId,
        digest: TokenDigest,
    ) -> Self {
        Self { inbox, id, digest, armed: true }
    }

    /// Leaves the request to others: its session's end, or whoever has its token.
    pub(super) fn disarm(&mut self) {
        self.armed = false;
    }
}

impl Drop for Withdrawal {
    fn drop(&mut self) {
        let Some(inbox) = self.inbox.upgrade().filter(|_| self.armed) else {
            return;
        };
        let command = Command::End { id: self.id, by: Authority::Digest(self.digest) };
        if inbox.send(Message::Post(command)).is_err() {
            debug!(id = %self.id, "the pool has stopped");
        }
    }
}
