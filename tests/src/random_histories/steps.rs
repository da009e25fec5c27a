//! Random steps, and what they are as commands.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use respo::idempotency::MadeWith;
use respo::{Authority, Command, Inventory, Name, Request, RequestId, SessionId, Token};
use serde::Serialize;

use super::acts::{Act, act, any_guest, guest_token};
use super::{Kinds, inventory, request};
use crate::crash::dice::Dice;

/// Sessions have the numbers from 1 to this.
pub const SESSIONS: u64 = 4;

/// Among so many requests those are sought that hold something.
const NEWEST: u64 = 16;

/// What to do next. Requests and inventories are shown as JSON, so that a history that failed can be read.
#[derive(Clone)]
pub enum Step {
    /// A client comes.
    Open(u64),
    /// A client goes.
    Close(u64),
    /// A client asks for something.
    Submit {
        /// Which one.
        session: u64,
        /// For what.
        request: Box<Request>,
    },
    /// A client asks for something, with a key.
    SubmitOnce {
        /// Which one.
        session: u64,
        /// The number of the key.
        key: u64,
        /// For what.
        request: Box<Request>,
    },
    /// A client takes up a request.
    Resume {
        /// Which client.
        session: u64,
        /// The request that was made so many before the newest, counted round and round; it may have ended.
        back: u64,
        /// Which of its tokens it uses: the first is of generation 0, later ones come of transfers.
        generation: u64,
    },
    /// Somebody does something with a request.
    On {
        /// The request that was made so many before the newest, likewise; or the lease that is, if it is to
        /// be one of the newest that hold something.
        back: u64,
        /// Whether it is.
        holds: bool,
        /// Who.
        by: By,
        /// What.
        act: Act,
    },
    /// Somebody ends a request.
    End {
        /// The request that was made so many before the newest, likewise.
        back: u64,
        /// Who.
        by: By,
    },
    /// An administrator sets the inventory.
    Replace(Arc<Inventory>),
    /// So many microseconds pass, and what is due by then is done.
    Advance(u64),
    /// So many microseconds pass, and nobody is there to do what is due.
    Sleep(u64),
    /// The pool is about to stop.
    Drain,
}

/// Who does something with a request.
#[derive(Debug, Clone, Copy)]
pub enum By {
    /// The client of this session.
    Session(u64),
    /// Someone with its token of this generation.
    Token(u64),
    /// A guest, or somebody who was one.
    Guest(u64),
    /// Someone with another token.
    WrongToken,
    /// An administrator.
    Administrator,
}

/// The token of this generation of the n-th request, counted from 1.
#[must_use]
pub fn token(nth: u64, generation: u64) -> Token {
    Token::from_random((u128::from(generation) << 64 | u128::from(nth)).to_be_bytes())
}

/// What is kept of the key of this number.
fn made_with(key: u64) -> MadeWith {
    MadeWith { key: token(key, 1_000_000).digest(), salt: [0; 16] }
}

impl Step {
    /// As a command to a pool in which the newest request is `last`; `None` if only time passes. `held` says
    /// what a request holds.
    #[must_use]
    pub fn command(
        &self,
        last: RequestId,
        held: impl Fn(RequestId) -> Vec<Name>,
    ) -> Option<Command> {
        let id = |back: u64| RequestId(last.0 - back % (last.0 + 1));
        let next_token = || token(last.0 + 1, 0).digest();
        Some(match self {
            Self::Open(session) => Command::OpenSession(SessionId(*session)),
            Self::Close(session) => Command::CloseSession(SessionId(*session)),
            Self::Submit { session, request } => Command::Submit {
                session: SessionId(*session),
                request: Arc::new((**request).clone()),
                token: next_token(),
            },
            Self::SubmitOnce { session, key, request } => Command::SubmitOnce {
                session: SessionId(*session),
                request: Arc::new((**request).clone()),
                token: next_token(),
                made_with: made_with(*key),
            },
            Self::Resume { session, back, generation } => Command::Resume {
                session: SessionId(*session),
                token: token(id(*back).0, *generation),
            },
            Self::On { back, holds, by, act } => {
                let newest = (0..NEWEST).filter_map(|back| last.0.checked_sub(back)).map(RequestId);
                let leases: Vec<RequestId> =
                    newest.filter(|id| *holds && !held(*id).is_empty()).collect();
                let lease = leases.iter().cycle().nth(usize::from(*back as u8));
                let id = lease.copied().unwrap_or(id(*back));
                act.command(id, by.authority(id), &held(id))
            }
            Self::End { back, by } => Command::End { id: id(*back), by: by.authority(id(*back)) },
            Self::Replace(inventory) => Command::ReplaceInventory(Arc::clone(inventory)),
            Self::Drain => Command::Drain { deadline: Duration::from_secs(1) },
            Self::Advance(_) | Self::Sleep(_) => return None,
        })
    }
}

impl By {
    fn authority(self, id: RequestId) -> Authority {
        match self {
            Self::Session(session) => Authority::Session(SessionId(session)),
            Self::Token(generation) => Authority::Token(token(id.0, generation)),
            Self::Guest(number) => Authority::Token(guest_token(id, number)),
            Self::WrongToken => Authority::Token(token(u64::MAX, 0)),
            Self::Administrator => Authority::Administrator,
        }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(session) => write!(f, "Open({session})"),
            Self::Close(session) => write!(f, "Close({session})"),
            Self::Submit { session, request } => {
                write!(f, "Submit({session}, {})", json(&**request))
            }
            Self::SubmitOnce { session, key, request } => {
                write!(f, "SubmitOnce({session}, key {key}, {})", json(&**request))
            }
            Self::Resume { session, back, generation } => {
                write!(f, "Resume({session}, {back} back, token {generation})")
            }
            Self::On { back, holds, by, act } => {
                let of = if *holds { " of what holds" } else { "" };
                write!(f, "On({back} back{of}, {by:?}, {act:?})")
            }
            Self::End { back, by } => write!(f, "End({back} back, {by:?})"),
            Self::Replace(inventory) => {
                let (stacks, rules) = (json(inventory.stacks()), json(inventory.rules()));
                write!(f, "Replace({}, {stacks}, {rules})", json(inventory.resources()))
            }
            Self::Advance(micros) => write!(f, "Advance({micros})"),
            Self::Sleep(micros) => write!(f, "Sleep({micros})"),
            Self::Drain => write!(f, "Drain"),
        }
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("it is made of what JSON has")
}

/// Any step but the last, which is to drain.
pub fn step(dice: &mut Dice, kinds: Kinds) -> Step {
    let session = 1 + dice.below(SESSIONS);
    // What is old has mostly ended.
    let back = if dice.chance(70) { dice.below(8) } else { dice.number() };
    if kinds.terms && dice.chance(30) {
        return step_with_terms(session, back, dice, kinds);
    }
    match dice.below(100) {
        0..9 => Step::Open(session),
        9..11 => Step::Close(session),
        11..56 => Step::Submit { session, request: Box::new(request(dice, kinds)) },
        56..61 => Step::Resume { session, back, generation: 0 },
        61..80 => Step::End { back, by: by(session, dice, kinds) },
        80..84 => Step::Replace(inventory(dice, kinds)),
        _ => Step::Advance(dice.below(25)),
    }
}

/// What is done with leases besides, and times as ttls have them.
fn step_with_terms(session: u64, back: u64, dice: &mut Dice, kinds: Kinds) -> Step {
    let back = if dice.chance(60) { dice.below(3) } else { back };
    match dice.below(100) {
        0..70 => {
            let holds = dice.chance(85);
            Step::On { back, holds, by: by_somebody(session, dice), act: act(dice) }
        }
        70..83 => {
            let key = dice.below(8);
            // The same key comes with the same request, as a rule.
            let fashion = u64::from(dice.chance(20));
            let request = Box::new(request(&mut Dice::of(key, &[fashion]), kinds));
            Step::SubmitOnce { session, key, request }
        }
        83..89 => Step::Resume { session, back, generation: dice.below(3) },
        89..91 => Step::Close(session),
        91..99 => {
            let micros = *dice.pick(&[1_000_000, 999_990, 500_000, 1]);
            if dice.chance(50) { Step::Sleep(micros) } else { Step::Advance(micros) }
        }
        // As long as a spent key is remembered.
        _ => Step::Advance(24 * 3_600_000_000),
    }
}

fn by(session: u64, dice: &mut Dice, kinds: Kinds) -> By {
    if kinds.terms && dice.chance(20) {
        return by_somebody(session, dice);
    }
    match dice.below(10) {
        0..4 => By::Session(session),
        4..8 => By::Token(0),
        8 => By::WrongToken,
        _ => By::Administrator,
    }
}

fn by_somebody(session: u64, dice: &mut Dice) -> By {
    match dice.below(12) {
        0 | 1 => By::Session(session),
        2..6 => By::Token(0),
        6 | 7 => By::Token(1 + dice.below(2)),
        8..11 => By::Guest(any_guest(dice)),
        _ => By::Administrator,
    }
}
