//! What the server carries out and commits together.

use respo::{Command, Notice, Record, Refusal, Reply, SessionId, Token, TokenDigest};

use super::message::About;
use super::server::Sessions;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It serves clients.
    Serving,
    /// It starts from what the store has.
    Starting,
    /// The store works again.
    Recovering,
}

/// How a commit goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// Nothing was written.
    Lost,
    /// Everything was written, but the store does not know that.
    Unsure,
}

/// What is carried out and committed together.
pub(super) struct Batch {
    pub(super) stage: Stage,
    pub(super) records: Vec<Record>,
    pub(super) notices: Vec<Notice>,
    pub(super) answers: Vec<Answer>,
    pub(super) posts: Vec<Command>,
    /// The sessions before it.
    pub(super) sessions: Sessions,
    /// The server stops afterwards.
    pub(super) stops: bool,
    pub(super) failure: Option<Failure>,
    pub(super) is_told: bool,
}

pub(super) struct Answer {
    pub(super) client: usize,
    pub(super) session: SessionId,
    pub(super) errand: u64,
    pub(super) about: About,
    pub(super) result: Result<Reply, Refusal>,
    /// Of a new request, or of the one that is resumed.
    pub(super) token: Option<Token>,
    /// The key that the request was sent with.
    pub(super) key: Option<TokenDigest>,
}

impl Batch {
    pub(super) fn new(stage: Stage, sessions: Sessions) -> Self {
        Self {
            stage,
            records: Vec::new(),
            notices: Vec::new(),
            answers: Vec::new(),
            posts: Vec::new(),
            sessions,
            stops: false,
            failure: None,
            is_told: false,
        }
    }
}
