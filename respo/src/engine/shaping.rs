//! Shapes: made for requests of a kind that has not been seen, and forgotten when they are of no more use.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::assign::{Assignment, best};
use crate::engine::candidates::SetId;
use crate::engine::choice::{Options, are_too_many, choices};
use crate::engine::queue::ShapeId;
use crate::engine::shape::{LabelNeeds, Needs, Shape};
use crate::engine::stacks::StackIndex;
use crate::engine::supply::Everything;
use crate::inventory::ResourceIndex;
use crate::refusal::{Refusal, UnmatchedPart};
use crate::request::{Requirement, Wanted};

/// The most keys outside of the inventory that may be asked for or held at a time in one pool.
const MAX_OUTSIDERS: usize = 100_000;

impl Engine {
    /// The shape of a request, with its candidates.
    pub(super) fn shape_for(&mut self, requirements: &[Requirement]) -> Result<ShapeId, Refusal> {
        if let Some(shape) = self.queue.find(requirements) {
            return Ok(shape);
        }
        if let Some(parts) = self.impossible.get(requirements) {
            return Err(Refusal::NoSuch { parts: parts.clone() });
        }
        let sets: Vec<SetId> =
            requirements.iter().map(|requirement| self.acquire_set(&requirement.wanted)).collect();
        match self.needs_of(requirements, &sets) {
            Ok(needs) => {
                let candidates = self.candidates_of(&needs);
                let shape = Shape::new(requirements.into(), needs, candidates);
                let (id, dropped) = self.queue.add_shape(shape);
                self.forget_shapes(dropped);
                Ok(id)
            }
            Err(parts) => {
                sets.into_iter().for_each(|set| self.release_set(set));
                self.remember_impossible(requirements, &parts);
                Err(Refusal::NoSuch { parts })
            }
        }
    }

    /// Refuses a request whose keys would be too many.
    pub(super) fn check_room_for_keys(&self, requirements: &[Requirement]) -> Result<(), Refusal> {
        let keys = requirements.iter().filter_map(|requirement| match &requirement.wanted {
            Wanted::Keys(keys) => Some(keys),
            Wanted::Matching(_) => None,
        });
        let new = keys.flatten().filter(|key| self.index_of(key).is_none()).count();
        let is_ephemeral = self.state.inventory.rules().ephemeral;
        if is_ephemeral && self.occupancy.outsiders.len() + new > MAX_OUTSIDERS {
            return Err(Refusal::OverLimit(format!(
                "a pool has at most {MAX_OUTSIDERS} keys outside of its inventory at a time"
            )));
        }
        Ok(())
    }

    /// The candidates of a wish; one use more of them.
    fn acquire_set(&mut self, wanted: &Wanted) -> SetId {
        let id = match self.sets.find(wanted) {
            Some(id) => id,
            None => {
                let list = match wanted {
                    Wanted::Matching(selector) => {
                        let inventory = &self.state.inventory;
                        let mut list = self.matcher.candidates(selector, inventory);
                        // A matcher is somebody else's code: what it says of resources that do not exist
                        // is dropped, and so is what it says twice.
                        list.retain(|index| index.as_usize() < inventory.len());
                        list.sort_unstable();
                        list.dedup();
                        list
                    }
                    Wanted::Keys(keys) => self.find_keys(keys),
                };
                self.sets.add(wanted, list)
            }
        };
        self.sets.acquire(id);
        id
    }

    fn find_keys(&mut self, keys: &BTreeSet<crate::Name>) -> Vec<ResourceIndex> {
        let inventory = Arc::clone(&self.state.inventory);
        let mut list = Vec::new();
        for key in keys {
            match inventory.index_of(key.as_str()) {
                Some(index) => list.push(index),
                None if inventory.rules().ephemeral => list.push(self.occupancy.admit(key)),
                None => {}
            }
        }
        list.sort_unstable();
        list
    }

    fn release_set(&mut self, id: SetId) {
        let Some(gone) = self.sets.release(id) else {
            return;
        };
        for index in gone.iter() {
            if !self.occupancy.is_inside(*index) {
                self.occupancy.dismiss(*index);
            }
        }
    }

    /// Forgets shapes that are no longer in the queue.
    pub(super) fn forget_shapes(&mut self, shapes: impl IntoIterator<Item = Shape>) {
        for shape in shapes {
            shape.needs.sets.iter().for_each(|set| self.release_set(*set));
        }
    }

    /// A key that is not in the inventory is there only while it is asked for: a shape with such keys is
    /// not kept for later requests.
    pub(super) fn forget_if_idle(&mut self, id: ShapeId) {
        let Some(shape) = self.queue.shape(id) else {
            return;
        };
        // Keys outside of the inventory come last.
        let last = |set: &SetId| self.sets.list(*set).last().copied();
        let mut last_of_all = shape.needs.sets.iter().filter_map(last);
        if last_of_all.any(|last| !self.occupancy.is_inside(last)) {
            let gone = self.queue.drop_idle(id);
            self.forget_shapes(gone);
        }
    }

    /// What requirements need, or why they can never be met.
    fn needs_of(
        &self,
        requirements: &[Requirement],
        sets: &[SetId],
    ) -> Result<Needs, Vec<UnmatchedPart>> {
        let counts: Vec<usize> = requirements.iter().map(|one| usize::from(one.count)).collect();
        let parts = self.unmet_alone(requirements, sets, &counts);
        if !parts.is_empty() {
            return Err(parts);
        }
        let mut needs = Needs { sets: sets.to_vec(), counts, labels: Vec::new() };
        needs.labels = self.label_needs(requirements, &needs)?;
        let options: Vec<Options> = needs.labels.iter().map(|label| self.options(label)).collect();
        // Where not every choice is tried, it is not known that none will do.
        if needs.is_single() || are_too_many(&options) {
            return Ok(needs);
        }
        let mut best_so_far: Option<Assignment> = None;
        for choice in choices(&options) {
            let mut supply = Everything::new(&needs, &self.sets, &self.occupancy, &choice.stacks);
            let assignment = best(&needs.counts, &mut supply);
            if assignment.is_full {
                return Ok(needs);
            }
            best_so_far.get_or_insert(assignment);
        }
        Err(vec![self.unmet_together(&needs, best_so_far)])
    }

    /// The stacks of a label as if everything were free.
    fn options(&self, label: &LabelNeeds) -> Options {
        let count = Reverse(label.alone.requested());
        let size = |stack: StackIndex| self.occupancy.stacks.members(stack).len();
        label.options.iter().map(|stack| ((count, size(*stack)), *stack)).collect()
    }

    /// Every resource that could serve any of a request's requirements.
    fn candidates_of(&self, needs: &Needs) -> Arc<[ResourceIndex]> {
        if let ([set], []) = (needs.sets.as_slice(), needs.labels.as_slice()) {
            return self.sets.list(*set);
        }
        let mut all: BTreeSet<ResourceIndex> = BTreeSet::new();
        for (number, set) in needs.sets.iter().enumerate() {
            let list = self.sets.list(*set);
            match needs.labels.iter().find(|label| label.requirements.contains(&number)) {
                None => all.extend(list.iter()),
                Some(label) => {
                    for stack in label.options.iter() {
                        let members = self.occupancy.stacks.members(*stack);
                        all.extend(
                            members.iter().filter(|index| self.sets.contains(*set, **index)),
                        );
                    }
                }
            }
        }
        all.into_iter().collect()
    }
}
