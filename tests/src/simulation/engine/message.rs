//! What clients and the server say to each other.

use std::sync::Arc;
use std::time::Duration;

use respo::{
    Authority, Command, IdempotencyKey, Inventory, Label, Name, NoticeKind, Refusal, Reply,
    Request, RequestId, SessionId, Token,
};

/// What the server is told.
#[derive(Debug, Clone)]
pub(super) enum ToServer {
    /// A client asks, and expects an answer.
    Ask(Asking),
    /// Something has happened; nobody expects an answer.
    Post(Command),
    /// The server is to stop, and keeps everything.
    Stop,
}

/// A question and where its answer goes.
#[derive(Debug, Clone)]
pub(super) struct Asking {
    pub(super) client: usize,
    pub(super) session: SessionId,
    /// The errand that it is about.
    pub(super) errand: u64,
    pub(super) question: Question,
}

#[derive(Debug, Clone)]
pub(super) enum Question {
    Submit(Arc<Request>),
    /// The same, with a key.
    SubmitOnce(Arc<Request>, IdempotencyKey),
    Resume(Token),
    End(RequestId, Authority),
    Renew(RequestId, Token, Option<Duration>),
    Extend(RequestId, Token, Duration),
    ReleasePart(RequestId, Token, Vec<Name>),
    Transfer(RequestId, Token, Label),
    Allow(RequestId, Token, Label),
    Replace(Arc<Inventory>),
    Drain,
}

/// What an answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Submit,
    Once,
    Resume,
    End,
    /// Renewing or extending this one.
    Promise(RequestId),
    /// Passing this one on.
    Transfer(RequestId),
    /// Letting in somebody else.
    Allow(RequestId),
    Other,
}

impl Question {
    pub(super) fn about(&self) -> About {
        match self {
            Self::Submit(_) => About::Submit,
            Self::Resume(_) => About::Resume,
            Self::End(..) => About::End,
            Self::SubmitOnce(..) => About::Once,
            Self::Renew(id, ..) | Self::Extend(id, ..) => About::Promise(*id),
            Self::Transfer(id, ..) => About::Transfer(*id),
            Self::Allow(id, ..) => About::Allow(*id),
            Self::ReleasePart(..) | Self::Replace(_) | Self::Drain => About::Other,
        }
    }
}

/// What a client is told.
#[derive(Debug, Clone)]
pub(super) enum ToClient {
    /// The answer to a question about an errand; with the token of what was made or resumed.
    Answer { errand: u64, about: About, result: Result<Reply, Refusal>, token: Option<Token> },
    /// Something has happened to a request.
    Notice { id: RequestId, kind: NoticeKind },
    /// The connection has ended.
    Lost,
}
