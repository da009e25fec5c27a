//! Keeps a lease that ends unless it is renewed, for as long as it is held here.

use std::time::Duration;

use respo::wire::socket::{ClientMessage, ServerMessage};
use respo::{RequestId, Timestamp, Token};
use tokio::time::{sleep, timeout};

use crate::client::Client;
use crate::connection::timed_out;
use crate::error::Error;
use crate::lease_end::LeaseEnd;
use crate::setback::Setback;

/// The least time between two renewals: the shortest ttl is a second.
const SHORTEST: Duration = Duration::from_millis(200);

/// Renews it when a third of its time is over, and, after a failure, when a third of the rest is. Returns when
/// the server says no: the lease is over, which its stream tells, or its connection keeps it.
///
/// `is_new`: its ttl has just begun.
pub(crate) async fn keep(
    client: Client,
    id: RequestId,
    token: Token,
    end: LeaseEnd,
    mut is_new: bool,
) {
    loop {
        if std::mem::replace(&mut is_new, true) {
            let Some(left) = end.left() else { return };
            sleep((left / 3).max(SHORTEST)).await;
        }
        match client.attempt_to_renew(id, &token).await {
            Ok(Some(expires)) => end.move_to(expires),
            Err(error) if Setback::of(&error) == Setback::Refused => return,
            Ok(None) | Err(_) => {}
        }
    }
}

impl Client {
    /// Renews it over the WebSocket, if there is one.
    async fn attempt_to_renew(
        &self,
        id: RequestId,
        token: &Token,
    ) -> Result<Option<Timestamp>, Error> {
        let Some(socket) = self.link().current() else {
            return self.renew(id, token, None).await;
        };
        let within = self.timeouts_of_attempt().answer;
        let asked = socket.ask(|reference| ClientMessage::Renew {
            reference,
            id,
            pool: self.pool().cloned(),
            token: Some(token.reveal().to_owned()),
            ttl: None,
        });
        match timeout(within, asked).await {
            Ok(Ok(ServerMessage::Renewed { expires, .. })) => Ok(expires),
            Ok(Ok(ServerMessage::Error { problem, .. })) => Err(Error::from_problem(problem)),
            Ok(Ok(other)) => Err(self.protocol(format!("{other:?} does not answer a renewal"))),
            Ok(Err(_)) => self.renew(id, token, None).await,
            Err(_) => Err(self.unreachable(timed_out("no answer", within))),
        }
    }
}
