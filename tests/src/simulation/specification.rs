//! What the checker of the order needs of an executable specification.

use respo::{Command, Limits, RequestId, SessionId, State, Timestamp};

pub use crate::specification::Happened;

/// The specification that the engine is held to.
pub type Current = crate::specification::Specification;

/// The rules of the engine, written as plainly as can be: no index, no cache, no shortcut.
pub trait Specification {
    /// Goes on from a state, as an engine does that is restored from it with these sessions.
    fn restore(
        limits: &Limits,
        state: &State,
        now: Timestamp,
        sessions: &[(SessionId, Vec<RequestId>)],
    ) -> Self;

    /// Lets time pass, carries out a command if there is one, and says what happened: grants and ends in
    /// their order, then the answer to the command.
    fn step(&mut self, now: Timestamp, command: Option<&Command>) -> Vec<Happened>;
}

impl Specification for Current {
    fn restore(
        limits: &Limits,
        state: &State,
        now: Timestamp,
        sessions: &[(SessionId, Vec<RequestId>)],
    ) -> Self {
        Self::restore(limits.clone(), state, now, sessions)
    }

    fn step(&mut self, now: Timestamp, command: Option<&Command>) -> Vec<Happened> {
        match command {
            Some(command) => self.handle(now, command),
            None => self.pass_time(now),
        }
    }
}
