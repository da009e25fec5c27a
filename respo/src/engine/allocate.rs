//! Who gets what has become free: rule 3 of the design.
//!
//! The rule as it is specified goes through all waiting requests in order. This code gives the same
//! answer while looking only at the shapes that can use what was freed: a property test
//! (`tests/naive_loop.rs`) compares the two on random histories.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::Engine;
use crate::engine::effects::Effects;
use crate::engine::queue::{Place, ShapeId};
use crate::inventory::ResourceIndex;
use crate::request::Fence;

/// So many free resources are looked at, the least recently used first, before each candidate is: where
/// most of what is free suits, the first few decide.
const FIRST_LOOK: usize = 64;

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
        let mut heads = self.heads(&freed);
        while let Some((place, shape)) = heads.pop_first() {
            let Some(wanted) = self.queue.shape(shape) else {
                continue;
            };
            let suits = |(_, index): &&(Fence, ResourceIndex)| wanted.contains(*index);
            // A shape that nothing suits any more is out: its head is not put back.
            let Some(&(age, resource)) = freed.iter().find(suits) else {
                continue;
            };
            freed.remove(&(age, resource));
            self.grant(place.1, resource, effects);
            let next = self.queue.shape(shape).and_then(|shape| shape.waiting.first());
            heads.extend(next.map(|place| (*place, shape)));
        }
    }

    /// Grants to everyone who can be served, as after a change of inventory.
    pub(super) fn allocate_all(&mut self, effects: &mut Effects) {
        let free = self.occupancy.free().collect();
        self.allocate(free, effects);
    }

    /// The first in line of each shape that could use one of these resources, in order.
    fn heads(&self, freed: &BTreeSet<(Fence, ResourceIndex)>) -> BTreeMap<Place, ShapeId> {
        let shapes: BTreeSet<ShapeId> =
            freed.iter().flat_map(|(_, index)| self.queue.shapes_with(*index)).collect();
        let head = |shape: ShapeId| Some((*self.queue.shape(shape)?.waiting.first()?, shape));
        shapes.into_iter().filter_map(head).collect()
    }

    /// The free candidate of a shape that was used least recently.
    pub(super) fn least_recently_used(&self, shape: ShapeId) -> Option<ResourceIndex> {
        let shape = self.queue.shape(shape)?;
        let mut oldest = self.occupancy.free().take(FIRST_LOOK.min(shape.candidates.len()));
        oldest.find(|index| shape.contains(*index)).or_else(|| {
            let free = shape.candidates.iter().filter(|index| self.occupancy.is_free(**index));
            free.copied().min_by_key(|index| self.occupancy.age(*index))
        })
    }
}
