//! Which session each request belongs to, and which requests wait for theirs to come back.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::command::SessionId;
use crate::request::RequestId;
use crate::time::Timestamp;

/// Whose a request is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attachment {
    /// A session's.
    To(SessionId),
    /// Nobody's; it ends then unless somebody resumes it.
    Orphaned {
        /// When it ends.
        until: Timestamp,
    },
}

/// The sessions and their requests. Not durable: a connection does not outlive the process.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: BTreeMap<SessionId, BTreeSet<RequestId>>,
    attached: BTreeMap<RequestId, Attachment>,
}

impl Sessions {
    pub(crate) fn open(&mut self, session: SessionId) {
        self.open.entry(session).or_default();
    }

    /// Closes a session; its requests, which keep their attachment until they get another.
    pub(crate) fn close(&mut self, session: SessionId) -> BTreeSet<RequestId> {
        self.open.remove(&session).unwrap_or_default()
    }

    /// The requests of an open session.
    pub(crate) fn requests(&self, session: SessionId) -> Option<&BTreeSet<RequestId>> {
        self.open.get(&session)
    }

    /// The open sessions and their requests.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (SessionId, &BTreeSet<RequestId>)> {
        self.open.iter().map(|(session, requests)| (*session, requests))
    }

    pub(crate) fn attachment(&self, id: RequestId) -> Option<Attachment> {
        self.attached.get(&id).copied()
    }

    /// The session to tell about a request.
    pub(crate) fn session_of(&self, id: RequestId) -> Option<SessionId> {
        match self.attached.get(&id) {
            Some(Attachment::To(session)) => Some(*session),
            _ => None,
        }
    }

    /// When a request ends unless somebody resumes it.
    pub(crate) fn orphaned_until(&self, id: RequestId) -> Option<Timestamp> {
        match self.attached.get(&id) {
            Some(Attachment::Orphaned { until }) => Some(*until),
            _ => None,
        }
    }

    /// Gives a request its attachment, in place of the one that it had.
    pub(crate) fn attach(&mut self, id: RequestId, attachment: Attachment) {
        self.detach(id);
        if let Attachment::To(session) = attachment {
            self.open.entry(session).or_default().insert(id);
        }
        self.attached.insert(id, attachment);
    }

    /// Forgets a request.
    pub(crate) fn detach(&mut self, id: RequestId) {
        if let Some(Attachment::To(session)) = self.attached.remove(&id)
            && let Some(requests) = self.open.get_mut(&session)
        {
            requests.remove(&id);
        }
    }
}
