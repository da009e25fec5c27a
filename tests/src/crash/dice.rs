//! Random choices that a seed repeats.

use std::time::Duration;

/// A stream of random numbers: SplitMix64, which is small and good enough to choose what a client does.
#[derive(Debug, Clone)]
pub struct Dice {
    /// What comes first, the other way round.
    given: Vec<u8>,
    /// What the rest follows from.
    state: u64,
}

impl Dice {
    /// The stream that belongs to this seed and this path, such as a client and the number of its turn.
    ///
    /// Choices that come from a path of their own do not depend on how many others were made before
    /// them, which in a run with real sockets is never the same twice.
    #[must_use]
    pub fn of(seed: u64, path: &[u64]) -> Self {
        path.iter().fold(Self::from(seed), |mut dice, step| {
            Self::from(dice.number() ^ step.wrapping_mul(GOLDEN))
        })
    }

    /// A stream that begins with these numbers, so that whoever makes them up decides what is chosen. What
    /// comes after them follows from them.
    #[must_use]
    pub fn reading(numbers: &[u8]) -> Self {
        let path: Vec<u64> = numbers.iter().copied().map(u64::from).collect();
        let Self { state, .. } = Self::of(0, &path);
        Self { given: numbers.iter().rev().copied().collect(), state }
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        if let Some(number) = self.given.pop() {
            return number.into();
        }
        self.state = self.state.wrapping_add(GOLDEN);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }

    /// Whether something happens that does so in this many of 100 cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of these; there is at least one.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let index = self.below(choices.len() as u64);
        &choices[usize::try_from(index).expect("it is below a length")]
    }

    /// A duration from `least` to `most` milliseconds, with microseconds in between.
    pub fn millis(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_micros(least * 1000 + self.below((most - least) * 1000 + 1))
    }
}

impl From<u64> for Dice {
    fn from(state: u64) -> Self {
        Self { given: Vec::new(), state }
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// A seed that nobody chose.
#[must_use]
pub fn any_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    // The standard library keys its hash maps with what the system has of randomness. Short seeds are
    // easier to pass on.
    RandomState::new().hash_one(0) % 1_000_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gives_the_same_choices_each_time_and_another_path_others() {
        let numbers = |path: &[u64]| {
            let mut dice = Dice::of(7, path);
            [dice.number(), dice.number(), dice.number()]
        };
        assert_eq!(numbers(&[1, 2]), numbers(&[1, 2]));
        assert_ne!(numbers(&[1, 2]), numbers(&[2, 1]));
        assert_ne!(numbers(&[1, 2]), numbers(&[1, 3]));
    }

    #[test]
    fn given_numbers_come_first_and_what_follows_depends_on_them() {
        let numbers = |given: &[u8]| {
            let mut dice = Dice::reading(given);
            [dice.number(), dice.number(), dice.number()]
        };
        assert_eq!(numbers(&[5, 255])[..2], [5, 255]);
        assert_eq!(numbers(&[5, 255]), numbers(&[5, 255]));
        assert_ne!(numbers(&[5, 255])[2], numbers(&[6, 255])[2]);
    }

    #[test]
    fn durations_stay_between_their_bounds() {
        let mut dice = Dice::of(1, &[]);
        for _ in 0..1000 {
            let duration = dice.millis(5, 7);
            assert!((5_000..=7_000).contains(&duration.as_micros()), "{duration:?}");
        }
    }
}
