//! What a step leads to: the events that an engine and the specification must agree on.

use respo::{
    EndReason, Fence, Grant, Label, Name, Notice, NoticeKind, Refusal, Reply, RequestId, Timestamp,
};

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
        /// When it ends unless it is renewed or extended.
        expires: Option<Timestamp>,
    },
    /// A lease was given more time.
    Extended {
        /// Which one.
        id: RequestId,
        /// When it ends now.
        expires: Timestamp,
    },
    /// A lease has given back some resources, and has others still.
    PartlyReleased {
        /// Which one.
        id: RequestId,
        /// Which ones, in the order of their names.
        resources: Vec<Name>,
    },
    /// A lease has another holder.
    Transferred {
        /// Which one.
        id: RequestId,
        /// Whom.
        to: Label,
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
    /// The answer: a request was made before, and has been taken up.
    Repeated(RequestId),
    /// The answer: what was renewed or extended ends then, if it ends.
    Renewed(Option<Timestamp>),
    /// The answer: how a request or lease stands.
    Found {
        /// Whose it is.
        holder: Option<Label>,
        /// What it holds, if it has been granted.
        resources: Option<Vec<Vec<Name>>>,
        /// When the lease ends unless it is renewed or extended.
        expires: Option<Timestamp>,
        /// Its guests, in the order of their names.
        allowed: Vec<Label>,
    },
    /// The answer: done.
    Done,
    /// The answer: it is not done, for the reason with this code.
    Refused(&'static str),
}

impl Happened {
    /// What a notice of an engine says, if it is of a grant or of an end, or of what changes a lease.
    #[must_use]
    pub fn of(notice: &Notice) -> Option<Self> {
        let id = notice.id;
        match &notice.kind {
            NoticeKind::Granted(grant) => {
                let (fence, expires) = (grant.fence, grant.expires);
                Some(Self::Granted { id, fence, resources: names(grant), expires })
            }
            NoticeKind::Ended { reason, .. } => Some(Self::Ended { id, reason: *reason }),
            NoticeKind::Extended { expires } => Some(Self::Extended { id, expires: *expires }),
            NoticeKind::PartlyReleased { resources } => {
                Some(Self::PartlyReleased { id, resources: resources.clone() })
            }
            NoticeKind::Transferred { to, .. } => Some(Self::Transferred { id, to: to.clone() }),
            _ => None,
        }
    }

    /// What an engine answers.
    #[must_use]
    pub fn answer(result: &Result<Reply, Refusal>) -> Self {
        match result {
            Ok(Reply::Submitted(id)) => Self::Submitted(*id),
            Ok(Reply::Repeated { id, .. }) => Self::Repeated(*id),
            Ok(Reply::Renewed { expires }) => Self::Renewed(*expires),
            Ok(Reply::Found(standing)) => {
                let grant = standing.grant.as_ref();
                Self::Found {
                    holder: standing.request.holder.clone(),
                    resources: grant.map(names),
                    expires: grant.and_then(|grant| grant.expires),
                    allowed: standing.allowed.clone(),
                }
            }
            Ok(_) => Self::Done,
            Err(refusal) => Self::Refused(refusal.code()),
        }
    }
}

fn names(grant: &Grant) -> Vec<Vec<Name>> {
    let names = |resources: &Vec<std::sync::Arc<respo::Resource>>| {
        resources.iter().map(|resource| resource.name.clone()).collect()
    };
    grant.resources.iter().map(names).collect()
}
