//! Who gets what: the loop, and what is available to whom.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use respo::{Fence, Name, Request, RequestId};

use super::assignment::{Assignment, best, is_full};
use super::{Happened, Lease, Specification};

/// What is kept in a pass, and whose party it is kept for.
pub(super) type Kept = BTreeMap<Name, RequestId>;

/// What may stand between a request and the resources that it asks for, besides their holders.
#[derive(Debug, Clone, Copy)]
pub(super) struct Regard<'k> {
    /// What is kept for others.
    pub(super) kept: &'k Kept,
    /// Whether stacks are kept together.
    pub(super) stacks: bool,
}

impl Specification {
    /// The requests that wait, in the order in which they take their turns.
    #[must_use]
    pub fn waiting(&self) -> Vec<RequestId> {
        let waiting = self.requests.iter().filter(|(_, asked)| asked.lease.is_none());
        let mut waiting: Vec<RequestId> = waiting.map(|(id, _)| *id).collect();
        waiting.sort_by_key(|id| (Reverse(self.requests[id].request.priority), *id));
        waiting
    }

    /// The loop.
    pub(super) fn grant_all(&mut self) {
        if self.draining {
            return;
        }
        loop {
            let fence = self.last_fence;
            let mut kept = Kept::new();
            for id in self.waiting() {
                if let Some(full) = self.take_turn(id, &mut kept) {
                    self.grant(id, full);
                }
            }
            if self.last_fence == fence {
                return;
            }
        }
    }

    /// A request's turn in a pass: what it gets, if it gets something. Otherwise something may be kept for
    /// it from here on.
    fn take_turn(&self, id: RequestId, kept: &mut Kept) -> Option<Assignment> {
        let asked = &self.requests[&id];
        if self.is_over_limit(&asked.request) {
            return None;
        }
        let best = self.best_for(&asked.request, asked.party, Regard { kept, stacks: true })?;
        if is_full(&asked.request, &best) {
            return Some(best);
        }
        if self.now >= asked.since.after(self.inventory.rules().hold_back_after) {
            kept.extend(best.into_iter().flatten().map(|name| (name, id)));
        }
        None
    }

    /// What a request that comes in now would get at its turn.
    pub(super) fn would_get(
        &self,
        id: RequestId,
        party: RequestId,
        request: &Request,
    ) -> Option<Assignment> {
        if self.is_over_limit(request) {
            return None;
        }
        let kept = self.kept_before(id, request);
        let best = self.best_for(request, party, Regard { kept: &kept, stacks: true })?;
        is_full(request, &best).then_some(best)
    }

    /// What has been kept in a pass by the time that this request takes its turn, whether it is in the queue
    /// or comes in now.
    pub(super) fn kept_before(&self, id: RequestId, request: &Request) -> Kept {
        let mut kept = Kept::new();
        let place = |id, request: &Request| (Reverse(request.priority), id);
        for earlier in self.waiting() {
            if place(earlier, &self.requests[&earlier].request) < place(id, request) {
                // No request that waits could be granted, or the loop would have done it.
                self.take_turn(earlier, &mut kept);
            }
        }
        kept
    }

    /// The best assignment of what is available to a party.
    pub(super) fn best_for(
        &self,
        request: &Request,
        party: RequestId,
        regard: Regard<'_>,
    ) -> Option<Assignment> {
        let available = |name: &Name| self.is_available(name, party, regard);
        best(request, &self.inventory, &self.last_used, &available)
    }

    fn is_available(&self, name: &Name, party: RequestId, regard: Regard<'_>) -> bool {
        let taken_by = |name: &Name| {
            let taken_by = self.holder_of(name).or_else(|| regard.kept.get(name).copied());
            taken_by.map(|id| self.requests[&id].party)
        };
        let stacks = self.inventory.stacks().iter().filter(|stack| stack.0.contains(name));
        let whole = |members: &BTreeSet<Name>| {
            members.iter().filter_map(taken_by).all(|other| other == party)
        };
        taken_by(name).is_none()
            && (!regard.stacks || stacks.into_iter().all(|stack| whole(&stack.0)))
    }

    /// Gives a waiting request what has been found for it.
    pub(super) fn grant(&mut self, id: RequestId, resources: Assignment) {
        self.last_fence += 1;
        for name in resources.iter().flatten() {
            self.last_used.insert(name.clone(), self.last_fence);
        }
        let (now, fence) = (self.now, Fence(self.last_fence));
        let asked = self.requests.get_mut(&id).expect("it waits");
        let longest = asked.request.max_duration.or(self.limits.max_duration);
        let expires = longest.map(|longest| now.after(longest.min(respo::MAX_DURATION)));
        asked.lease = Some(Lease { resources: resources.clone(), fence, since: now, expires });
        if let Some(ttl) = asked.request.ttl() {
            asked.put_off(now.after(ttl));
        }
        let expires = asked.expires();
        self.happened.push(Happened::Granted { id, fence, resources, expires });
    }

    /// What a pass that grants nothing keeps, by what it is kept for.
    #[must_use]
    pub fn kept(&self) -> BTreeMap<Name, RequestId> {
        let mut kept = Kept::new();
        for id in self.waiting() {
            self.take_turn(id, &mut kept);
        }
        kept
    }

    /// The first waiting request that could be granted now, and what it would get. There is none after a
    /// step, unless the pool drains.
    #[must_use]
    pub fn grantable(&self) -> Option<(RequestId, Assignment)> {
        let mut kept = Kept::new();
        let mut turns = self.waiting().into_iter();
        turns.find_map(|id| Some((id, self.take_turn(id, &mut kept)?)))
    }
}
