//! What can never be granted, and why: rule 6 of the design.

use std::collections::BTreeSet;

use crate::engine::Engine;
use crate::engine::assign::{Assignment, Supply, best};
use crate::engine::candidates::SetId;
use crate::engine::choice::Options;
use crate::engine::shape::Needs;
use crate::engine::supply::Everything;
use crate::inventory::ResourceIndex;
use crate::names::Label;
use crate::refusal::{MAX_UNMATCHED_PARTS, UnmatchedPart};
use crate::request::{Requirement, Wanted};

/// For each label of a request the requirements that have it; and the stacks that can meet those.
type StackOptions = (Vec<Vec<usize>>, Vec<Options>);

/// The most kinds of impossible requests that are remembered.
const MAX_IMPOSSIBLE: usize = 256;

impl Engine {
    /// What is wrong with single requirements.
    pub(super) fn unmet_alone(
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
            "{there} of the keys {} in the inventory, and {count} {} asked for; not there: {value}",
            is_or_are(there),
            is_or_are(count),
        );
        vec![UnmatchedPart { requirement: None, part: "keys", value, detail }]
    }

    /// The labels of stacks, with the requirements that have them, and the stacks that can meet those.
    pub(super) fn stack_options(
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
    pub(super) fn unmet_together(
        &self,
        needs: &Needs,
        assignment: Option<Assignment>,
    ) -> UnmatchedPart {
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
            "the requirements {} need {asked} different resources together, and {there} {}",
            numbers.join(" and "),
            if there == 1 { "matches them" } else { "match them" },
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

    pub(super) fn remember_impossible(
        &mut self,
        requirements: &[Requirement],
        parts: &[UnmatchedPart],
    ) {
        if self.impossible.len() >= MAX_IMPOSSIBLE {
            self.impossible.clear();
        }
        self.impossible.insert(requirements.into(), parts.to_vec());
    }
}

fn is_or_are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

fn too_few(count: usize, there: usize) -> UnmatchedPart {
    let match_it = match there {
        1 => "1 resource matches".to_owned(),
        _ => format!("{there} resources match"),
    };
    let detail = format!("{match_it}, and {count} are asked for");
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
