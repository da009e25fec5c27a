//! Who gets what has become free: rule 3 of the design.
//!
//! The rule as it is specified goes through all waiting requests in order. This code gives the same
//! answer while looking only at the shapes that can use what was freed: a property test
//! (`tests/naive_loop.rs`) compares the two on random histories.

use std::collections::BTreeSet;

use crate::engine::Engine;
use crate::engine::effects::Effects;
use crate::engine::queue::{Place, ShapeId};
use crate::inventory::ResourceIndex;
use crate::request::{Fence, RequestId};

/// Up to this many candidates it is cheaper to look at each than to walk the free resources.
const FEW_CANDIDATES: usize = 256;

impl Engine {
    /// Grants what was freed to those who have waited for it.
    ///
    /// Before the resources were freed no waiting request had a free candidate, so only they matter.
    pub(super) fn allocate(&mut self, freed: Vec<ResourceIndex>, effects: &mut Effects) {
        if self.draining.is_some() {
            return;
        }
        let mut freed: BTreeSet<(Fence, ResourceIndex)> = freed
            .into_iter()
            .filter(|index| self.occupancy.is_free(*index))
            .map(|index| self.occupancy.age(index))
            .collect();
        while let Some((id, resource)) = self.next_grant(&freed) {
            freed.remove(&self.occupancy.age(resource));
            self.grant(id, resource, effects);
        }
    }

    /// Grants to everyone who can be served, as after a change of inventory.
    pub(super) fn allocate_all(&mut self, effects: &mut Effects) {
        let free = self.occupancy.free().collect();
        self.allocate(free, effects);
    }

    /// The first request in order that can use one of the free resources, and the least recently used
    /// of those that it can use.
    fn next_grant(
        &self,
        free: &BTreeSet<(Fence, ResourceIndex)>,
    ) -> Option<(RequestId, ResourceIndex)> {
        let mut best: Option<(Place, ResourceIndex)> = None;
        let mut seen: BTreeSet<ShapeId> = BTreeSet::new();
        for (_, index) in free {
            for shape in self.queue.shapes_with(*index) {
                // Resources come in the order of their last use: the first that suits a shape is its.
                if !seen.insert(shape) {
                    continue;
                }
                let head = self
                    .queue
                    .shape(shape)
                    .and_then(|shape| shape.waiting.first());
                if let Some(head) = head
                    && best.as_ref().is_none_or(|(place, _)| head < place)
                {
                    best = Some((*head, *index));
                }
            }
        }
        best.map(|(place, index)| (place.1, index))
    }

    /// The free candidate of a shape that was used least recently.
    pub(super) fn least_recently_used(&self, shape: ShapeId) -> Option<ResourceIndex> {
        let shape = self.queue.shape(shape)?;
        if shape.candidates.len() <= FEW_CANDIDATES {
            let free = shape
                .candidates
                .iter()
                .filter(|index| self.occupancy.is_free(**index));
            return free.copied().min_by_key(|index| self.occupancy.age(*index));
        }
        self.occupancy.free().find(|index| shape.contains(*index))
    }
}
