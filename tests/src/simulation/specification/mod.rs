//! What the checker of the order needs of an executable specification.

mod plain;

use respo::{
    Command, EndReason, Fence, Limits, Name, Refusal, Reply, RequestId, SessionId, State, Timestamp,
};

pub use plain::Plain;

/// The specification that today's engine is held to.
pub type Current = Plain;

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

/// What the engine and its specification must agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// A request was granted.
    Granted {
        /// Which.
        id: RequestId,
        /// With which fence.
        fence: Fence,
        /// What it got, per requirement.
        resources: Vec<Vec<Name>>,
    },
    /// A request or a lease ended.
    Ended {
        /// Which.
        id: RequestId,
        /// Why.
        reason: EndReason,
    },
    /// The command made, or took up, this request.
    Submitted(RequestId),
    /// The command was carried out.
    Done,
    /// The command was refused, with this code.
    Refused(&'static str),
}

impl Happened {
    /// The answer to a command.
    #[must_use]
    pub fn answer(result: &Result<Reply, Refusal>) -> Self {
        match result {
            Ok(Reply::Submitted(id)) => Self::Submitted(*id),
            Ok(Reply::Done | Reply::Replaced { .. }) => Self::Done,
            Err(refusal) => Self::Refused(refusal.code()),
        }
    }
}
