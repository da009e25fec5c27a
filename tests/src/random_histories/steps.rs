//! Random steps, and what they are as commands.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use respo::{Authority, Command, Inventory, Request, RequestId, SessionId, Token};
use serde::Serialize;

use super::{Kinds, inventory, request};
use crate::crash::dice::Dice;

/// Sessions have the numbers from 1 to this.
pub const SESSIONS: u64 = 4;

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
    /// A client takes up a request.
    Resume {
        /// Which client.
        session: u64,
        /// The request that was made so many before the newest, counted round and round; it may have ended.
        back: u64,
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
    /// So many microseconds pass.
    Advance(u64),
    /// The pool is about to stop.
    Drain,
}

/// Who ends a request.
#[derive(Debug, Clone, Copy)]
pub enum By {
    /// The client of this session.
    Session(u64),
    /// Someone with its token.
    RightToken,
    /// Someone with another token.
    WrongToken,
    /// An administrator.
    Administrator,
}

/// The token of the n-th request, counted from 1.
#[must_use]
pub fn token(nth: u64) -> Token {
    Token::from_random(u128::from(nth).to_be_bytes())
}

impl Step {
    /// As a command to a pool in which the newest request is `last`; `None` if only time passes.
    #[must_use]
    pub fn command(&self, last: RequestId) -> Option<Command> {
        let id = |back: u64| RequestId(last.0 - back % (last.0 + 1));
        Some(match self {
            Self::Open(session) => Command::OpenSession(SessionId(*session)),
            Self::Close(session) => Command::CloseSession(SessionId(*session)),
            Self::Submit { session, request } => Command::Submit {
                session: SessionId(*session),
                request: Arc::new((**request).clone()),
                token: token(last.0 + 1).digest(),
            },
            Self::Resume { session, back } => {
                Command::Resume { session: SessionId(*session), token: token(id(*back).0) }
            }
            Self::End { back, by } => Command::End {
                id: id(*back),
                by: match by {
                    By::Session(session) => Authority::Session(SessionId(*session)),
                    By::RightToken => Authority::Token(token(id(*back).0)),
                    By::WrongToken => Authority::Token(token(u64::MAX)),
                    By::Administrator => Authority::Administrator,
                },
            },
            Self::Replace(inventory) => Command::ReplaceInventory(Arc::clone(inventory)),
            Self::Drain => Command::Drain { deadline: Duration::from_secs(1) },
            Self::Advance(_) => return None,
        })
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
            Self::Resume { session, back } => write!(f, "Resume({session}, {back} back)"),
            Self::End { back, by } => write!(f, "End({back} back, {by:?})"),
            Self::Replace(inventory) => {
                let (stacks, rules) = (json(inventory.stacks()), json(inventory.rules()));
                write!(f, "Replace({}, {stacks}, {rules})", json(inventory.resources()))
            }
            Self::Advance(micros) => write!(f, "Advance({micros})"),
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
    match dice.below(100) {
        0..9 => Step::Open(session),
        9..11 => Step::Close(session),
        11..56 => Step::Submit { session, request: Box::new(request(dice, kinds)) },
        56..61 => Step::Resume { session, back },
        61..80 => Step::End { back, by: by(session, dice) },
        80..84 => Step::Replace(inventory(dice, kinds)),
        _ => Step::Advance(dice.below(25)),
    }
}

fn by(session: u64, dice: &mut Dice) -> By {
    match dice.below(10) {
        0..4 => By::Session(session),
        4..8 => By::RightToken,
        8 => By::WrongToken,
        _ => By::Administrator,
    }
}
