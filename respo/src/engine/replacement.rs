//! Replacing the inventory under leases and waiting requests: rule 9 of the design.

use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::command::Reply;
use crate::engine::effects::{Effects, Record};
use crate::engine::occupancy::Occupancy;
use crate::engine::queue::{Queue, place_of};
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
            index.is_some_and(|index| !self.occupancy.is_free(index))
        };
        let change = InventoryChange::between(&self.state.inventory, &inventory, leased);
        if !change.is_empty() || self.state.revision == 0 {
            let revision = self.state.revision.saturating_add(1);
            let at = self.now;
            self.record(Record::InventoryReplaced { revision, inventory, at }, effects);
            self.occupancy = Occupancy::of(&self.state);
            self.impossible.clear();
            let impossible = self.requeue();
            self.end_and_allocate(impossible, EndReason::NoSuch, effects);
            self.allocate_all(effects);
        }
        Reply::Replaced { revision: self.state.revision, change }
    }

    /// Puts every waiting request into a new queue, for an inventory that has changed, and returns
    /// those that no resource can satisfy any more.
    pub(super) fn requeue(&mut self) -> Vec<RequestId> {
        self.queue = Queue::new(self.state.inventory.len());
        let waiting: Vec<(RequestId, Arc<Request>)> = self
            .state
            .requests
            .iter()
            .filter(|(_, state)| state.grant.is_none())
            .map(|(id, state)| (*id, Arc::clone(&state.request)))
            .collect();
        let mut impossible = Vec::new();
        for (id, request) in waiting {
            match self.shape_for(request.requirements()) {
                Ok(shape) => self.queue.insert(shape, place_of(id, &request)),
                Err(_) => impossible.push(id),
            }
        }
        impossible
    }
}
