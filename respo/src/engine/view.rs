//! What everyone may know of the engine's state.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::queue::{Shape, ShapeId};
use crate::inventory::ResourceIndex;
use crate::lease::Holding;
use crate::request::RequestId;
use crate::snapshot::{self, Snapshot, WaitingRequest};
use crate::wire::Candidate;

/// A shape that shares candidates with more others than this is *wide*: it is taken to compete with every
/// shape. Positions may then count a few requests too many, never one too few.
const MAX_OVERLAPS: usize = 128;

/// Up to this many candidates, a shape's neighbours are found by way of its candidates.
const FEW_CANDIDATES: usize = 64;

impl Engine {
    /// Everything that everyone may know, as it is now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let inventory = Arc::clone(&self.state.inventory);
        let indexes = (0u32..).map(ResourceIndex).take(inventory.len());
        let holdings = indexes.map(|index| self.occupancy.holder(index));
        let holdings = holdings.map(|id| id.and_then(|id| self.holding(id))).collect();
        let waiting = self.waiting();
        let mut by_id: Vec<(RequestId, usize)> =
            waiting.iter().enumerate().map(|(place, waiting)| (waiting.id, place)).collect();
        by_id.sort_unstable();
        Snapshot {
            revision: self.state.revision,
            queue_lengths: self.queue_lengths(),
            inventory,
            holdings,
            retired: self.retired(),
            waiting,
            by_id,
        }
    }

    /// A resource's state and holder.
    pub(super) fn candidate(&self, index: ResourceIndex) -> Option<Candidate> {
        let holding = self.occupancy.holder(index).and_then(|id| self.holding(id));
        Some(snapshot::candidate(self.state.inventory.at(index)?, holding.as_ref()))
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
            expires: grant.expires,
            orphaned_until: self.sessions.orphaned_until(id),
        })
    }

    fn retired(&self) -> Vec<(Arc<crate::Resource>, Holding)> {
        let find = |(name, id): (&crate::Name, RequestId)| {
            let grant = self.state.requests.get(&id)?.grant.as_ref()?;
            let resource = grant.resources.iter().flatten().find(|held| held.name == *name)?;
            Some((Arc::clone(resource), self.holding(id)?))
        };
        self.occupancy.retired().filter_map(find).collect()
    }

    fn queue_lengths(&self) -> Vec<u64> {
        let mut lengths = vec![0; self.state.inventory.len()];
        for (_, shape) in self.queue.waiting_shapes() {
            for index in shape.candidates.iter() {
                lengths[index.as_usize()] += shape.waiting.len() as u64;
            }
        }
        lengths
    }

    /// The waiting requests in order, each with its position among those that it competes with.
    fn waiting(&self) -> Vec<WaitingRequest> {
        let overlaps = self.overlaps();
        let wide = |(id, _): &(ShapeId, &Shape)| !overlaps.contains_key(id);
        let wide_total: u64 =
            self.queue.waiting_shapes().filter(wide).map(|(_, shape)| length(shape)).sum();
        let mut order: Vec<_> =
            self.queue.waiting_shapes().flat_map(|(_, shape)| shape.waiting.iter()).collect();
        order.sort_unstable();
        let mut ahead: BTreeMap<ShapeId, u64> = BTreeMap::new();
        let mut wide_ahead = 0;
        let mut waiting = Vec::with_capacity(order.len());
        for (place, (_, id)) in order.iter().enumerate() {
            let Some((shape_id, shape)) = self.queue.shape_of(*id) else {
                continue;
            };
            let Some(state) = self.state.requests.get(id) else {
                continue;
            };
            let (position, of) = match overlaps.get(&shape_id) {
                Some(Overlaps { shapes, of }) => {
                    for other in shapes {
                        *ahead.entry(*other).or_default() += 1;
                    }
                    (ahead.get(&shape_id).copied().unwrap_or(1) + wide_ahead, *of + wide_total)
                }
                None => {
                    wide_ahead += 1;
                    (place as u64 + 1, order.len() as u64)
                }
            };
            waiting.push(WaitingRequest {
                id: *id,
                position,
                of,
                request: Arc::clone(&state.request),
                since: state.queued_at,
                candidates: Arc::clone(&shape.candidates),
            });
        }
        waiting
    }

    /// For each shape that somebody waits with, those that share a candidate with it, itself included;
    /// nothing for a wide one.
    fn overlaps(&self) -> BTreeMap<ShapeId, Overlaps> {
        let mut overlaps = BTreeMap::new();
        for (id, shape) in self.queue.waiting_shapes() {
            if let Some(shapes) = self.overlapping(shape) {
                overlaps.insert(id, Overlaps { shapes, of: 0 });
            }
        }
        let narrow: BTreeSet<ShapeId> = overlaps.keys().copied().collect();
        for entry in overlaps.values_mut() {
            entry.shapes.retain(|id| narrow.contains(id));
            let lengths = entry.shapes.iter().filter_map(|id| self.queue.shape(*id)).map(length);
            entry.of = lengths.sum();
        }
        overlaps
    }

    /// The shapes with waiters that share a candidate with `shape`, unless there are too many.
    fn overlapping(&self, shape: &Shape) -> Option<Vec<ShapeId>> {
        let waits = |id: &ShapeId| self.queue.shape(*id).is_some_and(|s| !s.waiting.is_empty());
        let mut found = BTreeSet::new();
        if shape.candidates.len() <= FEW_CANDIDATES {
            let nearby = shape.candidates.iter().flat_map(|index| self.queue.shapes_with(*index));
            for id in nearby.filter(waits) {
                found.insert(id);
                if found.len() > MAX_OVERLAPS {
                    return None;
                }
            }
        } else {
            let shares =
                |other: &Shape| shape.candidates.iter().any(|index| other.contains(*index));
            let sharing = self.queue.waiting_shapes().filter(|(_, other)| shares(other));
            found.extend(sharing.map(|(id, _)| id).take(MAX_OVERLAPS + 1));
        }
        (found.len() <= MAX_OVERLAPS).then(|| found.into_iter().collect())
    }
}

fn length(shape: &Shape) -> u64 {
    shape.waiting.len() as u64
}

/// The narrow shapes that a shape competes with, and how many requests wait with them.
struct Overlaps {
    shapes: Vec<ShapeId>,
    of: u64,
}
