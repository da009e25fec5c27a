//! What somebody does with a request or a lease.

use std::time::Duration;

use respo::{Authority, Command, Label, Name, RequestId};

use super::steps::token;
use crate::crash::dice::Dice;

/// How many names of guests there are.
const GUESTS: u64 = 2;

/// Whose leases are passed on to whom; two of these ask for resources themselves.
const HOLDERS: [&str; 3] = ["ann", "bob", "cleo"];

/// What somebody does with a request or a lease.
#[derive(Debug, Clone)]
pub enum Act {
    /// Renews it, for so long if it is said.
    Renew(Option<Duration>),
    /// Extends it by so much.
    Extend(Duration),
    /// Gives back what it holds at the places whose bits are set here, and perhaps a resource which it may
    /// not hold.
    ReleasePart {
        /// The places.
        which: u64,
        /// The resource besides.
        other: Option<Name>,
    },
    /// Passes it on. Its token is then that of this generation, the first being 0.
    Transfer {
        /// To whom.
        to: Label,
        /// The generation.
        generation: u64,
    },
    /// Lets in a guest.
    Allow(u64),
    /// Sends a guest away.
    Disallow(u64),
    /// Asks how it stands.
    LookUp,
}

/// The name of a guest.
#[must_use]
pub fn guest(number: u64) -> Label {
    Label::new(format!("guest-{number}")).expect("it is a label")
}

impl Act {
    /// As a command about a request that holds this.
    #[must_use]
    pub fn command(&self, id: RequestId, by: Authority, held: &[Name]) -> Command {
        match self {
            Self::Renew(ttl) => Command::Renew { id, by, ttl: *ttl },
            Self::Extend(more) => Command::Extend { id, by, more: *more },
            Self::ReleasePart { which, other } => {
                let is_given = |(place, _): &(u64, &Name)| which >> (place % 64) & 1 == 1;
                let given = (0..).zip(held).filter(is_given).map(|(_, name)| name);
                Command::ReleasePart { id, by, resources: given.chain(other).cloned().collect() }
            }
            Self::Transfer { to, generation } => {
                let token = token(id.0, *generation).digest();
                Command::Transfer { id, by, to: to.clone(), token }
            }
            Self::Allow(number) => {
                let token = guest_token(id, *number).digest();
                Command::Allow { id, by, who: guest(*number), token }
            }
            Self::Disallow(number) => Command::Disallow { id, by, who: guest(*number) },
            Self::LookUp => Command::LookUp { id, by },
        }
    }
}

/// A guest's token for a request.
pub(super) fn guest_token(id: RequestId, guest: u64) -> respo::Token {
    token(id.0, 1_000 + guest)
}

/// A guest.
pub(super) fn any_guest(dice: &mut Dice) -> u64 {
    dice.below(GUESTS)
}

/// Anything.
pub(super) fn act(dice: &mut Dice) -> Act {
    match dice.below(20) {
        0..5 => Act::Renew(if dice.chance(50) { None } else { Some(ttl(dice)) }),
        5..8 => Act::Extend(*dice.pick(&[
            Duration::ZERO,
            Duration::from_micros(7),
            Duration::from_millis(500),
            Duration::from_secs(1),
            Duration::from_secs(24 * 3600 - 1),
            Duration::from_secs(370 * 24 * 3600),
            Duration::MAX,
        ])),
        8..12 => {
            let other = if dice.chance(15) { Name::new("r1").ok() } else { None };
            let which = *dice.pick(&[0b1, 0b10, 0b11, 0b101, 0, u64::MAX]);
            Act::ReleasePart { which, other }
        }
        12..15 => {
            let to = Label::new(dice.pick::<&str>(&HOLDERS)).expect("it is a label");
            Act::Transfer { to, generation: 1 + dice.below(2) }
        }
        15..17 => Act::Allow(any_guest(dice)),
        17 => Act::Disallow(any_guest(dice)),
        _ => Act::LookUp,
    }
}

/// A ttl; some are out of bounds.
pub(super) fn ttl(dice: &mut Dice) -> Duration {
    let second = Duration::from_secs(1);
    match dice.below(12) {
        0..5 => second,
        5..8 => 2 * second,
        8 => second + Duration::from_micros(1),
        9 => Duration::from_secs(24 * 3600),
        10 => second - Duration::from_micros(1),
        _ => Duration::from_secs(24 * 3600 + 1),
    }
}
