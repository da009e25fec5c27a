//! A connection as those see it who use it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use respo::wire::socket::{ClientMessage, ServerMessage};
use respo::{Label, Timestamp};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::mailbox::Mailbox;
use super::pace::Pace;
use super::reader::SocketReader;
use crate::lease::LostReason;

/// A connection. It is closed when the last of those who hold this has dropped it.
#[derive(Debug)]
pub(crate) struct Socket {
    commands: mpsc::UnboundedSender<Command>,
    next_reference: AtomicU64,
    condition: Arc<Condition>,
}

/// What the task is told that drives the connection.
#[derive(Debug)]
pub(super) enum Command {
    /// Send this, and put into the mailbox what the server says about it.
    Say { message: Box<ClientMessage>, mailbox: Arc<Mailbox>, farewell: Farewell },
    /// Nobody reads any more what is said about this.
    Leave { reference: String },
}

/// What the server is told when nobody reads any more what it says about a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// Nothing.
    Nothing,
    /// That the request, or the lease that it has become, is to end. `lingers`: not if it is known by then
    /// under its id, since it is to outlive those who let go of it.
    Release { pool: Option<Label>, lingers: bool },
}

/// How the connection is.
#[derive(Debug)]
pub(super) struct Condition {
    pub(super) peer: Option<SocketAddr>,
    pub(super) pace: Pace,
    /// What the server's clock showed, and when that was here.
    greeted: Option<(Timestamp, Instant)>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    heard: Instant,
    end: Option<LostReason>,
}

impl Condition {
    /// A connection that has just been made.
    pub(super) fn new(
        peer: Option<SocketAddr>,
        pace: Pace,
        server_time: Option<Timestamp>,
    ) -> Self {
        let greeted = server_time.map(|time| (time, Instant::now()));
        let state = Mutex::new(State { heard: Instant::now(), end: None });
        Self { peer, pace, greeted, state }
    }

    /// What the server's clock shows now.
    pub(super) fn server_time(&self) -> Option<Timestamp> {
        self.greeted.map(|(time, at)| time.after(at.elapsed()))
    }

    /// When there was the last sign of the server.
    pub(super) fn heard(&self) -> Instant {
        self.state().heard
    }

    /// There is a sign of the server now.
    pub(super) fn hear(&self) {
        self.state().heard = Instant::now();
    }

    /// Why the connection is of no use any more, if it is not.
    pub(super) fn end(&self) -> Option<LostReason> {
        self.state().end.clone()
    }

    pub(super) fn set_end(&self, reason: LostReason) {
        self.state().end.get_or_insert(reason);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Socket {
    pub(super) fn new(
        commands: mpsc::UnboundedSender<Command>,
        condition: Arc<Condition>,
    ) -> Arc<Self> {
        Arc::new(Self { commands, next_reference: AtomicU64::new(1), condition })
    }

    /// Says something, and follows what the server says about it. `message` is given its `ref`.
    pub(crate) fn follow(
        self: &Arc<Self>,
        message: impl FnOnce(String) -> ClientMessage,
        farewell: Farewell,
    ) -> SocketReader {
        let number = self.next_reference.fetch_add(1, Ordering::Relaxed);
        let reference = format!("r{number}");
        let mailbox = Arc::new(Mailbox::default());
        let message = Box::new(message(reference.clone()));
        let command = Command::Say { message, mailbox: mailbox.clone(), farewell };
        if self.commands.send(command).is_err() {
            mailbox.break_off(self.condition.end().unwrap_or_else(not_driven));
        }
        SocketReader::new(self.clone(), reference, mailbox)
    }

    /// Says something that is answered with one message.
    ///
    /// # Errors
    /// Why no answer came. Whether the server has done what it was told cannot be known then.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        message: impl FnOnce(String) -> ClientMessage,
    ) -> Result<ServerMessage, LostReason> {
        self.follow(message, Farewell::Nothing).next_message().await
    }

    /// Whether nothing more can be said on it.
    pub(crate) fn is_broken(&self) -> bool {
        self.commands.is_closed() || self.condition.end().is_some()
    }

    pub(super) fn condition(&self) -> &Condition {
        &self.condition
    }

    pub(super) fn leave(&self, reference: String) {
        // Where nobody drives the connection, it has ended, and everything with it.
        self.commands.send(Command::Leave { reference }).ok();
    }
}

/// What happened to a connection whose task is gone.
pub(super) fn not_driven() -> LostReason {
    LostReason::Disconnected("the runtime that drove the connection has stopped".to_owned())
}
