//! Clients that come, go, come back, and are told that the server stops.

use std::time::Duration;

use crate::engine::Engine;
use crate::engine::command::SessionId;
use crate::engine::effects::{Effects, NoticeKind};
use crate::engine::session::Attachment;
use crate::engine::state::RequestState;
use crate::engine::timers::Timer;
use crate::lease::EndReason;
use crate::refusal::Refusal;
use crate::request::{Hold, RequestId};
use crate::token::Token;

impl Engine {
    pub(super) fn close_session(&mut self, session: SessionId, effects: &mut Effects) {
        if self.suspended {
            // The client goes because the server does, and may come back after its start.
            return;
        }
        let mut ended = Vec::new();
        for id in self.sessions.close(session) {
            match self.state.requests.get(&id).map(|state| state.request.hold) {
                Some(Hold::Connection { linger }) if !linger.is_zero() => {
                    self.orphan(id, linger, effects);
                }
                Some(Hold::Ttl { .. }) => self.leave_to_renewal(id),
                _ => ended.push(id),
            }
        }
        self.end_and_allocate(ended, EndReason::Disconnected, effects);
    }

    /// Nobody follows a request or lease with a ttl any more. A lease ends when it would have ended anyway.
    fn leave_to_renewal(&mut self, id: RequestId) {
        self.sessions.detach(id);
        if self.grant_of(id).is_err() {
            self.renew_by_presence(id);
        }
    }

    pub(super) fn orphan(&mut self, id: RequestId, grace: Duration, effects: &mut Effects) {
        let until = self.now.after(grace);
        self.sessions.attach(id, Attachment::Orphaned { until });
        self.timers.set(Some(until), id, Timer::Orphaned);
        self.notify(id, NoticeKind::Orphaned { until }, effects);
    }

    pub(super) fn resume(
        &mut self,
        session: SessionId,
        token: &Token,
        effects: &mut Effects,
    ) -> Result<RequestId, Refusal> {
        if self.suspended {
            return Err(Refusal::Draining);
        }
        let found = self.by_token.get(&token.digest()).copied();
        let id = found.ok_or(Refusal::WrongToken)?;
        self.take_up(session, id, effects)
    }

    /// Gives a request or lease to a session, be it in another one or in none.
    pub(super) fn take_up(
        &mut self,
        session: SessionId,
        id: RequestId,
        effects: &mut Effects,
    ) -> Result<RequestId, Refusal> {
        if self.suspended {
            return Err(Refusal::Draining);
        }
        let theirs = self.sessions.requests(session).ok_or(Refusal::NoSession)?;
        if theirs.len() >= self.limits.max_requests_per_session && !theirs.contains(&id) {
            return Err(Refusal::TooManyRequests(theirs.len()));
        }
        if !self.state.requests.contains_key(&id) {
            return Err(Refusal::NoRequest(id));
        }
        let earlier = self.sessions.session_of(id);
        self.timers.clear(self.sessions.orphaned_until(id), id, Timer::Orphaned);
        self.sessions.attach(id, Attachment::To(session));
        self.renew_by_presence(id);
        let grant = self.state.requests.get(&id).and_then(|state| state.grant.as_ref());
        let grant = grant.map(|grant| self.told(grant));
        self.notify(id, NoticeKind::Resumed { grant, earlier }, effects);
        if let Some(deadline) = self.draining {
            self.notify(id, NoticeKind::Draining { deadline }, effects);
        }
        Ok(id)
    }

    pub(super) fn suspend(&mut self, effects: &mut Effects) {
        self.suspended = true;
        self.draining.get_or_insert(Duration::ZERO);
        for (id, request) in &self.state.requests {
            let grace = self.limits.grace_of(&request.request);
            self.notify(*id, NoticeKind::Restarting { grace }, effects);
        }
    }

    pub(super) fn drain(&mut self, deadline: Duration, effects: &mut Effects) {
        self.draining = Some(deadline);
        let ids: Vec<RequestId> = self.state.requests.keys().copied().collect();
        for id in ids {
            self.notify(id, NoticeKind::Draining { deadline }, effects);
        }
        let waits = |(_, state): &(&RequestId, &RequestState)| state.grant.is_none();
        let waiting: Vec<RequestId> =
            self.state.requests.iter().filter(waits).map(|(id, _)| *id).collect();
        self.end_and_allocate(waiting, EndReason::Draining, effects);
    }
}
