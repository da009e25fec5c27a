//! Which waiting requests have to be looked at again, and how closely.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::queue::Place;
use crate::inventory::ResourceIndex;

/// What a waiting request may be given that it was not before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Look {
    /// Only what has become available in this pass: all else has been looked at.
    WhatOpened,
    /// Anything.
    Everything,
    /// Anything, and so may the next in line of its account, once this one has been served.
    EverythingInTurn,
}

/// One pass over the waiting requests in their order, as far as it concerns them.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    visits: BTreeMap<Place, Look>,
    /// For the next pass: those whose turn is over.
    again: BTreeMap<Place, Look>,
    /// What has become available and has not been taken by those whose turn is over.
    opened: BTreeSet<ResourceIndex>,
    /// Whose turn it is.
    at: Option<Place>,
}

impl Sweep {
    /// Whose turn it is; `None` before the first.
    pub(crate) fn at(&self) -> Option<&Place> {
        self.at.as_ref()
    }

    /// What has become available in this pass and is still there.
    pub(crate) fn opened(&self) -> impl Iterator<Item = &ResourceIndex> {
        self.opened.iter()
    }

    /// How many there are.
    pub(crate) fn opened_count(&self) -> usize {
        self.opened.len()
    }

    pub(crate) fn open(&mut self, index: ResourceIndex) {
        self.opened.insert(index);
    }

    pub(crate) fn take(&mut self, index: ResourceIndex) {
        self.opened.remove(&index);
    }

    /// A request is to be looked at: in this pass, if its turn is still to come.
    pub(crate) fn visit(&mut self, place: Place, look: Look) {
        let is_to_come = self.at.is_none_or(|at| place > at);
        // In the next pass nothing is known of what has opened in this one.
        let look = if is_to_come { look } else { look.max(Look::Everything) };
        let visits = if is_to_come { &mut self.visits } else { &mut self.again };
        let known = visits.entry(place).or_insert(look);
        *known = look.max(*known);
    }

    /// The next turn; `None` if the pass is over and no other is needed.
    pub(crate) fn next(&mut self) -> Option<(Place, Look)> {
        if self.visits.is_empty() {
            self.at = None;
            self.opened.clear();
            self.visits = std::mem::take(&mut self.again);
        }
        let next = self.visits.pop_first();
        if let Some((place, _)) = &next {
            self.at = Some(*place);
        }
        next
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}
