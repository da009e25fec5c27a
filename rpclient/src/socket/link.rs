//! The connection that a client has at the moment.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;

use super::handle::Socket;
use crate::client::Client;
use crate::connection::Timeouts;
use crate::error::Error;

/// What is known of the connection of a client. Those who need it hold it; this only knows of it, so that
/// it is closed as soon as nobody does.
#[derive(Debug, Default)]
pub(crate) struct Link(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    socket: Weak<Socket>,
    /// The attempt that is being made for all who wait for one.
    attempt: Option<watch::Receiver<Option<Outcome>>>,
    is_refused: bool,
}

/// `None`: no WebSocket is spoken there.
type Outcome = Result<Option<Arc<Socket>>, Arc<Error>>;

impl Link {
    /// The connection, if there is one that works.
    pub(crate) fn current(&self) -> Option<Arc<Socket>> {
        self.state().socket.upgrade().filter(|socket| !socket.is_broken())
    }

    /// No WebSocket is to be tried any more: it was refused, and the lock stream worked.
    pub(crate) fn refuse(&self) {
        self.state().is_refused = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Client {
    /// The connection of this client, which is made if there is none; `None` if no WebSocket is spoken
    /// there. However many wait for it, one attempt is made at a time.
    ///
    /// # Errors
    /// Whatever keeps it from being made. The same failure is told to all who waited for that attempt.
    pub(crate) async fn socket(
        &self,
        before: Option<SocketAddr>,
        within: Timeouts,
    ) -> Result<Option<Arc<Socket>>, Error> {
        if let Some(socket) = self.link().current() {
            return Ok(Some(socket));
        }
        let mut attempt = {
            let mut state = self.link().state();
            if state.is_refused {
                return Ok(None);
            }
            // One whose runtime has stopped will not come to anything.
            let running = state.attempt.take().filter(|attempt| attempt.has_changed().is_ok());
            let attempt = running.unwrap_or_else(|| self.attempt(before, within));
            state.attempt = Some(attempt.clone());
            attempt
        };
        let outcome = match attempt.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => None,
        };
        match outcome {
            Some(Ok(socket)) => Ok(socket),
            Some(Err(error)) => Err(error.told_again()),
            None => Err(self.unreachable(std::io::Error::other(
                "the runtime that made the connection has stopped",
            ))),
        }
    }

    /// Begins to make a connection, whoever waits for it.
    fn attempt(
        &self,
        before: Option<SocketAddr>,
        within: Timeouts,
    ) -> watch::Receiver<Option<Outcome>> {
        let (sender, attempt) = watch::channel(None);
        let client = self.clone();
        tokio::spawn(async move {
            let outcome = client.open_socket(before, within).await.map_err(Arc::new);
            {
                let mut state = client.link().state();
                state.attempt = None;
                if let Ok(Some(socket)) = &outcome {
                    state.socket = Arc::downgrade(socket);
                }
            }
            // Where nobody waits any more, the connection is closed with this.
            sender.send(Some(outcome)).ok();
        });
        attempt
    }
}
