//! The resources that could serve a requirement: found once for each distinct wish and inventory.
//!
//! A set of many candidates keeps those that are open in the order of their last use. It is brought up to
//! date when it is next looked at, from the list of what has become open since: a resource that is granted
//! or freed costs nothing for the sets that nobody asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use crate::engine::age::Age;
use crate::engine::occupancy::Occupancy;
use crate::engine::queue::Place;
use crate::inventory::ResourceIndex;
use crate::request::{RequestId, Wanted};

/// Up to so many candidates are looked at one by one.
const FEW: usize = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SetId(usize);

#[derive(Debug)]
struct CandidateSet {
    wanted: Wanted,
    /// Sorted.
    list: Arc<[ResourceIndex]>,
    members: Members,
    /// Where there are more than a few: those that may be open.
    order: Option<Order>,
    /// How many shapes use it.
    uses: usize,
}

/// Candidates in the order of last use. Every open one is in it once it is up to date; some that are not
/// open any more may be, too, and are dropped when they are met.
#[derive(Debug, Default)]
struct Order {
    by_age: BTreeSet<Age>,
    /// How many openings are in it; `None` before it was first filled.
    seen: Option<u64>,
}

/// For whom a candidate is looked for: which of the free resources are there for the taking.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'p> {
    pub(crate) party: RequestId,
    pub(crate) place: &'p Place,
}

/// All sets of candidates.
#[derive(Debug, Default)]
pub(crate) struct CandidateSets {
    sets: Vec<Option<CandidateSet>>,
    vacant: Vec<SetId>,
    by_wanted: BTreeMap<Wanted, SetId>,
}

impl CandidateSets {
    pub(crate) fn find(&self, wanted: &Wanted) -> Option<SetId> {
        self.by_wanted.get(wanted).copied()
    }

    /// Adds a set that is not there yet, and that nobody uses. `list` is sorted.
    pub(crate) fn add(&mut self, wanted: &Wanted, list: Vec<ResourceIndex>) -> SetId {
        let list: Arc<[ResourceIndex]> = list.into();
        let members = Members::of(&list);
        let order = (list.len() > FEW).then(Order::default);
        let wanted = wanted.clone();
        let id = self.vacant.pop().unwrap_or(SetId(self.sets.len()));
        if id.0 == self.sets.len() {
            self.sets.push(None);
        }
        self.by_wanted.insert(wanted.clone(), id);
        self.sets[id.0] = Some(CandidateSet { wanted, list, members, order, uses: 0 });
        id
    }

    /// One use more.
    pub(crate) fn acquire(&mut self, id: SetId) {
        if let Some(set) = self.sets[id.0].as_mut() {
            set.uses += 1;
        }
    }

    /// One use less. The answer is what was in the set, if it is gone now.
    pub(crate) fn release(&mut self, id: SetId) -> Option<Arc<[ResourceIndex]>> {
        let set = self.sets[id.0].as_mut()?;
        set.uses = set.uses.saturating_sub(1);
        if set.uses > 0 {
            return None;
        }
        let gone = self.sets[id.0].take()?;
        self.by_wanted.remove(&gone.wanted);
        self.vacant.push(id);
        Some(gone.list)
    }

    /// The members, sorted.
    pub(crate) fn list(&self, id: SetId) -> Arc<[ResourceIndex]> {
        self.sets[id.0].as_ref().map_or_else(|| Arc::from([]), |set| Arc::clone(&set.list))
    }

    pub(crate) fn contains(&self, id: SetId, index: ResourceIndex) -> bool {
        self.sets[id.0].as_ref().is_some_and(|set| set.members.contains(index))
    }

    /// The open candidate that `asker` may have and that was used least recently, of those that were used
    /// after `after`.
    pub(crate) fn next_open(
        &mut self,
        id: SetId,
        after: Option<&Age>,
        asker: Asker<'_>,
        occupancy: &Occupancy,
    ) -> Option<Age> {
        let set = self.sets[id.0].as_mut()?;
        let may_have = |index: ResourceIndex| {
            occupancy.is_open(index) && occupancy.stacks.allow(index, asker.party, asker.place)
        };
        match &mut set.order {
            None => {
                let open = set.list.iter().copied().filter(|index| may_have(*index));
                let ages = open.map(|index| occupancy.age(index));
                ages.filter(|age| after.is_none_or(|after| age > after)).min()
            }
            Some(order) => {
                order.catch_up(&set.list, &set.members, occupancy);
                order.next(after, may_have, occupancy)
            }
        }
    }
}

/// Some resources, so that it is quickly known whether one is among them.
#[derive(Debug)]
pub(crate) enum Members {
    /// A few, sorted.
    Few(Arc<[ResourceIndex]>),
    /// A bit for each that there could be.
    Many(Vec<u64>),
}

impl Members {
    /// Those in `list`, which is sorted.
    pub(crate) fn of(list: &Arc<[ResourceIndex]>) -> Self {
        if list.len() <= FEW {
            return Self::Few(Arc::clone(list));
        }
        let mut words = vec![0u64; list.last().map_or(0, |last| last.as_usize() / 64 + 1)];
        for index in list.iter() {
            words[index.as_usize() / 64] |= 1 << (index.0 % 64);
        }
        Self::Many(words)
    }

    pub(crate) fn contains(&self, index: ResourceIndex) -> bool {
        match self {
            Self::Few(list) => list.binary_search(&index).is_ok(),
            Self::Many(words) => {
                let word = words.get(index.as_usize() / 64).copied().unwrap_or_default();
                word >> (index.0 % 64) & 1 == 1
            }
        }
    }
}

impl Order {
    fn catch_up(&mut self, list: &[ResourceIndex], members: &Members, occupancy: &Occupancy) {
        let openings = occupancy.openings();
        let is_open = |index: &ResourceIndex| occupancy.is_open(*index);
        let age = |index: ResourceIndex| occupancy.age(index);
        // What is stale is dropped only when it is met, so there must not be too much of it.
        let is_bloated = self.by_age.len() > 2 * list.len();
        match self.seen.filter(|_| !is_bloated).and_then(|seen| openings.since(seen)) {
            Some(since) => {
                let new = since.filter(|index| members.contains(*index)).filter(is_open);
                self.by_age.extend(new.map(age));
            }
            None => self.by_age = list.iter().copied().filter(is_open).map(age).collect(),
        }
        self.seen = Some(openings.count());
    }

    fn next(
        &mut self,
        after: Option<&Age>,
        may_have: impl Fn(ResourceIndex) -> bool,
        occupancy: &Occupancy,
    ) -> Option<Age> {
        let mut stale = Vec::new();
        let after = after.map_or(Bound::Unbounded, Bound::Excluded);
        let found = self.by_age.range((after, Bound::Unbounded)).find(|age| {
            let index = age.index();
            let is_stale = !occupancy.is_open(index) || occupancy.age(index) != **age;
            if is_stale {
                stale.push((*age).clone());
            }
            !is_stale && may_have(index)
        });
        let found = found.cloned();
        for age in &stale {
            self.by_age.remove(age);
        }
        found
    }
}
