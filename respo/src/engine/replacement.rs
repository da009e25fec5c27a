//! Replacing the inventory under leases and waiting requests: rule 9 of the design.

use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::accounts::Accounts;
use crate::engine::candidates::CandidateSets;
use crate::engine::command::Reply;
use crate::engine::effects::{Effects, Record};
use crate::engine::occupancy::Occupancy;
use crate::engine::parties::Parties;
use crate::engine::queue::Queue;
use crate::engine::timers::Timer;
use crate::inventory::{Inventory, InventoryChange};
use crate::lease::EndReason;
use crate::request::{Request, RequestId};

impl Engine {
    pub(super) fn replace_inventory(
        &mut self,
        inventory: Arc<Inventory>,
        effects: &mut Effects,
    ) -> Reply {
        let leased = |name: &crate::Name| {
            let index = self.state.inventory.index_of(name.as_str());
            index.is_some_and(|index| self.occupancy.is_held(index))
        };
        let change = InventoryChange::between(&self.state.inventory, &inventory, leased);
        if !change.is_empty() || self.state.revision == 0 {
            let revision = self.state.revision.saturating_add(1);
            let at = self.now;
            for id in self.state.requests.keys() {
                self.timers.clear(self.state.hold_back_time(*id), *id, Timer::HoldBack);
            }
            self.record(Record::InventoryReplaced { revision, inventory, at }, effects);
            let impossible = self.derive();
            self.end_all_and_look_at_everyone(impossible, effects);
        }
        Reply::Replaced { revision: self.state.revision, change }
    }

    pub(super) fn end_all_and_look_at_everyone(
        &mut self,
        impossible: Vec<RequestId>,
        effects: &mut Effects,
    ) {
        let mut freed = Vec::new();
        for id in impossible {
            self.end(id, EndReason::NoSuch, &mut freed, effects);
        }
        self.look_at_everyone();
        self.allocate(freed, effects);
    }

    /// Derives from the state what follows from it, as after a change of inventory, and returns the waiting
    /// requests that can never be granted.
    pub(super) fn derive(&mut self) -> Vec<RequestId> {
        self.occupancy = Occupancy::of(&self.state);
        self.sets = CandidateSets::default();
        self.queue = Queue::default();
        self.impossible.clear();
        self.sweep.clear();
        self.accounts = Accounts::new(self.state.inventory.rules());
        let mut waiting: Vec<(RequestId, RequestId, Arc<Request>)> = Vec::new();
        self.parties = Parties::default();
        for (id, state) in &self.state.requests {
            self.parties.join(state.party);
            match &state.grant {
                Some(grant) => {
                    let account = self.accounts.of(&state.request);
                    self.accounts.add(&account, grant.names().count());
                }
                None => waiting.push((*id, state.party, Arc::clone(&state.request))),
            }
        }
        let enqueue = |(id, party, request): (RequestId, RequestId, Arc<Request>)| {
            let account = self.accounts.of(&request);
            if self.accounts.never(&account, request.requested()).is_some() {
                return Some(id);
            }
            match self.shape_for(request.requirements()) {
                Ok(shape) => {
                    self.enqueue(id, &request, shape, account, party);
                    None
                }
                Err(_) => Some(id),
            }
        };
        waiting.into_iter().filter_map(enqueue).collect()
    }
}
