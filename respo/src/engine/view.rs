//! What everyone may know of the engine's state.

use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::queue::Place;
use crate::engine::state::RequestState;
use crate::inventory::{Resource, ResourceIndex};
use crate::lease::Holding;
use crate::names::Name;
use crate::request::{RequestId, Wanted};
use crate::snapshot::{HeldLease, Outsider, Snapshot, Status, Waiter};
use crate::wire::Candidate;

impl Engine {
    /// Everything that everyone may know, as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let inventory = Arc::clone(&self.state.inventory);
        let indexes = (0u32..).map(ResourceIndex).take(inventory.len());
        let waiting = self.waiting();
        let mut by_id: Vec<(RequestId, usize)> =
            waiting.iter().enumerate().map(|(place, waiting)| (waiting.id, place)).collect();
        by_id.sort_unstable();
        let lengths = self.queue_lengths();
        Snapshot {
            revision: self.state.revision,
            statuses: indexes.map(|index| self.status(index)).collect(),
            outsiders: self.outsiders(&lengths),
            queue_lengths: lengths.into_iter().take(inventory.len()).collect(),
            inventory,
            leases: self.leases(),
            waiting,
            by_id,
        }
    }

    fn leases(&self) -> Vec<HeldLease> {
        let lease = |(id, state): (&RequestId, &RequestState)| {
            let (holding, request) = (self.holding(*id)?, Arc::clone(&state.request));
            Some(HeldLease { holding, request, resources: state.grant.as_ref()?.resources.clone() })
        };
        self.state.requests.iter().filter_map(lease).collect()
    }

    /// A resource's state and holder.
    pub(super) fn candidate(&self, index: ResourceIndex) -> Option<Candidate> {
        let name = match self.state.inventory.at(index) {
            Some(resource) => &resource.name,
            None => self.occupancy.outsiders.name(index)?,
        };
        Some(self.status(index).candidate(name))
    }

    fn status(&self, index: ResourceIndex) -> Status {
        if let Some(holding) = self.occupancy.holder(index).and_then(|id| self.holding(id)) {
            return Status::Held(holding);
        }
        if let Some((_, id)) = self.occupancy.kept_for(index) {
            return Status::HeldBack(self.waiter(id));
        }
        let stacks = &self.occupancy.stacks;
        if stacks.holder_of_mates(index).is_none() {
            // No stack is split by what is held back, either.
            let keeper = stacks.keeper_of_mates(index);
            return keeper.map_or(Status::Free, |(_, id)| Status::HeldBack(self.waiter(id)));
        }
        let mates = stacks.mates(index);
        let holder = mates.into_iter().find_map(|mate| self.occupancy.holder(mate));
        holder.and_then(|id| self.holding(id)).map_or(Status::Free, Status::Collateral)
    }

    fn waiter(&self, id: RequestId) -> Waiter {
        let request = self.state.requests.get(&id).map(|state| &state.request);
        Waiter { id, holder: request.and_then(|request| request.holder.clone()) }
    }

    fn holding(&self, id: RequestId) -> Option<Holding> {
        let state = self.state.requests.get(&id)?;
        let grant = state.grant.as_ref()?;
        Some(Holding {
            id,
            fence: grant.fence,
            holder: state.request.holder.clone(),
            description: state.request.description.clone(),
            since: grant.since,
            expires: self.end_of(grant),
            orphaned_until: self.sessions.orphaned_until(id),
            allowed: state.guests.iter().map(|guest| guest.who.clone()).collect(),
        })
    }

    /// What is held or asked for and not in the inventory.
    fn outsiders(&self, lengths: &[u64]) -> Vec<Outsider> {
        let outsider = |(name, index): (&Name, ResourceIndex)| {
            let holder = self.occupancy.holder(index);
            let (resource, is_retired) = match holder {
                Some(id) => self.held_outsider(id, name)?,
                None => (self.asked_for(name, index)?, false),
            };
            let status = self.status(index);
            let queue = lengths.get(index.as_usize()).copied().unwrap_or_default();
            Some(Outsider { index, resource, status, is_retired, queue })
        };
        self.occupancy.outsiders.iter().filter_map(outsider).collect()
    }

    /// A resource that a lease has, and whether it was in the inventory once.
    fn held_outsider(&self, id: RequestId, name: &Name) -> Option<(Arc<Resource>, bool)> {
        let state = self.state.requests.get(&id)?;
        let resources = &state.grant.as_ref()?.resources;
        for (requirement, resources) in state.request.requirements().iter().zip(resources) {
            if let Some(resource) = resources.iter().find(|held| held.name == *name) {
                let by_key = matches!(requirement.wanted, Wanted::Keys(_));
                return Some((Arc::clone(resource), !by_key));
            }
        }
        None
    }

    /// A key that is asked for, as the first in line describes it.
    fn asked_for(&self, name: &Name, index: ResourceIndex) -> Option<Arc<Resource>> {
        let shapes = self.queue.shapes_with(index).filter_map(|id| self.queue.shape(id));
        let first: &Place = shapes.flat_map(|shape| shape.places()).min()?;
        let request = &self.state.requests.get(&first.1)?.request;
        Some(Arc::new(request.ephemeral(name.clone())))
    }

    fn queue_lengths(&self) -> Vec<u64> {
        let mut lengths = vec![0; self.state.inventory.len()];
        for (_, shape) in self.queue.waiting_shapes() {
            for index in shape.candidates.iter() {
                if lengths.len() <= index.as_usize() {
                    lengths.resize(index.as_usize() + 1, 0);
                }
                lengths[index.as_usize()] += shape.len() as u64;
            }
        }
        lengths
    }
}
