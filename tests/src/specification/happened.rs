//! What a step leads to: the events that an engine and the specification must agree on.

use respo::{EndReason, Fence, Name, Notice, NoticeKind, Refusal, Reply, RequestId};

/// Something that happened. What follows from a step is in the order in which clients are told, and the
/// answer to the step comes last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happened {
    /// A request got what it asked for.
    Granted {
        /// Which one.
        id: RequestId,
        /// The number of the grant.
        fence: Fence,
        /// What it got, per requirement; within a requirement the longest unused first.
        resources: Vec<Vec<Name>>,
    },
    /// A request or a lease ended.
    Ended {
        /// Which one.
        id: RequestId,
        /// Why.
        reason: EndReason,
    },
    /// The answer: a request was taken in, or taken up.
    Submitted(RequestId),
    /// The answer: done.
    Done,
    /// The answer: it is not done, for the reason with this code.
    Refused(&'static str),
}

impl Happened {
    /// What a notice of an engine says, if it is of a grant or of an end.
    #[must_use]
    pub fn of(notice: &Notice) -> Option<Self> {
        let id = notice.id;
        match &notice.kind {
            NoticeKind::Granted(grant) => {
                let names = |resources: &Vec<std::sync::Arc<respo::Resource>>| {
                    resources.iter().map(|resource| resource.name.clone()).collect()
                };
                let resources = grant.resources.iter().map(names).collect();
                Some(Self::Granted { id, fence: grant.fence, resources })
            }
            NoticeKind::Ended { reason, .. } => Some(Self::Ended { id, reason: *reason }),
            _ => None,
        }
    }

    /// What an engine answers.
    #[must_use]
    pub fn answer(result: &Result<Reply, Refusal>) -> Self {
        match result {
            Ok(Reply::Submitted(id)) => Self::Submitted(*id),
            Ok(_) => Self::Done,
            Err(refusal) => Self::Refused(refusal.code()),
        }
    }
}
