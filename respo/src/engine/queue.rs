//! Waiting requests, grouped by what they ask for.
//!
//! Requests with equal requirements have the same *shape*: the same candidates, and one queue. What a
//! decision costs depends on how many shapes there are, not on how many requests wait.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::inventory::ResourceIndex;
use crate::request::{Priority, Request, RequestId, Requirement};

/// The most shapes that are kept although nobody waits with them, and the most candidates that those
/// have in all.
const MAX_IDLE_SHAPES: usize = 1024;
const MAX_IDLE_CANDIDATES: usize = 1_000_000;

/// The place of a waiting request: higher priority first, then arrival.
pub(crate) type Place = (Reverse<Priority>, RequestId);

/// The place that a request takes in the queue.
pub(crate) fn place_of(id: RequestId, request: &Request) -> Place {
    (Reverse(request.priority), id)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ShapeId(u64);

/// What some requests ask for, which resources could serve it, and which of them wait.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) requirements: Arc<[Requirement]>,
    /// Sorted.
    pub(crate) candidates: Arc<[ResourceIndex]>,
    /// A bit per resource of the inventory.
    members: Vec<u64>,
    pub(crate) waiting: BTreeSet<Place>,
}

impl Shape {
    pub(crate) fn contains(&self, index: ResourceIndex) -> bool {
        let word = self.members.get(index.as_usize() / 64).copied().unwrap_or_default();
        word >> (index.0 % 64) & 1 == 1
    }
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    shapes: BTreeMap<ShapeId, Shape>,
    by_requirements: BTreeMap<Arc<[Requirement]>, ShapeId>,
    /// Parallel to the inventory: the shapes that each resource could serve.
    by_resource: Vec<BTreeSet<ShapeId>>,
    shape_of: BTreeMap<RequestId, ShapeId>,
    idle: BTreeSet<ShapeId>,
    idle_candidates: usize,
    last_shape: u64,
}

impl Queue {
    /// An empty queue for an inventory of this size.
    pub(crate) fn new(resources: usize) -> Self {
        Self { by_resource: vec![BTreeSet::new(); resources], ..Self::default() }
    }

    /// How many requests wait.
    pub(crate) fn len(&self) -> usize {
        self.shape_of.len()
    }

    pub(crate) fn find(&self, requirements: &[Requirement]) -> Option<ShapeId> {
        self.by_requirements.get(requirements).copied()
    }

    pub(crate) fn shape(&self, id: ShapeId) -> Option<&Shape> {
        self.shapes.get(&id)
    }

    /// Every shape that somebody waits with.
    pub(crate) fn waiting_shapes(&self) -> impl Iterator<Item = (ShapeId, &Shape)> {
        let waits = |(_, shape): &(&ShapeId, &Shape)| !shape.waiting.is_empty();
        self.shapes.iter().filter(waits).map(|(id, shape)| (*id, shape))
    }

    pub(crate) fn shape_of(&self, id: RequestId) -> Option<(ShapeId, &Shape)> {
        let shape = *self.shape_of.get(&id)?;
        Some((shape, self.shapes.get(&shape)?))
    }

    /// The shapes that a resource could serve, whether somebody waits with them or not.
    pub(crate) fn shapes_with(&self, index: ResourceIndex) -> impl Iterator<Item = ShapeId> {
        self.by_resource.get(index.as_usize()).into_iter().flatten().copied()
    }

    /// Adds a shape that is not there yet.
    pub(crate) fn add_shape(
        &mut self,
        requirements: &[Requirement],
        candidates: Vec<ResourceIndex>,
    ) -> ShapeId {
        self.last_shape += 1;
        let id = ShapeId(self.last_shape);
        let requirements: Arc<[Requirement]> = requirements.into();
        let mut members = vec![0u64; self.by_resource.len().div_ceil(64)];
        for index in &candidates {
            members[index.as_usize() / 64] |= 1 << (index.0 % 64);
            self.by_resource[index.as_usize()].insert(id);
        }
        self.by_requirements.insert(Arc::clone(&requirements), id);
        let candidates = candidates.into();
        self.shapes
            .insert(id, Shape { requirements, candidates, members, waiting: BTreeSet::new() });
        self.set_idle(id);
        id
    }

    pub(crate) fn insert(&mut self, shape: ShapeId, place: Place) {
        if let Some(entry) = self.shapes.get_mut(&shape) {
            entry.waiting.insert(place);
            self.shape_of.insert(place.1, shape);
            self.set_busy(shape);
        }
    }

    pub(crate) fn remove(&mut self, place: Place) {
        let Some(shape) = self.shape_of.remove(&place.1) else {
            return;
        };
        let Some(entry) = self.shapes.get_mut(&shape) else {
            return;
        };
        entry.waiting.remove(&place);
        if entry.waiting.is_empty() {
            self.set_idle(shape);
        }
    }

    /// Keeps an idle shape for the next request like it, and drops older ones where that is too much.
    fn set_idle(&mut self, shape: ShapeId) {
        self.idle.insert(shape);
        self.idle_candidates += self.candidates_of(shape);
        while self.idle.len() > MAX_IDLE_SHAPES || self.idle_candidates > MAX_IDLE_CANDIDATES {
            // Never the shape itself, which the caller is about to use.
            let Some(oldest) = self.idle.iter().copied().find(|&oldest| oldest != shape) else {
                return;
            };
            self.set_busy(oldest);
            self.drop_shape(oldest);
        }
    }

    /// A shape is no longer idle.
    fn set_busy(&mut self, shape: ShapeId) {
        if self.idle.remove(&shape) {
            self.idle_candidates -= self.candidates_of(shape);
        }
    }

    fn candidates_of(&self, shape: ShapeId) -> usize {
        self.shapes.get(&shape).map_or(0, |shape| shape.candidates.len())
    }

    fn drop_shape(&mut self, shape: ShapeId) {
        if let Some(gone) = self.shapes.remove(&shape) {
            self.by_requirements.remove(&gone.requirements);
            for index in gone.candidates.iter() {
                self.by_resource[index.as_usize()].remove(&shape);
            }
        }
    }
}
