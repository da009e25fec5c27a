//! The candidates of a request's requirements, as the assignment is given them.

use std::sync::Arc;

use crate::engine::age::Age;
use crate::engine::assign::Supply;
use crate::engine::candidates::{Asker, CandidateSets};
use crate::engine::occupancy::Occupancy;
use crate::engine::shape::Needs;
use crate::engine::stacks::StackIndex;
use crate::inventory::ResourceIndex;
use crate::request::Fence;

/// The members of the stack that a requirement is to be met from, if it has a label.
fn stack_members(
    needs: &Needs,
    chosen: &[StackIndex],
    occupancy: &Occupancy,
) -> Vec<Option<Arc<[ResourceIndex]>>> {
    let mut members = vec![None; needs.sets.len()];
    for (label, stack) in needs.labels.iter().zip(chosen) {
        for requirement in &label.requirements {
            members[*requirement] = Some(occupancy.stacks.members(*stack));
        }
    }
    members
}

/// What is available to a waiting request now.
pub(crate) struct Available<'e> {
    needs: &'e Needs,
    sets: &'e mut CandidateSets,
    occupancy: &'e Occupancy,
    asker: Asker<'e>,
    /// What is held back for the request itself and for those behind it, in order.
    kept: &'e [Age],
    stacks: Vec<Option<Arc<[ResourceIndex]>>>,
}

impl<'e> Available<'e> {
    pub(crate) fn new(
        needs: &'e Needs,
        sets: &'e mut CandidateSets,
        occupancy: &'e Occupancy,
        asker: Asker<'e>,
        kept: &'e [Age],
        chosen: &[StackIndex],
    ) -> Self {
        let stacks = stack_members(needs, chosen, occupancy);
        Self { needs, sets, occupancy, asker, kept, stacks }
    }

    fn may_have(&self, index: ResourceIndex) -> bool {
        self.occupancy.is_available(index, self.asker.party, self.asker.place)
    }
}

impl Supply for Available<'_> {
    fn next(&mut self, requirement: usize, after: Option<&Age>) -> Option<Age> {
        let set = self.needs.sets[requirement];
        let is_later = |age: &Age| after.is_none_or(|after| age > after);
        if let Some(members) = &self.stacks[requirement] {
            let suits =
                |index: &ResourceIndex| self.sets.contains(set, *index) && self.may_have(*index);
            let ages = members.iter().copied().filter(suits).map(|index| self.occupancy.age(index));
            return ages.filter(is_later).min();
        }
        let from = self.kept.partition_point(|age| !is_later(age));
        let suits = |age: &&Age| self.sets.contains(set, age.index()) && self.may_have(age.index());
        let kept = self.kept[from..].iter().find(suits).cloned();
        let open = self.sets.next_open(set, after, self.asker, self.occupancy);
        kept.into_iter().chain(open).min()
    }

    fn suits(&self, requirement: usize, index: ResourceIndex) -> bool {
        suits(self.needs, self.sets, &self.stacks, requirement, index)
    }
}

/// A few resources that are known to be available.
pub(crate) struct Few<'e> {
    pub(crate) needs: &'e Needs,
    pub(crate) sets: &'e CandidateSets,
    /// In order.
    pub(crate) ages: &'e [Age],
}

impl Supply for Few<'_> {
    fn next(&mut self, requirement: usize, after: Option<&Age>) -> Option<Age> {
        let from = self.ages.partition_point(|age| after.is_some_and(|after| age <= after));
        let suits = |age: &&Age| self.suits(requirement, age.index());
        self.ages[from..].iter().find(suits).cloned()
    }

    fn suits(&self, requirement: usize, index: ResourceIndex) -> bool {
        self.sets.contains(self.needs.sets[requirement], index)
    }
}

/// Every candidate, as if all were free: to find out what can never be.
pub(crate) struct Everything<'e> {
    needs: &'e Needs,
    sets: &'e CandidateSets,
    lists: Vec<Arc<[ResourceIndex]>>,
    stacks: Vec<Option<Arc<[ResourceIndex]>>>,
}

impl<'e> Everything<'e> {
    pub(crate) fn new(
        needs: &'e Needs,
        sets: &'e CandidateSets,
        occupancy: &Occupancy,
        chosen: &[StackIndex],
    ) -> Self {
        let stacks = stack_members(needs, chosen, occupancy);
        let list = |(set, stack): (&_, &Option<Arc<[_]>>)| {
            stack.clone().unwrap_or_else(|| sets.list(*set))
        };
        let lists = needs.sets.iter().zip(&stacks).map(list).collect();
        Self { needs, sets, lists, stacks }
    }
}

impl Supply for Everything<'_> {
    fn next(&mut self, requirement: usize, after: Option<&Age>) -> Option<Age> {
        let list = &self.lists[requirement];
        let from = list.partition_point(|index| after.is_some_and(|after| *index <= after.index()));
        let suits = |index: &&ResourceIndex| self.suits(requirement, **index);
        let found = list[from..].iter().find(suits)?;
        Some(Age::new(Fence::default(), None, *found))
    }

    fn suits(&self, requirement: usize, index: ResourceIndex) -> bool {
        suits(self.needs, self.sets, &self.stacks, requirement, index)
    }
}

fn suits(
    needs: &Needs,
    sets: &CandidateSets,
    stacks: &[Option<Arc<[ResourceIndex]>>],
    requirement: usize,
    index: ResourceIndex,
) -> bool {
    let in_stack =
        stacks[requirement].as_ref().is_none_or(|members| members.binary_search(&index).is_ok());
    in_stack && sets.contains(needs.sets[requirement], index)
}
