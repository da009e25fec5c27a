//! The engine's deadlines.

use std::collections::BTreeSet;

use crate::lease::EndReason;
use crate::request::RequestId;
use crate::time::Timestamp;

/// What happens to a request at a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// It reaches its maximum duration.
    MaxDuration,
    /// It stops waiting.
    Wait,
    /// Nobody has come back for it.
    Orphaned,
    /// It has not been renewed.
    Renewal,
    /// From now on free resources are held back for it.
    HoldBack,
}

impl Timer {
    /// Why the request ends then, if it does.
    pub(crate) fn reason(self) -> Option<EndReason> {
        match self {
            Self::MaxDuration => Some(EndReason::MaxDuration),
            Self::Wait => Some(EndReason::WaitExpired),
            Self::Orphaned => Some(EndReason::Orphaned),
            Self::Renewal => Some(EndReason::Expired),
            Self::HoldBack => None,
        }
    }
}

/// Deadlines in the order in which they are due; each is there at most once.
#[derive(Debug, Default)]
pub(crate) struct Timers(BTreeSet<(Timestamp, RequestId, Timer)>);

impl Timers {
    /// Sets a deadline, if there is one to set.
    pub(crate) fn set(&mut self, at: Option<Timestamp>, id: RequestId, timer: Timer) {
        self.0.extend(at.map(|at| (at, id, timer)));
    }

    /// Forgets a deadline, if it was set.
    pub(crate) fn clear(&mut self, at: Option<Timestamp>, id: RequestId, timer: Timer) {
        if let Some(at) = at {
            self.0.remove(&(at, id, timer));
        }
    }

    /// The next deadline.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.0.first().map(|(at, ..)| *at)
    }

    /// The requests for which this deadline has come.
    pub(crate) fn due(&self, timer: Timer, now: Timestamp) -> Vec<RequestId> {
        let due = self.0.iter().take_while(|(at, ..)| *at <= now);
        due.filter(|(.., other)| *other == timer).map(|(_, id, _)| *id).collect()
    }

    /// Takes everything that is due at the next deadline, if that has come.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<Vec<(RequestId, Timer)>> {
        let at = self.next().filter(|at| *at <= now)?;
        let mut due = Vec::new();
        while let Some((_, id, timer)) = self.0.first().copied().filter(|first| first.0 == at) {
            self.0.remove(&(at, id, timer));
            due.push((id, timer));
        }
        Some(due)
    }
}
