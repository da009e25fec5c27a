//! What a history is like: chosen once, from its seed.

use std::time::Duration;

use respo::Limits;

use crate::crash::dice::Dice;

/// The bounds and the odds of one history. Some faults are left out of some histories, so that what needs
/// many undisturbed steps is reached too.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many resources there are, those that come and go included.
    pub resources: u64,
    /// How many clients.
    pub clients: usize,
    /// How much they do in all before the faults stop.
    pub acts: u32,
    /// How long a client pauses at most, in microseconds.
    pub pause: u64,
    /// How long a message travels at most, in microseconds.
    pub slowest: u64,
    /// How many messages of 100 are lost.
    pub drops: u64,
    /// How many messages of 100 arrive twice.
    pub repeats: u64,
    /// How many acts of 100 are a client's vanishing.
    pub vanishes: u64,
    /// How long a commit takes at most, in microseconds.
    pub slowest_commit: u64,
    /// How many commits of 100 fail.
    pub failures: u64,
    /// How far apart crashes are, in microseconds.
    pub crashes: Option<u64>,
    /// How far apart changes of the inventory are, in microseconds.
    pub swaps: Option<u64>,
    /// Whether the pool is drained, and the server stopped as planned.
    pub stops: bool,
    /// The bounds of the pool.
    pub limits: Limits,
}

impl Plan {
    /// Chooses one.
    #[must_use]
    pub fn roll(dice: &mut Dice) -> Self {
        let mut limits = Limits::default();
        limits.grace = Duration::from_secs(1 + dice.below(15));
        if dice.chance(20) {
            limits.max_waiting = 1 + usize::try_from(dice.below(4)).unwrap_or_default();
        }
        if dice.chance(20) {
            limits.max_requests_per_session =
                1 + usize::try_from(dice.below(3)).unwrap_or_default();
        }
        limits.max_linger = Duration::from_secs(15);
        limits.max_ttl = Duration::from_secs(30);
        if dice.chance(10) {
            limits.max_duration = Some(Duration::from_secs(20));
        }
        let pause = *dice.pick(&[200_000, 1_000_000, 2_000_000]);
        let some = |dice: &mut Dice, percent, most| {
            if dice.chance(percent) { 1 + dice.below(most) } else { 0 }
        };
        Self {
            resources: 2 + dice.below(6),
            clients: 2 + usize::try_from(dice.below(4)).unwrap_or_default(),
            acts: 30 + u32::try_from(dice.below(90)).unwrap_or_default(),
            pause,
            slowest: *dice.pick(&[2_000, 50_000, 800_000]),
            drops: some(dice, 50, 8),
            repeats: some(dice, 50, 8),
            vanishes: some(dice, 70, 12),
            slowest_commit: *dice.pick(&[1_000, 20_000, 500_000]),
            failures: some(dice, 40, 15),
            crashes: dice.chance(60).then(|| pause * (4 + dice.below(30))),
            swaps: dice.chance(60).then(|| pause * (2 + dice.below(10))),
            stops: dice.chance(20),
            limits,
        }
    }
}
