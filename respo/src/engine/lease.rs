//! Granting and ending: the two changes that a request can undergo.

use crate::engine::Engine;
use crate::engine::accounts::Account;
use crate::engine::assign::Assignment;
use crate::engine::authority::Right;
use crate::engine::command::{Authority, Reply};
use crate::engine::effects::{Effects, NoticeKind, Record};
use crate::engine::queue::{Place, place_of};
use crate::engine::timers::Timer;
use crate::inventory::ResourceIndex;
use crate::lease::EndReason;
use crate::names::Name;
use crate::refusal::Refusal;
use crate::request::{Fence, RequestId};

impl Engine {
    /// Grants resources that are available to a request which has been recorded as queued.
    pub(super) fn grant(
        &mut self,
        id: RequestId,
        party: RequestId,
        account: &Account,
        assignment: Assignment,
        effects: &mut Effects,
    ) {
        let Some(request) = self.state.requests.get(&id).map(|state| state.request.clone()) else {
            return;
        };
        let place = place_of(id, &request);
        self.timers.clear(self.state.wait_deadline(id), id, Timer::Wait);
        let given_up = self.leave_queue(&place);
        let per_requirement: Vec<Vec<ResourceIndex>> = assignment
            .given
            .iter()
            .map(|ages| ages.iter().map(|age| age.index()).collect())
            .collect();
        let fence = Fence(self.state.last_fence.0.saturating_add(1));
        let at = self.now;
        let expires = self.limits.duration_of(&request).map(|duration| at.after(duration));
        let names = |indexes: &Vec<ResourceIndex>| {
            indexes.iter().filter_map(|index| self.name_of(*index)).collect()
        };
        let resources: Vec<Vec<Name>> = per_requirement.iter().map(names).collect();
        self.record(Record::Granted { id, fence, resources, at, expires }, effects);
        let taken: Vec<ResourceIndex> = per_requirement.into_iter().flatten().collect();
        for index in &taken {
            self.take(*index, id, party, &place, fence);
        }
        self.accounts.add(account, taken.len());
        self.limits_changed(account);
        for index in given_up.into_iter().filter(|index| !taken.contains(index)) {
            self.open(index);
        }
        self.timers.set(expires, id, Timer::MaxDuration);
        self.renew_by_presence(id);
        let granted = self.state.requests.get(&id).and_then(|state| state.grant.as_ref());
        if let Some(grant) = granted.map(|grant| self.told(grant)) {
            self.notify(id, NoticeKind::Granted(grant), effects);
        }
    }

    fn take(
        &mut self,
        index: ResourceIndex,
        id: RequestId,
        party: RequestId,
        place: &Place,
        fence: Fence,
    ) {
        self.take_from_later(index, party, place);
        if !self.occupancy.is_inside(index)
            && let Some(name) = self.occupancy.outsiders.name(index).cloned()
        {
            // Held, it is there for as long as it is held.
            self.occupancy.admit(&name);
        }
        self.occupancy.take(index, id, party, fence);
        self.look_at_others_of(party, index, place);
    }

    fn name_of(&self, index: ResourceIndex) -> Option<Name> {
        match self.state.inventory.at(index) {
            Some(resource) => Some(resource.name.clone()),
            None => self.occupancy.outsiders.name(index).cloned(),
        }
    }

    /// Takes a request out of the queue, if it is in it. The answer has what was held back for it.
    fn leave_queue(&mut self, place: &Place) -> Vec<ResourceIndex> {
        let Some(shape) = self.queue.shape_of(place.1) else {
            return Vec::new();
        };
        let given_up = self.occupancy.kept(place).to_vec();
        for index in &given_up {
            self.occupancy.give_up(*index);
        }
        self.timers.clear(self.state.hold_back_time(place.1), place.1, Timer::HoldBack);
        if let Some(removed) = self.queue.remove(place) {
            if let Some(account) = removed.last_of {
                self.accounts.end_waiting(&account);
            }
            self.forget_shapes(removed.dropped);
        }
        // It is still needed for what follows.
        self.left_shapes.push(shape);
        given_up
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

    /// Grants what was freed to those who have waited for it, and to those whose limits held them back.
    pub(super) fn allocate(&mut self, freed: Vec<ResourceIndex>, effects: &mut Effects) {
        for account in std::mem::take(&mut self.relieved) {
            self.limits_changed(&account);
        }
        for index in freed {
            self.open(index);
        }
        self.settle(effects);
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
        let (grant, token, party) = (state.grant.clone(), state.token, state.party);
        let (request, place) = (state.request.clone(), place_of(id, &state.request));
        self.timers.clear(self.state.wait_deadline(id), id, Timer::Wait);
        self.timers.clear(self.state.expiry(id), id, Timer::MaxDuration);
        self.timers.clear(self.sessions.orphaned_until(id), id, Timer::Orphaned);
        self.forget_renewal(id);
        self.forget_key(id);
        // What was held back for it is of use to those behind it only: those before it have looked.
        freed.extend(self.leave_queue(&place));
        let mut count = 0;
        for name in grant.iter().flat_map(crate::Grant::names) {
            count += 1;
            if let Some(index) = self.index_of(name) {
                self.occupancy.give_back(index, id, party);
                freed.push(index);
            }
        }
        self.notify(id, NoticeKind::Ended { reason, grant }, effects);
        self.sessions.detach(id);
        self.by_token.remove(&token);
        self.parties.leave(party);
        self.record(Record::Ended { id, reason, at: self.now }, effects);
        if count > 0 {
            let account = self.accounts.of(&request);
            self.accounts.subtract(&account, count);
            // Only when all that ends has ended is it known who is the first of those who were held back.
            if !self.accounts.are_unlimited() {
                self.relieved.push(account);
            }
        }
    }

    /// Where a resource stands, be it in the inventory or not.
    pub(super) fn index_of(&self, name: &Name) -> Option<ResourceIndex> {
        let inside = self.state.inventory.index_of(name.as_str());
        inside.or_else(|| self.occupancy.outsiders.find(name))
    }

    pub(super) fn end_on_request(
        &mut self,
        id: RequestId,
        by: &Authority,
        effects: &mut Effects,
    ) -> Result<Reply, Refusal> {
        self.authorize(id, by, Right::Use)?;
        self.end_and_allocate([id], self.reason_of(by), effects);
        Ok(Reply::Done)
    }
}
