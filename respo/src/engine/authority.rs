//! Who may do what with a request or lease, and passing that on.

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

    pub(super) fn transfer(
        &mut self,
        id: RequestId,
        by: &Authority,
        to: Label,
        token: TokenDigest,
        effects: &mut Effects,
    ) -> Result<Reply, Refusal> {
        self.authorize(id, by, Right::Own)?;
        let count = self.grant_of(id)?.names().count();
        let state = self.state.requests.get(&id).ok_or(Refusal::NoRequest(id))?;
        let (former, old_token) = (Arc::clone(&state.request), state.token);
        let mut request = former.as_ref().clone();
        request.holder = Some(to.clone());
        let (before, after) = (self.accounts.of(&former), self.accounts.of(&request));
        self.accounts.subtract(&before, count);
        let limit = self.accounts.exceeded(&after, count);
        self.accounts.add(if limit.is_some() { &before } else { &after }, count);
        if let Some(limit) = limit {
            let why = limit.explanation();
            return Err(Refusal::OverLimit(format!("{to} has reached the limit: {why}")));
        }
        let from = former.holder.clone();
        self.notify(id, NoticeKind::Transferred { from, to }, effects);
        let (request, at) = (Arc::new(request), self.now);
        self.forget_key(id);
        self.record(Record::Transferred { id, request, token, at }, effects);
        self.by_token.remove(&old_token);
        self.by_token.insert(token, id);
        self.leave_to_next(id, effects);
        self.limits_changed(&after);
        if !self.accounts.are_unlimited() {
            self.relieved.push(before);
        }
        self.allocate(Vec::new(), effects);
        Ok(Reply::Done)
    }

    /// Takes a lease from the session that has it, and gives whoever has its token now time to come.
    fn leave_to_next(&mut self, id: RequestId, effects: &mut Effects) {
        let Some(request) = self.state.requests.get(&id).map(|state| Arc::clone(&state.request))
        else {
            return;
        };
        let grace = self.limits.grace_of(&request);
        self.timers.clear(self.sessions.orphaned_until(id), id, super::timers::Timer::Orphaned);
        self.sessions.detach(id);
        match request.ttl() {
            Some(_) => self.keep_until(id, self.now.after(grace)),
            None => self.orphan(id, grace, effects),
        }
    }
}
