//! What requests have in common that ask for the same.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use crate::engine::accounts::Account;
use crate::engine::candidates::{Members, SetId};
use crate::engine::queue::Place;
use crate::engine::stacks::StackIndex;
use crate::inventory::ResourceIndex;
use crate::request::Requirement;

/// What some requests ask for, which resources could serve it, and which of them wait.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) requirements: Arc<[Requirement]>,
    pub(crate) needs: Arc<Needs>,
    /// Every resource that could serve any of its requirements, sorted.
    pub(crate) candidates: Arc<[ResourceIndex]>,
    /// The same: a bit per resource.
    members: Members,
    waiting: BTreeMap<Account, AccountQueue>,
    /// How many wait.
    length: usize,
    /// The first in line of each account that is within its limits.
    heads: BTreeSet<Place>,
    /// The first of each such account for which something may be held back, but nothing is.
    hungry_heads: BTreeSet<Place>,
    /// Those for which something is held back.
    keepers: BTreeSet<Place>,
}

/// What a request of this shape needs, as the allocation sees it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Needs {
    /// The candidates of each requirement.
    pub(crate) sets: Vec<SetId>,
    /// How many each requirement asks for.
    pub(crate) counts: Vec<usize>,
    /// For each label of a stack what is to come from it.
    pub(crate) labels: Vec<LabelNeeds>,
}

/// What is to come from one stack.
#[derive(Debug, Clone)]
pub(crate) struct LabelNeeds {
    /// The requirements with this label.
    pub(crate) requirements: Vec<usize>,
    /// The same requirements by themselves.
    pub(crate) alone: Arc<Needs>,
    /// The stacks from which they could all be met, the smallest first.
    pub(crate) options: Arc<[StackIndex]>,
}

impl Needs {
    /// Requirements that are all to be met from one stack.
    pub(crate) fn from_one_stack(sets: Vec<SetId>, counts: Vec<usize>) -> Self {
        let requirements = (0..sets.len()).collect();
        let (alone, options) = (Arc::default(), Arc::from([]));
        Self { sets, counts, labels: vec![LabelNeeds { requirements, alone, options }] }
    }

    /// One resource, from wherever.
    pub(crate) fn is_single(&self) -> bool {
        self.counts == [1] && self.labels.is_empty()
    }

    /// Whether a part of it can be held back while the rest is missing.
    pub(crate) fn can_be_partial(&self) -> bool {
        self.requested() > 1
    }

    /// How many resources in all.
    pub(crate) fn requested(&self) -> usize {
        self.counts.iter().sum()
    }
}

/// The waiting requests of one shape and one account.
#[derive(Debug, Default)]
struct AccountQueue {
    all: BTreeSet<Place>,
    /// Those for which something may be held back, but nothing is.
    hungry: BTreeSet<Place>,
    /// Those for which something is held back.
    keepers: BTreeSet<Place>,
    is_over_limit: bool,
}

impl Shape {
    pub(crate) fn new(
        requirements: Arc<[Requirement]>,
        needs: Needs,
        candidates: Arc<[ResourceIndex]>,
    ) -> Self {
        Self {
            requirements,
            needs: Arc::new(needs),
            members: Members::of(&candidates),
            candidates,
            waiting: BTreeMap::new(),
            length: 0,
            heads: BTreeSet::new(),
            hungry_heads: BTreeSet::new(),
            keepers: BTreeSet::new(),
        }
    }

    /// Whether a resource could serve any of its requirements.
    pub(crate) fn contains(&self, index: ResourceIndex) -> bool {
        self.members.contains(index)
    }

    /// How many requests wait.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Every waiting request, account by account.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        self.waiting.values().flat_map(|queue| &queue.all)
    }

    /// Adds a waiting request. True if it is the first of its account here.
    pub(crate) fn insert(&mut self, account: &Account, place: Place, is_over_limit: bool) -> bool {
        let is_first = !self.waiting.contains_key(account);
        if is_first {
            let queue = AccountQueue { is_over_limit, ..AccountQueue::default() };
            self.waiting.insert(account.clone(), queue);
        }
        self.length += 1;
        self.change(account, |queue| {
            queue.all.insert(place);
        });
        is_first
    }

    /// Takes a waiting request out. True if it was the last of its account here.
    pub(crate) fn remove(&mut self, account: &Account, place: &Place) -> bool {
        self.keepers.remove(place);
        self.length -= 1;
        self.change(account, |queue| {
            queue.all.remove(place);
            queue.hungry.remove(place);
            queue.keepers.remove(place);
        });
        let is_last = self.waiting.get(account).is_some_and(|queue| queue.all.is_empty());
        if is_last {
            self.waiting.remove(account);
        }
        is_last
    }

    /// Something may be held back for a request from now on.
    pub(crate) fn set_hungry(&mut self, account: &Account, place: Place) {
        self.change(account, |queue| {
            if queue.all.contains(&place) && !queue.keepers.contains(&place) {
                queue.hungry.insert(place);
            }
        });
    }

    /// Whether something may be held back for a request.
    pub(crate) fn may_keep(&self, account: &Account, place: &Place) -> bool {
        self.waiting
            .get(account)
            .is_some_and(|queue| queue.hungry.contains(place) || queue.keepers.contains(place))
    }

    /// Whether something is held back for a request that may have something held back.
    pub(crate) fn set_keeper(&mut self, account: &Account, place: Place, keeps: bool) {
        if keeps {
            self.keepers.insert(place);
        } else {
            self.keepers.remove(&place);
        }
        self.change(account, |queue| {
            let (from, to) = match keeps {
                true => (&mut queue.hungry, &mut queue.keepers),
                false => (&mut queue.keepers, &mut queue.hungry),
            };
            if from.remove(&place) {
                to.insert(place);
            }
        });
    }

    /// Whether an account is over its limits. The answer says if that is new.
    pub(crate) fn set_over_limit(&mut self, account: &Account, is_over_limit: bool) -> bool {
        let before = self.waiting.get(account).map(|queue| queue.is_over_limit);
        self.change(account, |queue| queue.is_over_limit = is_over_limit);
        before.is_some_and(|before| before != is_over_limit)
    }

    /// Those of an account whose turn it is when its limits have changed: the first in line, the first for
    /// which something may be held back, and those for which something is.
    pub(crate) fn turns_of(&self, account: &Account) -> Vec<Place> {
        let Some(queue) = self.waiting.get(account) else {
            return Vec::new();
        };
        let firsts = queue.all.first().into_iter().chain(queue.hungry.first());
        firsts.chain(&queue.keepers).copied().collect()
    }

    /// The same of every account.
    pub(crate) fn turns(&self) -> Vec<Place> {
        self.waiting.keys().flat_map(|account| self.turns_of(account)).collect()
    }

    /// Those of an account that come next behind `place`: in line, and of those for which something may be
    /// held back.
    pub(crate) fn next_of(&self, account: &Account, place: &Place) -> [Option<Place>; 2] {
        let Some(queue) = self.waiting.get(account) else {
            return [None; 2];
        };
        [first_behind(&queue.all, Some(place)), first_behind(&queue.hungry, Some(place))]
    }

    /// The first in line behind `place`.
    pub(crate) fn head_behind(&self, place: Option<&Place>) -> Option<Place> {
        first_behind(&self.heads, place)
    }

    /// Behind `place`: the next for which something is held back, and the next for which something may be.
    pub(crate) fn keepers_behind(&self, place: Option<&Place>) -> [Option<Place>; 2] {
        [first_behind(&self.keepers, place), first_behind(&self.hungry_heads, place)]
    }

    /// Changes the queue of an account, and the heads with it.
    fn change(&mut self, account: &Account, change: impl FnOnce(&mut AccountQueue)) {
        let Some(queue) = self.waiting.get_mut(account) else {
            return;
        };
        let before = queue.heads();
        change(queue);
        let after = queue.heads();
        for (heads, before, after) in
            [(&mut self.heads, before.0, after.0), (&mut self.hungry_heads, before.1, after.1)]
        {
            if before != after {
                before.map(|before| heads.remove(&before));
                heads.extend(after);
            }
        }
    }
}

fn first_behind(places: &BTreeSet<Place>, place: Option<&Place>) -> Option<Place> {
    let behind = place.map_or(Bound::Unbounded, Bound::Excluded);
    places.range::<Place, _>((behind, Bound::Unbounded)).next().copied()
}

impl AccountQueue {
    /// The first in line, and the first for which something may be held back, where the limits allow it.
    fn heads(&self) -> (Option<Place>, Option<Place>) {
        if self.is_over_limit {
            return (None, None);
        }
        (self.all.first().copied(), self.hungry.first().copied())
    }
}
