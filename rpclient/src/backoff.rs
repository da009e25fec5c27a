//! The pauses between attempts to reach a server that is away.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

/// What the first pause is drawn from; it doubles with each further one, up to [`LONGEST`].
const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);

/// Growing pauses with *equal jitter*: each is at least half of what it could be, and the rest is a
/// matter of chance, so that the many who lost the same server do not all ask for it again at once.
#[derive(Debug)]
pub(crate) struct Backoff {
    longest_next: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { longest_next: FIRST }
    }

    /// The next pause.
    pub(crate) fn pause(&mut self) -> Duration {
        self.pause_at(chance())
    }

    fn pause_at(&mut self, chance: f64) -> Duration {
        let half = self.longest_next / 2;
        self.longest_next = LONGEST.min(self.longest_next * 2);
        half + half.mul_f64(chance)
    }
}

/// From 0 to 1. Each `RandomState` has keys of its own that the system's randomness has seeded, which is
/// all the chance that is needed here.
fn chance() -> f64 {
    RandomState::new().hash_one(()) as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn pauses_double_up_to_a_bound_and_chance_moves_each_within_its_upper_half() {
        let (mut least, mut most) = (Backoff::new(), Backoff::new());
        for millis in [100, 200, 400, 800, 1600, 2000, 2000, 2000] {
            assert_eq!(least.pause_at(0.0), Duration::from_millis(millis / 2));
            assert_eq!(most.pause_at(1.0), Duration::from_millis(millis));
        }
    }

    #[test]
    fn no_two_of_many_clients_pause_alike() {
        let first: HashSet<Duration> = (0..1000).map(|_| Backoff::new().pause()).collect();
        assert!(first.len() > 950, "of 1000 first pauses only {} differ", first.len());
        let halves = FIRST / 2..=FIRST;
        assert!(first.iter().all(|pause| halves.contains(pause)), "{first:?}");
        // They are spread over the range rather than crowded together.
        let middle = FIRST * 3 / 4;
        let early = first.iter().filter(|pause| **pause < middle).count();
        assert!((300..700).contains(&early), "{early} of 1000 are in the first half of the range");
    }
}
