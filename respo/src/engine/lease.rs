//! Granting and ending: the two changes that a request can undergo.

use crate::engine::Engine;
use crate::engine::command::{Authority, Reply};
use crate::engine::effects::{Effects, NoticeKind, Record};
use crate::engine::queue::place_of;
use crate::engine::session::Attachment;
use crate::engine::timers::Timer;
use crate::inventory::ResourceIndex;
use crate::lease::EndReason;
use crate::refusal::Refusal;
use crate::request::{Fence, RequestId};

impl Engine {
    /// Grants a free resource to a request that has been recorded as queued.
    pub(super) fn grant(&mut self, id: RequestId, resource: ResourceIndex, effects: &mut Effects) {
        let Some(name) = self.state.inventory.at(resource).map(|found| found.name.clone()) else {
            return;
        };
        let Some(request) = self.state.requests.get(&id).map(|state| state.request.clone()) else {
            return;
        };
        self.timers.clear(self.state.wait_deadline(id), id, Timer::Wait);
        self.queue.remove(place_of(id, &request));
        let fence = Fence(self.state.last_fence.0.saturating_add(1));
        let at = self.now;
        let expires = self.limits.duration_of(&request).map(|duration| at.after(duration));
        let resources = vec![vec![name]];
        self.record(Record::Granted { id, fence, resources, at, expires }, effects);
        self.occupancy.take(resource, id, fence);
        self.timers.set(expires, id, Timer::MaxDuration);
        if let Some(grant) = self.state.requests.get(&id).and_then(|state| state.grant.clone()) {
            self.notify(id, NoticeKind::Granted(grant), effects);
        }
    }

    /// Ends requests and leases, and grants what becomes free. Ids that are not there are passed over.
    pub(super) fn end_and_allocate(
        &mut self,
        ids: impl IntoIterator<Item = RequestId>,
        reason: EndReason,
        effects: &mut Effects,
    ) {
        let mut freed = Vec::new();
        for id in ids {
            self.end(id, reason, &mut freed, effects);
        }
        self.allocate(freed, effects);
    }

    pub(super) fn end(
        &mut self,
        id: RequestId,
        reason: EndReason,
        freed: &mut Vec<ResourceIndex>,
        effects: &mut Effects,
    ) {
        let Some(state) = self.state.requests.get(&id) else {
            return;
        };
        let (grant, token, place) =
            (state.grant.clone(), state.token, place_of(id, &state.request));
        self.timers.clear(self.state.wait_deadline(id), id, Timer::Wait);
        self.timers.clear(self.state.expiry(id), id, Timer::MaxDuration);
        self.timers.clear(self.sessions.orphaned_until(id), id, Timer::Orphaned);
        self.queue.remove(place);
        for resource in grant.iter().flat_map(|grant| grant.resources.iter().flatten()) {
            match self.state.inventory.index_of(resource.name.as_str()) {
                Some(index) => {
                    self.occupancy.give_back(index, id);
                    freed.push(index);
                }
                None => self.occupancy.forget_retired(&resource.name),
            }
        }
        self.notify(id, NoticeKind::Ended { reason, grant }, effects);
        self.sessions.detach(id);
        self.by_token.remove(&token);
        self.record(Record::Ended { id, reason, at: self.now }, effects);
    }

    pub(super) fn end_on_request(
        &mut self,
        id: RequestId,
        by: &Authority,
        effects: &mut Effects,
    ) -> Result<Reply, Refusal> {
        let state = self.state.requests.get(&id).ok_or(Refusal::NoRequest(id))?;
        let reason = match by {
            Authority::Session(session) => {
                let theirs = self.sessions.attachment(id) == Some(Attachment::To(*session));
                if theirs { Ok(EndReason::Released) } else { Err(Refusal::NoRequest(id)) }
            }
            Authority::Token(token) if token.digest() == state.token => Ok(EndReason::Released),
            Authority::Digest(digest) if *digest == state.token => Ok(EndReason::Released),
            Authority::Token(_) | Authority::Digest(_) => Err(Refusal::WrongToken),
            Authority::Administrator => Ok(EndReason::Revoked),
        }?;
        self.end_and_allocate([id], reason, effects);
        Ok(Reply::Done)
    }
}
