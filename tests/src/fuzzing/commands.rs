//! Sequences of commands: an engine must do what the [specification](crate::specification) says.
//!
//! The first 48 bytes say what the pool is like; then each 24 bytes are a step. A step draws from
//! its own bytes alone, so that a change to one leaves the others as they are.

use std::fmt;
use std::time::Duration;

use respo::{Command, Limits};

use super::pool::Pool;
use crate::crash::dice::Dice;
use crate::random_histories::{Kinds, Step, inventory, step};

/// How many bytes say what the pool is like.
const OPENING: usize = 48;
/// How many bytes a step has.
const STEP: usize = 24;
/// How many steps are done; what follows is not looked at.
const MOST_STEPS: usize = 80;

/// What is done to the pool.
enum Deed {
    Step(Step),
    /// The engine is restored from what is durable. The sessions of even numbers outlive it.
    Restart,
    /// The pool is about to be restarted.
    Suspend,
    /// The pool stops, and everything in it.
    EndAll,
}

impl fmt::Debug for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step(step) => step.fmt(f),
            Self::Restart => f.write_str("Restart"),
            Self::Suspend => f.write_str("Suspend"),
            Self::EndAll => f.write_str("EndAll"),
        }
    }
}

/// The engine and the specification do the same, step by step, and what must be true of the state is; in the end
/// an engine that is restored from the records goes on like the one that wrote them.
///
/// # Panics
/// If not, with all that was done.
pub fn target(data: &[u8]) -> bool {
    let (opening, steps) = data.split_at(data.len().min(OPENING));
    let mut dice = Dice::reading(opening);
    let mut pool = Pool::new(limits(&mut dice));
    let mut done = Vec::new();
    let mut act = |deed: Deed| {
        done.push(deed);
        let outcome = match done.last() {
            Some(Deed::Step(step)) => pool.step(step),
            Some(Deed::Suspend) => pool.command(Command::Suspend),
            Some(Deed::EndAll) => pool.command(Command::EndAll),
            Some(Deed::Restart) | None => pool.restart(|session| session.0 % 2 == 0),
        };
        outcome.unwrap_or_else(|problem| panic!("{problem}\nafter {done:#?}"));
    };
    act(Deed::Step(Step::Replace(inventory(&mut dice, Kinds::ALL))));
    (1..=3).for_each(|session| act(Deed::Step(Step::Open(session))));
    for bytes in steps.chunks(STEP).take(MOST_STEPS) {
        act(deed(&mut Dice::reading(bytes)));
    }
    pool.empty().unwrap_or_else(|problem| panic!("{problem}\nafter {done:#?}"));
    true
}

fn deed(dice: &mut Dice) -> Deed {
    match dice.below(256) {
        0..250 => Deed::Step(step(dice, Kinds::ALL)),
        250..253 => Deed::Restart,
        253 => Deed::Suspend,
        254 => Deed::EndAll,
        _ => Deed::Step(Step::Drain),
    }
}

/// Narrow ones too, so that queues and sessions are full now and then, and that what is restored ends.
fn limits(dice: &mut Dice) -> Limits {
    let mut limits = Limits::default();
    if dice.chance(50) {
        limits.grace = Duration::from_micros(dice.below(30));
    }
    if dice.chance(30) {
        limits.max_waiting = 1 + usize::try_from(dice.below(4)).unwrap();
        limits.max_requests_per_session = 2 + usize::try_from(dice.below(4)).unwrap();
        limits.max_duration = Some(Duration::from_micros(1 + dice.below(60)));
        limits.max_linger = Duration::from_micros(dice.below(30));
    }
    if dice.chance(30) {
        limits.max_ttl = Duration::from_secs(2);
    }
    limits
}
