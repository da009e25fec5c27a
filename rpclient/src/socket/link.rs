//! The connection that a client has at the moment.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;

use super::handle::Socket;
use crate::client::Client;
use crate::connection::Timeouts;
use crate::error::Error;
use crate::setback::Setback;

/// What is known of the connection of a client. Those who need it hold it; this only knows of it, so that
/// it is closed as soon as nobody does.
#[derive(Debug, Default)]
pub(crate) struct Link(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    socket: Weak<Socket>,
    /// The attempt that is being made for all who wait for one.
    attempt: Option<Attempt>,
    is_refused: bool,
}

/// An attempt, which anybody may join.
#[derive(Debug, Clone)]
struct Attempt {
    /// Where the server was, as far as whoever began it knew.
    before: Option<SocketAddr>,
    outcome: watch::Receiver<Option<Outcome>>,
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

    /// Whether everything has a connection of its own, since no WebSocket is spoken there.
    pub(crate) fn is_refused(&self) -> bool {
        self.state().is_refused
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
    /// Whatever keeps it from being made. The same failure is told to all who waited for that attempt, but
    /// that the server is not there only to those who knew it at the same place.
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
            let running =
                state.attempt.take().filter(|attempt| attempt.outcome.has_changed().is_ok());
            let attempt = running.unwrap_or_else(|| self.attempt(before, within));
            state.attempt = Some(attempt.clone());
            attempt
        };
        let outcome = match attempt.outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone(),
            Err(_) => None,
        };
        match outcome {
            Some(Ok(socket)) => Ok(socket),
            Some(Err(error)) if before.is_some() && before != attempt.before => {
                Err(self.told_of_elsewhere(&error))
            }
            Some(Err(error)) => Err(error.told_again()),
            None => Err(self.unreachable(std::io::Error::other(
                "the runtime that made the connection has stopped",
            ))),
        }
    }

    /// Begins to make a connection, whoever waits for it.
    fn attempt(&self, before: Option<SocketAddr>, within: Timeouts) -> Attempt {
        let (sender, outcome) = watch::channel(None);
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
        Attempt { before, outcome }
    }

    /// What a failure tells that was met with where the server need not have been: nothing of whether it runs.
    fn told_of_elsewhere(&self, error: &Error) -> Error {
        match Setback::of(error) {
            Setback::NotThere => self.unreachable(std::io::Error::other(error.to_string())),
            _ => error.told_again(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn who_joins_an_attempt_learns_that_the_server_is_gone_only_if_it_was_made_where_that_was()
     {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let client = Client::new(&format!("http://{free}")).unwrap();
        let within = client.timeouts();
        let elsewhere = Some("127.0.0.2:1".parse().unwrap());
        for (first, second, expected) in [
            (None, Some(free), Setback::Unknown),
            (elsewhere, Some(free), Setback::Unknown),
            (Some(free), Some(free), Setback::NotThere),
            (Some(free), None, Setback::NotThere),
        ] {
            let (_, joined) =
                tokio::join!(client.socket(first, within), client.socket(second, within));
            assert_eq!(Setback::of(&joined.unwrap_err()), expected, "{first:?} {second:?}");
        }
    }
}
