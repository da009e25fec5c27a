//! Which resources are free, who holds the others, and what is held back for whom. Derived from the
//! durable state.

use std::collections::{BTreeMap, VecDeque};

use crate::engine::age::Age;
use crate::engine::outsiders::Outsiders;
use crate::engine::queue::Place;
use crate::engine::stacks::Stacks;
use crate::engine::state::State;
use crate::inventory::ResourceIndex;
use crate::names::Name;
use crate::request::{Fence, RequestId};

/// At least so many of the latest openings are remembered.
const MIN_OPENINGS: usize = 4096;

/// What is known of one resource.
#[derive(Debug, Clone, Default)]
struct Entry {
    holder: Option<RequestId>,
    /// The fence of the last grant, 0 if there was none.
    last_used: Fence,
    /// The waiting request that it is held back for.
    kept_for: Option<Place>,
}

/// The holder of each resource, and what is held back.
///
/// A resource is *open* if it is neither held nor held back.
#[derive(Debug, Default)]
pub(crate) struct Occupancy {
    /// Those of the inventory, and the outsiders behind them.
    entries: Vec<Entry>,
    inventory: usize,
    pub(crate) outsiders: Outsiders,
    pub(crate) stacks: Stacks,
    /// What is held back for each waiting request; never nothing.
    kept: BTreeMap<Place, Vec<ResourceIndex>>,
    openings: Openings,
}

/// Which resources have become open, the latest last.
#[derive(Debug, Default)]
pub(crate) struct Openings {
    /// How many have been forgotten.
    forgotten: u64,
    latest: VecDeque<ResourceIndex>,
    most: usize,
}

impl Openings {
    fn add(&mut self, index: ResourceIndex) {
        if self.latest.len() >= self.most {
            self.latest.pop_front();
            self.forgotten += 1;
        }
        self.latest.push_back(index);
    }

    /// How many there have been.
    pub(crate) fn count(&self) -> u64 {
        self.forgotten + self.latest.len() as u64
    }

    /// Those after the first `seen`; `None` if some of them are forgotten.
    pub(crate) fn since(&self, seen: u64) -> Option<impl Iterator<Item = ResourceIndex>> {
        let from = usize::try_from(seen.checked_sub(self.forgotten)?).ok()?;
        Some(self.latest.range(from.min(self.latest.len())..).copied())
    }
}

impl Occupancy {
    /// Reads the state anew, as after a change of inventory. Nothing is held back.
    pub(crate) fn of(state: &State) -> Self {
        let inventory = &state.inventory;
        let last_use = |resource: &std::sync::Arc<crate::Resource>| Entry {
            last_used: state.last_used.of(&resource.name).unwrap_or_default(),
            ..Entry::default()
        };
        let mut occupancy = Self {
            entries: inventory.resources().iter().map(last_use).collect(),
            inventory: inventory.len(),
            outsiders: Outsiders::behind(inventory.len()),
            stacks: Stacks::of(inventory),
            kept: BTreeMap::new(),
            openings: Openings {
                most: MIN_OPENINGS.max(2 * inventory.len()),
                ..Openings::default()
            },
        };
        for (id, request) in &state.requests {
            for name in request.grant.iter().flat_map(crate::Grant::names) {
                let index = match inventory.index_of(name.as_str()) {
                    Some(index) => index,
                    None => occupancy.admit(name),
                };
                let last_used = state.last_used.of(name).unwrap_or_default();
                occupancy.take(index, *id, request.party, last_used);
            }
        }
        occupancy
    }

    /// Whether a resource is in the inventory.
    pub(crate) fn is_inside(&self, index: ResourceIndex) -> bool {
        index.as_usize() < self.inventory
    }

    /// One more use of a name that is not in the inventory.
    pub(crate) fn admit(&mut self, name: &Name) -> ResourceIndex {
        let index = self.outsiders.acquire(name);
        if self.entries.len() <= index.as_usize() {
            self.entries.resize(index.as_usize() + 1, Entry::default());
        }
        index
    }

    /// One use less.
    pub(crate) fn dismiss(&mut self, index: ResourceIndex) {
        if self.outsiders.release(index) {
            self.entries[index.as_usize()] = Entry::default();
        }
    }

    pub(crate) fn is_held(&self, index: ResourceIndex) -> bool {
        self.holder(index).is_some()
    }

    /// Neither held nor held back.
    pub(crate) fn is_open(&self, index: ResourceIndex) -> bool {
        let entry = self.entries.get(index.as_usize());
        entry.is_some_and(|entry| entry.holder.is_none() && entry.kept_for.is_none())
    }

    /// Open, and so are its stack-mates.
    pub(crate) fn is_free_for_all(&self, index: ResourceIndex) -> bool {
        self.is_open(index)
            && self.stacks.holder_of_mates(index).is_none()
            && self.stacks.keeper_of_mates(index).is_none()
    }

    pub(crate) fn holder(&self, index: ResourceIndex) -> Option<RequestId> {
        self.entries.get(index.as_usize())?.holder
    }

    /// The waiting request that a resource is held back for.
    pub(crate) fn kept_for(&self, index: ResourceIndex) -> Option<Place> {
        self.entries.get(index.as_usize())?.kept_for
    }

    /// What is held back for a waiting request.
    pub(crate) fn kept(&self, place: &Place) -> &[ResourceIndex] {
        self.kept.get(place).map_or(&[], Vec::as_slice)
    }

    /// What is held back for a request at this place, and for those behind it.
    pub(crate) fn kept_from(&self, place: &Place) -> impl Iterator<Item = ResourceIndex> {
        self.kept.range(place..).flat_map(|(_, kept)| kept.iter().copied())
    }

    /// Whether a request of `party` at `place` may be given a resource now.
    pub(crate) fn is_available(
        &self,
        index: ResourceIndex,
        party: RequestId,
        place: &Place,
    ) -> bool {
        let Some(entry) = self.entries.get(index.as_usize()) else {
            return false;
        };
        entry.holder.is_none()
            && entry.kept_for.as_ref().is_none_or(|keeper| keeper >= place)
            && self.stacks.allow(index, party, place)
    }

    /// The place of a resource in the order of last use.
    pub(crate) fn age(&self, index: ResourceIndex) -> Age {
        let fence = self.entries.get(index.as_usize()).map(|entry| entry.last_used);
        let outside =
            if self.is_inside(index) { None } else { self.outsiders.name(index).cloned() };
        Age::new(fence.unwrap_or_default(), outside, index)
    }

    pub(crate) fn openings(&self) -> &Openings {
        &self.openings
    }

    /// A resource is granted that is not held, nor held back.
    pub(crate) fn take(
        &mut self,
        index: ResourceIndex,
        id: RequestId,
        party: RequestId,
        fence: Fence,
    ) {
        if let Some(entry) = self.entries.get_mut(index.as_usize()) {
            entry.holder = Some(id);
            entry.last_used = fence;
            self.stacks.hold(index, party);
        }
    }

    /// A resource that `id` held is given back.
    pub(crate) fn give_back(&mut self, index: ResourceIndex, id: RequestId, party: RequestId) {
        if self.holder(index) != Some(id) {
            return;
        }
        self.stacks.let_go(index, party);
        let is_outside = !self.is_inside(index);
        let entry = &mut self.entries[index.as_usize()];
        entry.holder = None;
        if is_outside {
            // Nothing is remembered of it but that others ask for it.
            entry.last_used = Fence::default();
            self.dismiss(index);
        }
        self.openings.add(index);
    }

    /// Holds a free resource back for a waiting request. It must not be held back for another.
    pub(crate) fn keep(&mut self, index: ResourceIndex, place: Place, party: RequestId) {
        if let Some(entry) = self.entries.get_mut(index.as_usize()) {
            entry.kept_for = Some(place);
            self.kept.entry(place).or_default().push(index);
            self.stacks.keep(index, place, party);
        }
    }

    /// Holds a resource back no longer. The answer is for whom it was.
    pub(crate) fn give_up(&mut self, index: ResourceIndex) -> Option<Place> {
        let place = self.entries.get_mut(index.as_usize())?.kept_for.take()?;
        if let Some(kept) = self.kept.get_mut(&place) {
            kept.retain(|other| *other != index);
            if kept.is_empty() {
                self.kept.remove(&place);
            }
        }
        self.stacks.give_up(index, &place);
        self.openings.add(index);
        Some(place)
    }
}
