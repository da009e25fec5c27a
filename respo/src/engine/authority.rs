//! Who may do what with a request or lease.

use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::command::{Authority, Reply, Standing};
use crate::engine::effects::{Effects, NoticeKind, Record};
use crate::engine::session::Attachment;
use crate::names::Label;
use crate::refusal::Refusal;
use crate::request::RequestId;
use crate::token::TokenDigest;

/// The most others that may act on one lease: 16.
pub(crate) const MAX_GUESTS: usize = 16;

/// What somebody wants to do with a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    /// See it, renew it, extend it, release it: also for those whom its holder allows it.
    Use,
    /// Pass it on, allow others: for its holder alone.
    Own,
}

impl Engine {
    /// Refuses what `by` has no right to.
    pub(super) fn authorize(
        &self,
        id: RequestId,
        by: &Authority,
        right: Right,
    ) -> Result<(), Refusal> {
        let state = self.state.requests.get(&id).ok_or(Refusal::NoRequest(id))?;
        let digest = match by {
            Authority::Administrator => return Ok(()),
            Authority::Session(session) => {
                let theirs = self.sessions.attachment(id) == Some(Attachment::To(*session));
                return if theirs { Ok(()) } else { Err(Refusal::NoRequest(id)) };
            }
            Authority::Token(token) => token.digest(),
            Authority::Digest(digest) => *digest,
        };
        if digest == state.token {
            return Ok(());
        }
        match (state.guests.iter().any(|guest| guest.token == digest), right) {
            (true, Right::Use) => Ok(()),
            (true, Right::Own) => Err(Refusal::GuestToken),
            (false, _) => Err(Refusal::WrongToken),
        }
    }

    pub(super) fn look_up(&self, id: RequestId, by: &Authority) -> Result<Reply, Refusal> {
        self.authorize(id, by, Right::Use)?;
        let state = self.state.requests.get(&id).ok_or(Refusal::NoRequest(id))?;
        Ok(Reply::Found(Box::new(Standing {
            request: Arc::clone(&state.request),
            queued_at: state.queued_at,
            grant: state.grant.as_ref().map(|grant| self.told(grant)),
            allowed: state.guests.iter().map(|guest| guest.who.clone()).collect(),
        })))
    }

    pub(super) fn allow(
        &mut self,
        id: RequestId,
        by: &Authority,
        who: Label,
        token: TokenDigest,
        effects: &mut Effects,
    ) -> Result<Reply, Refusal> {
        self.authorize(id, by, Right::Own)?;
        self.grant_of(id)?;
        let state = self.state.requests.get(&id).ok_or(Refusal::NoRequest(id))?;
        let others = state.guests.iter().filter(|guest| guest.who != who).count();
        if others >= MAX_GUESTS {
            return Err(Refusal::TooManyGuests(others));
        }
        let at = self.now;
        self.record(Record::Allowed { id, who: who.clone(), token, at }, effects);
        self.notify(id, NoticeKind::Allowed { who }, effects);
        Ok(Reply::Done)
    }

    pub(super) fn disallow(
        &mut self,
        id: RequestId,
        by: &Authority,
        who: Label,
        effects: &mut Effects,
    ) -> Result<Reply, Refusal> {
        self.authorize(id, by, Right::Own)?;
        let state = self.state.requests.get(&id).ok_or(Refusal::NoRequest(id))?;
        if !state.guests.iter().any(|guest| guest.who == who) {
            return Err(Refusal::NoGuest(who));
        }
        self.record(Record::Disallowed { id, who: who.clone(), at: self.now }, effects);
        self.notify(id, NoticeKind::Disallowed { who }, effects);
        Ok(Reply::Done)
    }
}
