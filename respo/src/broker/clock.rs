//! The one place in the crate that reads a clock.

use std::time::Duration;

use tokio::time::Instant;

use crate::time::Timestamp;

/// Counts on from the time at the start with a monotonic clock: a change of the wall clock moves nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    started: Instant,
    started_at: Timestamp,
}

#[allow(clippy::disallowed_methods, reason = "this is the clock")]
impl Clock {
    /// What the wall clock shows.
    pub(super) fn wall() -> Timestamp {
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Timestamp::default().after(wall.unwrap_or(Duration::ZERO))
    }

    /// A clock that shows `now`.
    pub(super) fn start(now: Timestamp) -> Self {
        Self { started: Instant::now(), started_at: now }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.started_at.after(self.started.elapsed())
    }

    /// When `at` comes, rounded up so that it has come by then.
    pub(super) fn instant_of(&self, at: Timestamp) -> Instant {
        let wait = at.since(self.started_at) + Duration::from_micros(1);
        self.started.checked_add(wait).unwrap_or_else(|| Self::instant_after(Duration::MAX))
    }

    pub(super) fn instant() -> Instant {
        Instant::now()
    }

    /// The instant after this time; a year from now where there is none.
    pub(super) fn instant_after(wait: Duration) -> Instant {
        let year = Duration::from_secs(366 * 24 * 3600);
        Instant::now() + wait.min(year)
    }
}
