//! Resources that are wired together: who has each stack, so that none is split between clients.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::engine::queue::Place;
use crate::inventory::{Inventory, ResourceIndex};
use crate::request::RequestId;

/// The place of a stack in the inventory's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StackIndex(u32);

#[derive(Debug)]
struct Stack {
    members: Arc<[ResourceIndex]>,
    /// How many members each party holds.
    held: BTreeMap<RequestId, usize>,
    /// How many members are held back for each waiting request, and its party.
    kept: BTreeMap<Place, (RequestId, usize)>,
}

/// The stacks of a pool, and whose they are.
#[derive(Debug, Default)]
pub(crate) struct Stacks {
    stacks: Vec<Stack>,
    /// The stacks that each resource is in, parallel to the inventory; empty if there are no stacks.
    of: Vec<Vec<StackIndex>>,
    /// Everyone who holds a member of a stack, or for whom one is held back, and how many times so.
    owners: BTreeMap<RequestId, usize>,
}

impl Stacks {
    /// The stacks of an inventory, with nothing held.
    pub(crate) fn of(inventory: &Inventory) -> Self {
        if inventory.stacks().is_empty() {
            return Self::default();
        }
        let mut of = vec![Vec::new(); inventory.len()];
        let mut stacks = Vec::with_capacity(inventory.stacks().len());
        for (number, crate::inventory::Stack(names)) in (0u32..).zip(inventory.stacks()) {
            let find = |name: &crate::Name| inventory.index_of(name.as_str());
            let mut members: Vec<ResourceIndex> = names.iter().filter_map(find).collect();
            members.sort_unstable();
            for index in &members {
                of[index.as_usize()].push(StackIndex(number));
            }
            let (held, kept) = (BTreeMap::new(), BTreeMap::new());
            stacks.push(Stack { members: members.into(), held, kept });
        }
        Self { stacks, of, owners: BTreeMap::new() }
    }

    /// Whether there is any.
    pub(crate) fn is_empty(&self) -> bool {
        self.stacks.is_empty()
    }

    /// Every stack.
    pub(crate) fn all(&self) -> impl Iterator<Item = StackIndex> + use<> {
        // An inventory has at most 10,000 stacks.
        (0..u32::try_from(self.stacks.len()).unwrap_or(u32::MAX)).map(StackIndex)
    }

    /// The stacks that a resource is in.
    pub(crate) fn with(&self, index: ResourceIndex) -> &[StackIndex] {
        self.of.get(index.as_usize()).map_or(&[], Vec::as_slice)
    }

    /// The members of a stack, in order.
    pub(crate) fn members(&self, stack: StackIndex) -> Arc<[ResourceIndex]> {
        self.at(stack).map_or_else(|| Arc::from([]), |stack| Arc::clone(&stack.members))
    }

    /// The resources that share a stack with this one, itself included.
    pub(crate) fn mates(&self, index: ResourceIndex) -> Vec<ResourceIndex> {
        let stacks = self.with(index).iter().filter_map(|stack| self.at(*stack));
        let mut mates: Vec<ResourceIndex> =
            stacks.flat_map(|stack| stack.members.iter().copied()).collect();
        mates.sort_unstable();
        mates.dedup();
        mates
    }

    /// Whether `party` may have a resource at `place`: nobody else has a stack-mate of it, and none is held
    /// back for somebody else who goes first.
    pub(crate) fn allow(&self, index: ResourceIndex, party: RequestId, place: &Place) -> bool {
        self.with(index).iter().filter_map(|stack| self.at(*stack)).all(|stack| {
            stack.held.keys().all(|holder| *holder == party)
                && stack.kept.range(..place).all(|(_, (keeper, _))| *keeper == party)
        })
    }

    /// Everyone who has something of a stack, and how many times so.
    pub(crate) fn owners(&self) -> &BTreeMap<RequestId, usize> {
        &self.owners
    }

    /// Whether a party has something of the stacks that a resource is in.
    pub(crate) fn has_mates(&self, index: ResourceIndex, party: RequestId) -> bool {
        self.with(index).iter().filter_map(|stack| self.at(*stack)).any(|stack| {
            stack.held.contains_key(&party)
                || stack.kept.values().any(|(keeper, _)| *keeper == party)
        })
    }

    /// The one whose collateral a free resource is.
    pub(crate) fn holder_of_mates(&self, index: ResourceIndex) -> Option<RequestId> {
        let stacks = self.with(index).iter().filter_map(|stack| self.at(*stack));
        stacks.flat_map(|stack| stack.held.keys()).copied().next()
    }

    /// The first in line of those for whom stack-mates of a resource are held back.
    pub(crate) fn keeper_of_mates(&self, index: ResourceIndex) -> Option<Place> {
        let stacks = self.with(index).iter().filter_map(|stack| self.at(*stack));
        stacks.filter_map(|stack| stack.kept.keys().next().copied()).min()
    }

    /// The waiting requests behind `place` for which stack-mates of a resource are held back, other than
    /// those of `party`.
    pub(crate) fn rivals(
        &self,
        index: ResourceIndex,
        party: RequestId,
        place: &Place,
    ) -> Vec<Place> {
        let behind = (Bound::Excluded(place), Bound::Unbounded);
        let stacks = self.with(index).iter().filter_map(|stack| self.at(*stack));
        stacks
            .flat_map(|stack| stack.kept.range::<Place, _>(behind))
            .filter(|(_, (keeper, _))| *keeper != party)
            .map(|(place, _)| *place)
            .collect()
    }

    /// `party` has a resource now.
    pub(crate) fn hold(&mut self, index: ResourceIndex, party: RequestId) {
        self.each(index, |stack, owners| {
            *stack.held.entry(party).or_default() += 1;
            *owners.entry(party).or_default() += 1;
        });
    }

    /// `party` has a resource no longer.
    pub(crate) fn let_go(&mut self, index: ResourceIndex, party: RequestId) {
        self.each(index, |stack, owners| {
            count_down(&mut stack.held, &party, |count| count);
            count_down(owners, &party, |count| count);
        });
    }

    /// A resource is held back for a request of `party`.
    pub(crate) fn keep(&mut self, index: ResourceIndex, place: Place, party: RequestId) {
        self.each(index, |stack, owners| {
            stack.kept.entry(place).or_insert((party, 0)).1 += 1;
            *owners.entry(party).or_default() += 1;
        });
    }

    /// A resource is no longer held back for the request at `place`.
    pub(crate) fn give_up(&mut self, index: ResourceIndex, place: &Place) {
        self.each(index, |stack, owners| {
            if let Some((party, _)) = stack.kept.get(place).copied() {
                count_down(&mut stack.kept, place, |(_, count)| count);
                count_down(owners, &party, |count| count);
            }
        });
    }

    fn at(&self, stack: StackIndex) -> Option<&Stack> {
        self.stacks.get(stack.0 as usize)
    }

    /// Changes every stack that a resource is in.
    fn each(
        &mut self,
        index: ResourceIndex,
        mut change: impl FnMut(&mut Stack, &mut BTreeMap<RequestId, usize>),
    ) {
        let Some(stacks) = self.of.get(index.as_usize()) else {
            return;
        };
        for stack in stacks {
            if let Some(stack) = self.stacks.get_mut(stack.0 as usize) {
                change(stack, &mut self.owners);
            }
        }
    }
}

/// One less of `key`, which goes when there is none left.
fn count_down<K: Ord, V>(counts: &mut BTreeMap<K, V>, key: &K, count: fn(&mut V) -> &mut usize) {
    if let Some(value) = counts.get_mut(key) {
        let count = count(value);
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}
