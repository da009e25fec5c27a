//! The places of waiting requests among those that they compete with.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::queue::{ShapeId, place_of};
use crate::engine::shape::Shape;
use crate::inventory::ResourceIndex;
use crate::request::{Request, RequestId};
use crate::snapshot::WaitingRequest;

/// A shape that shares candidates with more others than this is *wide*: it is taken to compete with every
/// shape. Positions may then count a few requests too many, never one too few.
const MAX_OVERLAPS: usize = 128;

/// Up to this many candidates, a shape's neighbours are found by way of its candidates.
const FEW_CANDIDATES: usize = 64;

impl Engine {
    /// The waiting requests in order, each with its position among those that it competes with.
    pub(super) fn waiting(&self) -> Vec<WaitingRequest> {
        let overlaps = self.overlaps();
        let wide = |(id, _): &(ShapeId, &Shape)| !overlaps.contains_key(id);
        let wide_total: u64 =
            self.queue.waiting_shapes().filter(wide).map(|(_, shape)| length(shape)).sum();
        let mut order: Vec<_> =
            self.queue.waiting_shapes().flat_map(|(_, shape)| shape.places()).collect();
        order.sort_unstable();
        let mut ahead: BTreeMap<ShapeId, u64> = BTreeMap::new();
        let mut wide_ahead = 0;
        let mut waiting = Vec::with_capacity(order.len());
        for (place, (_, id)) in order.iter().enumerate() {
            let Some((shape_id, account, _)) = self.queue.standing(*id) else {
                continue;
            };
            let Some(shape) = self.queue.shape(shape_id) else {
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
                held_back: self.held_back(id, &state.request),
                limit: self
                    .accounts
                    .exceeded(account, shape.needs.requested())
                    .map(|limit| limit.explanation()),
            });
        }
        waiting
    }

    /// What is held back for a waiting request.
    fn held_back(&self, id: &RequestId, request: &Request) -> Vec<ResourceIndex> {
        let mut kept = self.occupancy.kept(&place_of(*id, request)).to_vec();
        kept.sort_unstable();
        kept
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
        let mut found = BTreeSet::new();
        if shape.candidates.len() <= FEW_CANDIDATES {
            let nearby = shape.candidates.iter().flat_map(|index| self.queue.shapes_with(*index));
            for id in nearby {
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
    shape.len() as u64
}

/// The narrow shapes that a shape competes with, and how many requests wait with them.
struct Overlaps {
    shapes: Vec<ShapeId>,
    of: u64,
}
