//! What must hold in every history, each rule in a file of its own.
//!
//! A checker is fed with what happens, in order, and judges from that alone: it shares no code with the
//! engine, but for the types, [`State::apply`] and the question whether one resource satisfies one selector.

mod assignment;
mod drained;
mod durable_first;
mod exclusion;
mod fences;
mod idle;
mod once;
mod order;
mod promises;
mod recovery;
mod stacks;
mod whole;

use std::fmt;

use respo::{
    Command, Effects, Fence, Grant, Limits, NoticeKind, Record, RequestId, SessionId, State,
    Timestamp, TokenDigest,
};

use crate::simulation::specification::{Happened, Specification};

pub(super) use assignment::hold_back_is_due;

/// What a history must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// A resource is in at most one lease.
    Exclusion,
    /// A stack is not split between parties.
    NoStackSplit,
    /// A grant has exactly what was asked for, and gives back only what it has.
    NoPartialGrant,
    /// The engine does what the naive loop does, in the same order.
    Order,
    /// Nobody waits for what could be had.
    NoneWaitsInVain,
    /// Fences rise.
    FencesRise,
    /// A key makes one request.
    MadeOnce,
    /// What was said to live until some time does not end before, for want of a renewal or of more time.
    KeepsPromises,
    /// Nobody is told of what is not durable.
    DurableBeforeTold,
    /// What is recovered is what was there.
    RecoveredIsLive,
    /// After the faults have stopped, every queue drains.
    Drains,
}

/// Something that must not happen, and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What is violated.
    pub property: Property,
    /// By whom, and how.
    pub explanation: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.property, self.explanation)
    }
}

/// Something that happens in a history.
#[derive(Debug)]
pub enum Event<'e> {
    /// A server goes on from what its store has.
    Restored {
        /// What the store had.
        recovered: &'e State,
        /// The same, if the clock was set by the clock that is now in force.
        state: &'e State,
        /// The time.
        now: Timestamp,
        /// The sessions that outlived the engine before, and what is theirs.
        sessions: &'e [(SessionId, Vec<RequestId>)],
    },
    /// The engine was called. The facts that follow come next, each by itself.
    Stepped {
        /// The time that it was given.
        now: Timestamp,
        /// What it was asked; nothing if it was to do what is due.
        command: Option<&'e Command>,
        /// What it answered.
        answer: Option<Happened>,
        /// What follows.
        effects: &'e Effects,
    },
    /// A fact follows. It is not durable yet.
    Recorded {
        /// The fact.
        record: &'e Record,
        /// What the earlier facts add up to.
        before: &'e State,
        /// The sessions and what is theirs, where the call was a submission.
        sessions: &'e [(SessionId, Vec<RequestId>)],
    },
    /// All that follows from what was done has been said.
    Settled {
        /// What the facts add up to.
        state: &'e State,
        /// The time.
        now: Timestamp,
        /// Whether anything is granted at all, as it is not while the pool drains.
        grants: bool,
    },
    /// These facts are on stable storage now, whether anybody knows that or not.
    Durable {
        /// The facts, a whole batch.
        records: &'e [Record],
    },
    /// The server takes these facts for durable.
    Committed {
        /// The facts, a whole batch.
        records: &'e [Record],
        /// The engine's state, if it can be seen.
        live: Option<&'e State>,
    },
    /// Somebody is told something.
    Told(Told<'e>),
    /// The end: the faults had stopped long ago.
    Finished {
        /// What is left.
        state: &'e State,
        /// What the clients still wait for, each as a sentence.
        unfinished: &'e [String],
    },
}

/// What somebody is told, as far as it must be true.
#[derive(Debug, Clone, Copy)]
pub enum Told<'e> {
    /// The request was taken.
    Taken(RequestId),
    /// It was granted.
    Granted(&'e Grant),
    /// It has ended.
    Ended(RequestId),
    /// It holds something, or did a moment ago.
    Holding {
        /// Which lease.
        id: RequestId,
        /// Its fence.
        fence: Fence,
    },
    /// This is what the key has made.
    Made {
        /// The digest of the key.
        key: TokenDigest,
        /// What it has made.
        id: RequestId,
    },
    /// It was renewed or extended, and lives until then.
    Promised {
        /// Which one.
        id: RequestId,
        /// Until when.
        until: Timestamp,
    },
    /// This revision of the inventory is in force.
    Revision(u64),
}

impl<'e> Told<'e> {
    /// What a notice about a request says.
    #[must_use]
    pub fn by_notice(id: RequestId, kind: &'e NoticeKind) -> Option<Self> {
        match kind {
            NoticeKind::Granted(grant) | NoticeKind::Resumed { grant: Some(grant), .. } => {
                Some(Self::Granted(grant))
            }
            NoticeKind::Ended { .. } => Some(Self::Ended(id)),
            NoticeKind::Extended { expires } => Some(Self::Promised { id, until: *expires }),
            NoticeKind::Queued
            | NoticeKind::Resumed { grant: None, .. }
            | NoticeKind::Orphaned { .. } => Some(Self::Taken(id)),
            _ => None,
        }
    }
}

/// Watches over one property.
pub trait Checker: Send {
    /// Which.
    fn property(&self) -> Property;

    /// Takes note of what happens.
    ///
    /// # Errors
    /// What is wrong with it, as a sentence.
    fn see(&mut self, event: &Event<'_>) -> Result<(), String>;
}

/// All checkers, or one of them.
pub struct Checkers(Vec<Box<dyn Checker>>);

impl Checkers {
    /// Every checker; that of the naive loop compares with `S`.
    #[must_use]
    pub fn all<S: Specification + Send + 'static>(limits: &Limits) -> Self {
        Self(vec![
            Box::new(exclusion::Exclusion),
            Box::new(stacks::NoStackSplit),
            Box::new(whole::NoPartialGrant),
            Box::new(order::Order::<S>::new(limits.clone())),
            Box::new(idle::NoneWaitsInVain),
            Box::new(fences::FencesRise::default()),
            Box::new(once::MadeOnce::default()),
            Box::new(promises::KeepsPromises::default()),
            Box::new(durable_first::DurableBeforeTold::default()),
            Box::new(recovery::RecoveredIsLive::default()),
            Box::new(drained::Drains),
        ])
    }

    /// The one that watches over this property alone.
    #[must_use]
    pub fn only(mut self, property: Property) -> Self {
        self.0.retain(|checker| checker.property() == property);
        self
    }

    /// All but the one that watches over this property.
    #[must_use]
    pub fn without(mut self, property: Property) -> Self {
        self.0.retain(|checker| checker.property() != property);
        self
    }

    /// Lets every checker see what happens, and returns what the first that objects says.
    pub fn see(&mut self, event: &Event<'_>) -> Option<Violation> {
        self.0.iter_mut().find_map(|checker| {
            let explanation = checker.see(event).err()?;
            Some(Violation { property: checker.property(), explanation })
        })
    }
}

/// The names of what a grant has, in order.
pub(super) fn held_names(grant: &Grant) -> impl Iterator<Item = &respo::Name> {
    grant.resources.iter().flatten().map(|resource| &resource.name)
}

/// Who holds a resource, by the state.
pub(super) fn holder(state: &State, name: &respo::Name) -> Option<RequestId> {
    let holds = |grant: &Grant| held_names(grant).any(|held| held == name);
    let found =
        state.requests.iter().find(|(_, request)| request.grant.as_ref().is_some_and(holds));
    found.map(|(id, _)| *id)
}
