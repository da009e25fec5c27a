//! When a lease ends at the latest, on the clock of this process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use respo::Timestamp;
use tokio::time::Instant;

use crate::deadline;

/// The end that a lease has at the moment, if it has one. All clones are of the same lease.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeaseEnd(Arc<Mutex<Option<End>>>);

#[derive(Debug, Clone, Copy)]
struct End {
    /// By the server's clock.
    expires: Timestamp,
    /// By that of this process.
    at: Instant,
}

impl LeaseEnd {
    /// Takes in what is said of the lease when the server's clock shows `now`. Where an end is known already,
    /// only by how much it has moved counts.
    pub(crate) fn take_in(&self, now: Timestamp, expires: Option<Timestamp>) {
        let mut end = self.end();
        *end = expires.map(|expires| match *end {
            Some(known) => known.moved_to(expires),
            None => End { expires, at: deadline::within(expires.since(now)) },
        });
    }

    /// Takes in another end of a lease that has one.
    pub(crate) fn move_to(&self, expires: Timestamp) {
        let mut end = self.end();
        *end = end.map(|known| known.moved_to(expires));
    }

    /// When it is, by the server's clock.
    pub(crate) fn expires(&self) -> Option<Timestamp> {
        self.end().map(|end| end.expires)
    }

    /// When it is, by that of this process.
    pub(crate) fn at(&self) -> Option<Instant> {
        self.end().map(|end| end.at)
    }

    /// How long it is until then.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.at().map(|at| at.saturating_duration_since(Instant::now()))
    }

    fn end(&self) -> MutexGuard<'_, Option<End>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl End {
    fn moved_to(self, expires: Timestamp) -> Self {
        let at = match expires >= self.expires {
            true => deadline::after(self.at, expires.since(self.expires)),
            false => self.at.checked_sub(self.expires.since(expires)).unwrap_or(self.at),
        };
        Self { expires, at }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(number: u64) -> Timestamp {
        Timestamp::from_micros(number * 1_000_000)
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_is_as_far_away_as_the_server_says_whatever_its_clock_shows() {
        let end = LeaseEnd::default();
        end.take_in(second(100), None);
        assert_eq!((end.left(), end.expires()), (None, None));
        end.take_in(second(100), Some(second(160)));
        assert_eq!(end.left(), Some(Duration::from_secs(60)));
        tokio::time::advance(Duration::from_secs(20)).await;
        // Said again, or moved, it is reckoned from the first time.
        end.take_in(second(100), Some(second(160)));
        assert_eq!(end.left(), Some(Duration::from_secs(40)));
        end.move_to(second(180));
        assert_eq!(end.left(), Some(Duration::from_secs(60)));
        end.move_to(second(150));
        assert_eq!(end.left(), Some(Duration::from_secs(30)));
        end.take_in(second(100), Some(Timestamp::from_micros(u64::MAX)));
        assert!(end.left() > Some(Duration::from_secs(1_000_000)));
    }
}
