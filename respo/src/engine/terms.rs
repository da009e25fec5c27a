//! How long a lease lasts: renewing and extending it, and giving back a part of it.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::engine::Engine;
use crate::engine::authority::Right;
use crate::engine::command::{Authority, Reply};
use crate::engine::effects::{Effects, NoticeKind, Record};
use crate::engine::timers::Timer;
use crate::lease::{EndReason, Grant};
use crate::names::Name;
use crate::refusal::Refusal;
use crate::request::RequestId;
use crate::time::{HumanDuration, Timestamp};

impl Engine {
    pub(super) fn renew(
        &mut self,
        id: RequestId,
        by: &Authority,
        ttl: Option<Duration>,
        effects: &mut Effects,
    ) -> Result<Reply, Refusal> {
        self.authorize(id, by, Right::Use)?;
        let state = self.state.requests.get(&id).ok_or(Refusal::NoRequest(id))?;
        let own = state.request.ttl().ok_or(Refusal::NotRenewable(id))?;
        if let Some(asked) = ttl {
            self.limits.check_ttl(asked)?;
        }
        let ttl = ttl.unwrap_or(own);
        if !self.is_kept_by_presence(id) {
            let until = self.now.after(ttl);
            let is_later = self.renewals.until(id).is_none_or(|known| known < until);
            // A restart gives it its own ttl anew, but no more than that.
            if ttl > own && is_later {
                let (expires, until, at) = (self.state.expiry(id), Some(until), self.now);
                self.record(Record::Extended { id, expires, until, at }, effects);
            }
            self.keep_until(id, until);
        }
        Ok(Reply::Renewed { expires: self.deadline(id) })
    }

    /// When a request or lease ends unless somebody does something about it.
    fn deadline(&self, id: RequestId) -> Option<Timestamp> {
        if self.is_kept_by_presence(id) {
            return None;
        }
        let grant = self.state.requests.get(&id).and_then(|state| state.grant.as_ref());
        grant.map_or_else(|| self.renewals.until(id), |grant| self.end_of(grant))
    }

    pub(super) fn extend(
        &mut self,
        id: RequestId,
        by: &Authority,
        more: Duration,
        effects: &mut Effects,
    ) -> Result<Reply, Refusal> {
        self.authorize(id, by, Right::Use)?;
        let grant = self.grant_of(id)?;
        let expires = grant.expires.map(|end| self.later_end(grant, end, more)).transpose()?;
        let until = self.renewals.until(id).map(|end| self.later_renewal(end, more)).transpose()?;
        if expires.is_none() && until.is_none() {
            return Err(Refusal::NotRenewable(id));
        }
        let before = self.state.expiry(id);
        self.record(Record::Extended { id, expires, until, at: self.now }, effects);
        self.timers.clear(before, id, Timer::MaxDuration);
        self.timers.set(self.state.expiry(id), id, Timer::MaxDuration);
        if let Some(until) = until {
            self.keep_until(id, until);
        }
        let deadline = self.deadline(id);
        if let Some(expires) = deadline {
            self.notify(id, NoticeKind::Extended { expires }, effects);
        }
        Ok(Reply::Renewed { expires: deadline })
    }

    /// The end of a lease that has a longest duration, moved by `more`.
    fn later_end(
        &self,
        grant: &Grant,
        end: Timestamp,
        more: Duration,
    ) -> Result<Timestamp, Refusal> {
        let longest = self.limits.longest_duration();
        let (later, latest) = (end.after(more), grant.since.after(longest));
        if later <= latest {
            return Ok(later);
        }
        let longest = HumanDuration(longest);
        Err(Refusal::OverLimit(format!(
            "a lease of this pool lasts {longest} at most, so that this one ends at {latest} at the latest"
        )))
    }

    /// The end of a lease that is kept by being renewed, moved by `more`.
    fn later_renewal(&self, end: Timestamp, more: Duration) -> Result<Timestamp, Refusal> {
        let (later, latest) = (end.after(more), self.now.after(self.limits.longest_ttl()));
        if later <= latest {
            return Ok(later);
        }
        let most = HumanDuration(self.limits.longest_ttl());
        Err(Refusal::OverLimit(format!(
            "this pool lets a lease live for {most} at most without being renewed, which is until {latest}"
        )))
    }

    pub(super) fn release_part(
        &mut self,
        id: RequestId,
        by: &Authority,
        names: &[Name],
        effects: &mut Effects,
    ) -> Result<Reply, Refusal> {
        self.authorize(id, by, Right::Use)?;
        let grant = self.grant_of(id)?;
        let held: BTreeSet<&Name> = grant.names().collect();
        if let Some(other) = names.iter().find(|name| !held.contains(name)) {
            return Err(Refusal::NotHeld(other.clone()));
        }
        let released: BTreeSet<Name> = names.iter().cloned().collect();
        if released.is_empty() {
            return Ok(Reply::Done);
        }
        if released.len() == held.len() {
            self.end_and_allocate([id], self.reason_of(by), effects);
            return Ok(Reply::Done);
        }
        self.give_back(id, released.into_iter().collect(), effects);
        Ok(Reply::Done)
    }

    /// Takes these resources, which are not all, out of a lease.
    fn give_back(&mut self, id: RequestId, released: Vec<Name>, effects: &mut Effects) {
        let Some(state) = self.state.requests.get(&id) else {
            return;
        };
        let (party, account) = (state.party, self.accounts.of(&state.request));
        let mut freed = Vec::new();
        for name in &released {
            if let Some(index) = self.index_of(name) {
                self.occupancy.give_back(index, id, party);
                freed.push(index);
            }
        }
        self.accounts.subtract_part(&account, released.len());
        let (resources, at) = (released.clone(), self.now);
        self.record(Record::PartlyReleased { id, resources, at }, effects);
        self.notify(id, NoticeKind::PartlyReleased { resources: released }, effects);
        if !self.accounts.are_unlimited() {
            self.relieved.push(account);
        }
        self.allocate(freed, effects);
    }

    /// What a lease holds; refused if it still waits.
    pub(super) fn grant_of(&self, id: RequestId) -> Result<&Grant, Refusal> {
        let state = self.state.requests.get(&id).ok_or(Refusal::NoRequest(id))?;
        state.grant.as_ref().ok_or(Refusal::NotGranted(id))
    }

    pub(super) fn reason_of(&self, by: &Authority) -> EndReason {
        match by {
            Authority::Administrator => EndReason::Revoked,
            Authority::Session(_) | Authority::Token(_) | Authority::Digest(_) => {
                EndReason::Released
            }
        }
    }
}
