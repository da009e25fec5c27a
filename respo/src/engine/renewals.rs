//! Until when requests and leases live that are kept by being renewed.

use std::collections::BTreeMap;

use crate::engine::Engine;
use crate::engine::session::Attachment;
use crate::engine::timers::Timer;
use crate::lease::Grant;
use crate::request::RequestId;
use crate::time::Timestamp;

/// The moment at which each of them ends unless it is renewed. For a request that waits and is followed by a
/// session nothing happens then; but should the session go, it ends no sooner. Not durable: after a restart each is given its ttl anew, so that a renewal, which as a
/// rule promises no more than that, costs no write.
#[derive(Debug, Default)]
pub(crate) struct Renewals(BTreeMap<RequestId, Timestamp>);

impl Renewals {
    pub(crate) fn until(&self, id: RequestId) -> Option<Timestamp> {
        self.0.get(&id).copied()
    }
}

impl Engine {
    /// The request or lease with a ttl lives until then at least, from now on also without a session.
    pub(super) fn keep_until(&mut self, id: RequestId, until: Timestamp) {
        let before = self.renewals.until(id);
        let until = before.map_or(until, |before| before.max(until));
        self.timers.clear(before, id, Timer::Renewal);
        self.timers.set(Some(until), id, Timer::Renewal);
        self.renewals.0.insert(id, until);
    }

    /// A session follows it while it waits: it needs no renewal. Once it does again, it lives until then at
    /// least.
    pub(super) fn keep_by_presence(&mut self, id: RequestId, until: Option<Timestamp>) {
        let before = self.renewals.until(id);
        self.timers.clear(before, id, Timer::Renewal);
        if let Some(until) = before.max(until) {
            self.renewals.0.insert(id, until);
        }
    }

    /// It has ended.
    pub(super) fn forget_renewal(&mut self, id: RequestId) {
        self.timers.clear(self.renewals.0.remove(&id), id, Timer::Renewal);
    }

    /// Whether it waits and a session follows it, so that it needs no renewal.
    pub(super) fn is_kept_by_presence(&self, id: RequestId) -> bool {
        let waits = self.state.requests.get(&id).is_some_and(|state| state.grant.is_none());
        waits && matches!(self.sessions.attachment(id), Some(Attachment::To(_)))
    }

    /// A session follows the request or lease with a ttl from now on, or none does any more, or it has been
    /// granted.
    pub(super) fn renew_by_presence(&mut self, id: RequestId) {
        let Some(state) = self.state.requests.get(&id) else {
            return;
        };
        let Some(ttl) = state.request.ttl() else {
            return;
        };
        if self.is_kept_by_presence(id) {
            self.keep_by_presence(id, None);
        } else {
            self.keep_until(id, self.now.after(ttl));
        }
    }

    /// A grant as it is told: with the moment at which the lease ends unless it is renewed or extended.
    pub(crate) fn told(&self, grant: &Grant) -> Grant {
        let mut told = grant.clone();
        told.expires = self.end_of(grant);
        told
    }

    /// When a lease ends unless it is renewed or extended.
    pub(super) fn end_of(&self, grant: &Grant) -> Option<Timestamp> {
        grant.expires.into_iter().chain(self.renewals.until(grant.id)).min()
    }
}
