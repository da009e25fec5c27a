//! Waiting requests, grouped by what they ask for.
//!
//! Requests with equal requirements have the same [`Shape`]: the same candidates, and one queue. What a
//! decision costs depends on how many shapes there are, not on how many requests wait.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::engine::accounts::Account;
use crate::engine::shape::Shape;
use crate::inventory::ResourceIndex;
use crate::request::{Priority, Request, RequestId, Requirement};

/// The most shapes that are kept although nobody waits with them, and the most candidates that those
/// have in all.
const MAX_IDLE_SHAPES: usize = 1024;
const MAX_IDLE_CANDIDATES: usize = 1_000_000;

/// A shape with more candidates than this is *wide*: it is not listed under each of them.
const FEW_CANDIDATES: usize = 16;

/// The place of a waiting request: higher priority first, then arrival.
pub(crate) type Place = (Reverse<Priority>, RequestId);

/// The place that a request takes in the queue.
pub(crate) fn place_of(id: RequestId, request: &Request) -> Place {
    (Reverse(request.priority), id)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ShapeId(usize);

/// Where a waiting request stands.
#[derive(Debug)]
struct Standing {
    shape: ShapeId,
    account: Account,
    party: RequestId,
}

#[derive(Debug, Default)]
pub(crate) struct Queue {
    shapes: Vec<Option<Shape>>,
    vacant: Vec<ShapeId>,
    by_requirements: BTreeMap<Arc<[Requirement]>, ShapeId>,
    /// For each resource the shapes with few candidates that somebody waits with.
    narrow: BTreeMap<ResourceIndex, BTreeSet<ShapeId>>,
    /// The shapes with many candidates that somebody waits with.
    wide: BTreeSet<ShapeId>,
    standing: BTreeMap<RequestId, Standing>,
    by_party: BTreeMap<RequestId, BTreeSet<Place>>,
    by_account: BTreeMap<Account, BTreeSet<ShapeId>>,
    /// In the order in which nobody waits with them any more.
    idle: BTreeMap<u64, ShapeId>,
    idle_since: BTreeMap<ShapeId, u64>,
    idle_candidates: usize,
    last_idle: u64,
}

impl Queue {
    /// How many requests wait.
    pub(crate) fn len(&self) -> usize {
        self.standing.len()
    }

    pub(crate) fn find(&self, requirements: &[Requirement]) -> Option<ShapeId> {
        self.by_requirements.get(requirements).copied()
    }

    pub(crate) fn shape(&self, id: ShapeId) -> Option<&Shape> {
        self.shapes.get(id.0)?.as_ref()
    }

    pub(crate) fn shape_mut(&mut self, id: ShapeId) -> Option<&mut Shape> {
        self.shapes.get_mut(id.0)?.as_mut()
    }

    /// Every shape that somebody waits with.
    pub(crate) fn waiting_shapes(&self) -> impl Iterator<Item = (ShapeId, &Shape)> {
        let waits = |(number, shape): (usize, &'_ Option<Shape>)| {
            shape.as_ref().is_some_and(|shape| shape.len() > 0).then_some(ShapeId(number))
        };
        let ids = self.shapes.iter().enumerate().filter_map(waits);
        ids.filter_map(|id| Some((id, self.shape(id)?)))
    }

    /// The shape of a waiting request.
    pub(crate) fn shape_of(&self, id: RequestId) -> Option<ShapeId> {
        self.standing.get(&id).map(|standing| standing.shape)
    }

    /// The shape, the account and the party of a waiting request.
    pub(crate) fn standing(&self, id: RequestId) -> Option<(ShapeId, &Account, RequestId)> {
        let standing = self.standing.get(&id)?;
        Some((standing.shape, &standing.account, standing.party))
    }

    /// The shapes that somebody waits with and that a resource could serve.
    pub(crate) fn shapes_with(&self, index: ResourceIndex) -> impl Iterator<Item = ShapeId> {
        let narrow = self.narrow.get(&index).into_iter().flatten().copied();
        let suits = move |id: &ShapeId| self.shape(*id).is_some_and(|shape| shape.contains(index));
        narrow.chain(self.wide.iter().copied().filter(suits))
    }

    /// The waiting requests of a party.
    pub(crate) fn of_party(&self, party: RequestId) -> impl Iterator<Item = &Place> {
        self.by_party.get(&party).into_iter().flatten()
    }

    /// The shapes that requests of this account wait with.
    pub(crate) fn shapes_of(&self, account: &Account) -> Vec<ShapeId> {
        self.by_account.get(account).into_iter().flatten().copied().collect()
    }

    /// Adds a shape that is not there yet. The answer has those that were dropped for it.
    pub(crate) fn add_shape(&mut self, shape: Shape) -> (ShapeId, Vec<Shape>) {
        let id = self.vacant.pop().unwrap_or(ShapeId(self.shapes.len()));
        if id.0 == self.shapes.len() {
            self.shapes.push(None);
        }
        self.by_requirements.insert(Arc::clone(&shape.requirements), id);
        self.shapes[id.0] = Some(shape);
        (id, self.set_idle(id))
    }

    /// Adds a waiting request. True if it is the first of its account.
    pub(crate) fn insert(
        &mut self,
        shape: ShapeId,
        place: Place,
        account: Account,
        party: RequestId,
        is_over_limit: bool,
    ) -> bool {
        self.set_busy(shape);
        let Some(entry) = self.shape_mut(shape) else {
            return false;
        };
        let is_first_in_shape = entry.insert(&account, place, is_over_limit);
        let mut is_first = false;
        if is_first_in_shape {
            let shapes = self.by_account.entry(account.clone()).or_default();
            is_first = shapes.is_empty();
            shapes.insert(shape);
        }
        self.by_party.entry(party).or_default().insert(place);
        self.standing.insert(place.1, Standing { shape, account, party });
        is_first
    }

    /// Takes a waiting request out.
    pub(crate) fn remove(&mut self, place: &Place) -> Option<Removed> {
        let Standing { shape, account, party } = self.standing.remove(&place.1)?;
        if let Some(places) = self.by_party.get_mut(&party) {
            places.remove(place);
            if places.is_empty() {
                self.by_party.remove(&party);
            }
        }
        let entry = self.shapes.get_mut(shape.0)?.as_mut()?;
        let is_last_in_shape = entry.remove(&account, place);
        let is_empty = entry.len() == 0;
        let mut is_last = false;
        if is_last_in_shape && let Some(shapes) = self.by_account.get_mut(&account) {
            shapes.remove(&shape);
            is_last = shapes.is_empty();
            if is_last {
                self.by_account.remove(&account);
            }
        }
        let dropped = if is_empty { self.set_idle(shape) } else { Vec::new() };
        Some(Removed { last_of: is_last.then_some(account), dropped })
    }

    /// Keeps an idle shape for the next request like it, and drops older ones where that is too much.
    fn set_idle(&mut self, shape: ShapeId) -> Vec<Shape> {
        self.unlist(shape);
        self.last_idle += 1;
        self.idle.insert(self.last_idle, shape);
        self.idle_since.insert(shape, self.last_idle);
        self.idle_candidates += self.candidates_of(shape);
        let mut dropped = Vec::new();
        while self.idle.len() > MAX_IDLE_SHAPES || self.idle_candidates > MAX_IDLE_CANDIDATES {
            // Never the shape itself, which the caller is about to use.
            let Some((_, &oldest)) = self.idle.first_key_value().filter(|(_, id)| **id != shape)
            else {
                break;
            };
            dropped.extend(self.drop_idle(oldest));
        }
        dropped
    }

    /// Drops a shape that nobody waits with.
    pub(crate) fn drop_idle(&mut self, shape: ShapeId) -> Option<Shape> {
        let since = self.idle_since.remove(&shape)?;
        self.idle.remove(&since);
        self.idle_candidates -= self.candidates_of(shape);
        let gone = self.shapes.get_mut(shape.0)?.take()?;
        self.by_requirements.remove(&gone.requirements);
        self.vacant.push(shape);
        Some(gone)
    }

    /// A shape is no longer idle.
    fn set_busy(&mut self, shape: ShapeId) {
        let Some(since) = self.idle_since.remove(&shape) else {
            return;
        };
        self.idle.remove(&since);
        self.idle_candidates -= self.candidates_of(shape);
        let Some(candidates) = self.shape(shape).map(|shape| Arc::clone(&shape.candidates)) else {
            return;
        };
        if candidates.len() <= FEW_CANDIDATES {
            for index in candidates.iter() {
                self.narrow.entry(*index).or_default().insert(shape);
            }
        } else {
            self.wide.insert(shape);
        }
    }

    fn unlist(&mut self, shape: ShapeId) {
        if self.wide.remove(&shape) {
            return;
        }
        let Some(candidates) = self.shape(shape).map(|shape| Arc::clone(&shape.candidates)) else {
            return;
        };
        if candidates.len() > FEW_CANDIDATES {
            return;
        }
        for index in candidates.iter() {
            if let Some(shapes) = self.narrow.get_mut(index) {
                shapes.remove(&shape);
                if shapes.is_empty() {
                    self.narrow.remove(index);
                }
            }
        }
    }

    fn candidates_of(&self, shape: ShapeId) -> usize {
        self.shape(shape).map_or(0, |shape| shape.candidates.len())
    }
}

/// What follows from taking a waiting request out.
pub(crate) struct Removed {
    /// The account of which none waits any more.
    pub(crate) last_of: Option<Account>,
    /// Shapes that were dropped since nobody has waited with them for long.
    pub(crate) dropped: Vec<Shape>,
}
