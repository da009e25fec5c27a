//! Which resources are free, and who holds the others. Derived from the durable state.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::state::State;
use crate::inventory::ResourceIndex;
use crate::names::Name;
use crate::request::{Fence, RequestId};

/// The holder of each resource, and the free ones in the order of their last use.
#[derive(Debug, Default)]
pub(crate) struct Occupancy {
    /// Parallel to the inventory.
    holders: Vec<Option<RequestId>>,
    /// Parallel to the inventory: the fence of the last grant, 0 if there was none.
    last_used: Vec<Fence>,
    /// The least recently used first; among those never used, in the order of their names.
    free: BTreeSet<(Fence, ResourceIndex)>,
    /// Leased resources that are no longer in the inventory.
    retired: BTreeMap<Name, RequestId>,
}

impl Occupancy {
    /// Reads the state anew, as after a change of inventory.
    pub(crate) fn of(state: &State) -> Self {
        let inventory = &state.inventory;
        let mut occupancy = Self { holders: vec![None; inventory.len()], ..Self::default() };
        for grant in state.grants() {
            for resource in grant.resources.iter().flatten() {
                match inventory.index_of(resource.name.as_str()) {
                    Some(index) => occupancy.holders[index.as_usize()] = Some(grant.id),
                    None => {
                        occupancy.retired.insert(resource.name.clone(), grant.id);
                    }
                }
            }
        }
        let last_use = |resource: &std::sync::Arc<crate::Resource>| {
            state.last_used.get(&resource.name).copied().unwrap_or_default()
        };
        occupancy.last_used = inventory.resources().iter().map(last_use).collect();
        occupancy.free = (0u32..)
            .map(ResourceIndex)
            .zip(occupancy.holders.iter().zip(&occupancy.last_used))
            .filter(|(_, (holder, _))| holder.is_none())
            .map(|(index, (_, last_used))| (*last_used, index))
            .collect();
        occupancy
    }

    pub(crate) fn is_free(&self, index: ResourceIndex) -> bool {
        self.holders.get(index.as_usize()).is_some_and(Option::is_none)
    }

    pub(crate) fn holder(&self, index: ResourceIndex) -> Option<RequestId> {
        self.holders.get(index.as_usize()).copied().flatten()
    }

    /// The free resources, the least recently used first.
    pub(crate) fn free(&self) -> impl Iterator<Item = ResourceIndex> {
        self.free.iter().map(|(_, index)| *index)
    }

    /// The place of a resource in the order of last use.
    pub(crate) fn age(&self, index: ResourceIndex) -> (Fence, ResourceIndex) {
        (self.last_used.get(index.as_usize()).copied().unwrap_or_default(), index)
    }

    /// The retired resources and their holders.
    pub(crate) fn retired(&self) -> impl Iterator<Item = (&Name, RequestId)> {
        self.retired.iter().map(|(name, id)| (name, *id))
    }

    /// A free resource is granted.
    pub(crate) fn take(&mut self, index: ResourceIndex, id: RequestId, fence: Fence) {
        self.free.remove(&self.age(index));
        if let Some(holder) = self.holders.get_mut(index.as_usize()) {
            *holder = Some(id);
            self.last_used[index.as_usize()] = fence;
        }
    }

    /// A resource that `id` held is given back.
    pub(crate) fn give_back(&mut self, index: ResourceIndex, id: RequestId) {
        if self.holder(index) == Some(id) {
            self.holders[index.as_usize()] = None;
            self.free.insert(self.age(index));
        }
    }

    /// A retired resource goes with the lease that held it.
    pub(crate) fn forget_retired(&mut self, name: &Name) {
        self.retired.remove(name);
    }
}
