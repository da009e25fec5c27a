//! What can never be granted, and why: rule 6 of the design.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::assign::{Assignment, Supply, best};
use crate::engine::candidates::SetId;
use crate::engine::choice::{Choice, Options, are_too_many, choices};
use crate::engine::queue::ShapeId;
use crate::engine::shape::{Needs, Shape};
use crate::engine::supply::Everything;
use crate::inventory::ResourceIndex;
use crate::names::Label;
use crate::refusal::{MAX_UNMATCHED_PARTS, Refusal, UnmatchedPart};
use crate::request::{Requirement, Wanted};

/// For each label of a request the requirements that have it; and the stacks that can meet those.
type StackOptions = (Vec<Vec<usize>>, Vec<Options>);

/// The most kinds of impossible requests that are remembered.
const MAX_IMPOSSIBLE: usize = 256;
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
        self.check_room_for_keys(requirements)?;
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

    fn check_room_for_keys(&self, requirements: &[Requirement]) -> Result<(), Refusal> {
        let keys = requirements.iter().filter_map(|requirement| match &requirement.wanted {
            Wanted::Keys(keys) => Some(keys),
            Wanted::Matching(_) => None,
        });
        let new = keys.flatten().filter(|key| self.occupancy.outsiders.find(key).is_none()).count();
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
        for index in gone
            .iter()
            .copied()
            .filter(|index| !self.occupancy.is_inside(*index))
            .collect::<Vec<_>>()
        {
            self.occupancy.dismiss(index);
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
        let last = self.queue.shape(id).and_then(|shape| shape.candidates.last().copied());
        if last.is_some_and(|last| !self.occupancy.is_inside(last)) {
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
        let (sets, choices_) = (sets.to_vec(), vec![Choice::default()]);
        let mut needs = Needs { sets, counts, labels: Vec::new(), choices: choices_ };
        let (labels, options) = self.stack_options(requirements, &needs)?;
        let is_cut_short = are_too_many(&options);
        needs.labels = labels;
        needs.choices = choices(&options);
        if needs.is_single() || is_cut_short {
            return Ok(needs);
        }
        let mut best_so_far: Option<Assignment> = None;
        for choice in &needs.choices {
            let mut supply = Everything::new(&needs, &self.sets, &self.occupancy, &choice.stacks);
            let assignment = best(&needs.counts, &mut supply);
            if assignment.is_full {
                return Ok(needs);
            }
            best_so_far.get_or_insert(assignment);
        }
        Err(vec![self.unmet_together(&needs, best_so_far)])
    }

    /// What is wrong with single requirements.
    fn unmet_alone(
        &self,
        requirements: &[Requirement],
        sets: &[SetId],
        counts: &[usize],
    ) -> Vec<UnmatchedPart> {
        let is_only = requirements.len() == 1;
        let mut parts = Vec::new();
        for (number, requirement) in requirements.iter().enumerate() {
            let there = self.sets.list(sets[number]).len();
            if there >= counts[number] {
                continue;
            }
            let mut of_this = match &requirement.wanted {
                Wanted::Matching(selector) if there == 0 => {
                    self.matcher.unmatched(selector, &self.state.inventory)
                }
                Wanted::Matching(_) => vec![too_few(counts[number], there)],
                Wanted::Keys(keys) => self.unknown_keys(keys, counts[number], there),
            };
            if !is_only {
                of_this.iter_mut().for_each(|part| part.requirement = Some(number + 1));
            }
            parts.extend(of_this);
        }
        parts.truncate(MAX_UNMATCHED_PARTS);
        parts
    }

    fn unknown_keys(
        &self,
        keys: &BTreeSet<crate::Name>,
        count: usize,
        there: usize,
    ) -> Vec<UnmatchedPart> {
        let unknown: Vec<&str> = keys
            .iter()
            .map(AsRef::as_ref)
            .filter(|key| self.state.inventory.index_of(key).is_none())
            .collect();
        let value = unknown.join(",");
        let detail = format!(
            "{there} of the keys are in the inventory, and {count} are asked for; not there: {value}"
        );
        vec![UnmatchedPart { requirement: None, part: "keys", value, detail }]
    }

    /// The labels of stacks, with the requirements that have them, and the stacks that can meet those.
    fn stack_options(
        &self,
        requirements: &[Requirement],
        needs: &Needs,
    ) -> Result<StackOptions, Vec<UnmatchedPart>> {
        let labels: BTreeSet<&Label> =
            requirements.iter().filter_map(|requirement| requirement.stack.as_ref()).collect();
        let (is_only, there_are_none) = (requirements.len() == 1, self.occupancy.stacks.is_empty());
        let (mut with_label, mut all_options, mut parts) = (Vec::new(), Vec::new(), Vec::new());
        for label in labels {
            let has_it = |number: &usize| requirements[*number].stack.as_ref() == Some(label);
            let theirs: Vec<usize> = (0..requirements.len()).filter(has_it).collect();
            let options = self.stacks_for(&theirs, needs);
            if options.is_empty() {
                parts.push(no_stack(label, &theirs, is_only, there_are_none));
            }
            with_label.push(theirs);
            all_options.push(options);
        }
        if parts.is_empty() { Ok((with_label, all_options)) } else { Err(parts) }
    }

    /// The stacks from which some requirements could all be met, the smallest first.
    fn stacks_for(&self, requirements: &[usize], needs: &Needs) -> Options {
        let pick = |number: &usize| (needs.sets[*number], needs.counts[*number]);
        let (sets, counts): (Vec<SetId>, Vec<usize>) = requirements.iter().map(pick).unzip();
        let labels = vec![(0..sets.len()).collect()];
        let part = Needs { sets, counts, labels, choices: Vec::new() };
        let stacks = &self.occupancy.stacks;
        let mut options: Options = stacks
            .all()
            .filter(|stack| {
                let mut supply = Everything::new(&part, &self.sets, &self.occupancy, &[*stack]);
                best(&part.counts, &mut supply).is_full
            })
            .map(|stack| (stacks.members(stack).len(), stack))
            .collect();
        options.sort_unstable();
        options
    }

    /// Each requirement can be met, but not all of them together. Names those that compete for too little:
    /// by the theorem of Hall (1935) there are such ones wherever no stack is to blame.
    fn unmet_together(&self, needs: &Needs, assignment: Option<Assignment>) -> UnmatchedPart {
        let by_stacks = !needs.labels.is_empty();
        let rivals = assignment.filter(|_| !by_stacks).map(|best| self.rivals(needs, &best));
        let Some((requirements, candidates)) = rivals else {
            let detail = "each requirement can be met, but not all of them together".to_owned();
            let value = String::new();
            return UnmatchedPart { requirement: None, part: "together", value, detail };
        };
        let asked: usize = requirements.iter().map(|number| needs.counts[*number]).sum();
        let numbers: Vec<String> =
            requirements.iter().map(|number| (number + 1).to_string()).collect();
        let there = candidates.len();
        let detail = format!(
            "the requirements {} need {asked} different resources together, and {there} match them",
            numbers.join(" and "),
        );
        UnmatchedPart { requirement: None, part: "together", value: numbers.join(","), detail }
    }

    /// Some requirements that have fewer candidates together than they ask for.
    fn rivals(&self, needs: &Needs, best: &Assignment) -> (Vec<usize>, BTreeSet<ResourceIndex>) {
        let supply = Everything::new(needs, &self.sets, &self.occupancy, &[]);
        let lacks = |number: &usize| best.given[*number].len() < needs.counts[*number];
        let mut rivals: BTreeSet<usize> = (0..needs.counts.len()).filter(lacks).collect();
        loop {
            let suits_rival = |age: &crate::engine::age::Age| {
                rivals.iter().any(|rival| supply.suits(*rival, age.index()))
            };
            let more = (0..needs.counts.len()).find(|number| {
                !rivals.contains(number) && best.given[*number].iter().any(suits_rival)
            });
            match more {
                Some(number) => rivals.insert(number),
                None => break,
            };
        }
        let lists = rivals.iter().map(|rival| self.sets.list(needs.sets[*rival]));
        let candidates = lists.flat_map(|list| list.to_vec()).collect();
        (rivals.into_iter().collect(), candidates)
    }

    /// Every resource that could serve any of a request's requirements.
    fn candidates_of(&self, needs: &Needs) -> Arc<[ResourceIndex]> {
        if let ([set], []) = (needs.sets.as_slice(), needs.labels.as_slice()) {
            return self.sets.list(*set);
        }
        let mut all: BTreeSet<ResourceIndex> = BTreeSet::new();
        for (number, set) in needs.sets.iter().enumerate() {
            let list = self.sets.list(*set);
            match needs.labels.iter().position(|label| label.contains(&number)) {
                None => all.extend(list.iter()),
                Some(label) => {
                    let stacks: BTreeSet<_> =
                        needs.choices.iter().map(|choice| choice.stacks[label]).collect();
                    for stack in stacks {
                        let members = self.occupancy.stacks.members(stack);
                        all.extend(
                            members.iter().filter(|index| self.sets.contains(*set, **index)),
                        );
                    }
                }
            }
        }
        all.into_iter().collect()
    }

    fn remember_impossible(&mut self, requirements: &[Requirement], parts: &[UnmatchedPart]) {
        if self.impossible.len() >= MAX_IMPOSSIBLE {
            self.impossible.clear();
        }
        self.impossible.insert(requirements.into(), parts.to_vec());
    }
}

fn too_few(count: usize, there: usize) -> UnmatchedPart {
    let match_ =
        if there == 1 { "1 resource matches" } else { &format!("{there} resources match") };
    let detail = format!("{match_}, and {count} are asked for");
    UnmatchedPart { requirement: None, part: "count", value: count.to_string(), detail }
}

fn no_stack(
    label: &Label,
    requirements: &[usize],
    is_only: bool,
    there_are_none: bool,
) -> UnmatchedPart {
    let detail = if there_are_none {
        "the inventory has no stacks".to_owned()
    } else {
        format!("no stack has everything that is asked for with the label {:?}", label.as_str())
    };
    let requirement = match requirements {
        [only] if !is_only => Some(only + 1),
        _ => None,
    };
    UnmatchedPart { requirement, part: "stack", value: label.to_string(), detail }
}
