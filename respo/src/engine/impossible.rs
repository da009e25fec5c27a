//! What can never be granted, and why: rule 6 of the design.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::assign::{Assignment, Supply, best};
use crate::engine::candidates::SetId;
use crate::engine::shape::{LabelNeeds, Needs};
use crate::engine::stacks::StackIndex;
use crate::engine::supply::Everything;
use crate::inventory::ResourceIndex;
use crate::names::Label;
use crate::refusal::{MAX_UNMATCHED_PARTS, UnmatchedPart};
use crate::request::{Requirement, Wanted};

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

    /// What is to come from one stack, label by label, and the stacks that have it.
    pub(super) fn label_needs(
        &self,
        requirements: &[Requirement],
        needs: &Needs,
    ) -> Result<Vec<LabelNeeds>, Vec<UnmatchedPart>> {
        let labels: BTreeSet<&Label> =
            requirements.iter().filter_map(|requirement| requirement.stack.as_ref()).collect();
        let (mut all, mut parts) = (Vec::new(), Vec::new());
        for label in labels {
            let has_it = |number: &usize| requirements[*number].stack.as_ref() == Some(label);
            let theirs: Vec<usize> = (0..requirements.len()).filter(has_it).collect();
            let found = self.needs_of_label(theirs, needs);
            if found.options.is_empty() {
                let is_only = requirements.len() == 1;
                let there_are_none = self.occupancy.stacks.is_empty();
                parts.push(no_stack(label, &found.requirements, is_only, there_are_none));
            }
            all.push(found);
        }
        if parts.is_empty() { Ok(all) } else { Err(parts) }
    }

    fn needs_of_label(&self, requirements: Vec<usize>, needs: &Needs) -> LabelNeeds {
        let pick = |number: &usize| (needs.sets[*number], needs.counts[*number]);
        let (sets, counts): (Vec<SetId>, Vec<usize>) = requirements.iter().map(pick).unzip();
        let alone = Needs::from_one_stack(sets, counts);
        let stacks = &self.occupancy.stacks;
        let will_do = |stack: &StackIndex| {
            let mut supply = Everything::new(&alone, &self.sets, &self.occupancy, &[*stack]);
            best(&alone.counts, &mut supply).is_full
        };
        let mut options: Vec<StackIndex> = stacks.all().filter(will_do).collect();
        options.sort_by_key(|stack| (stacks.members(*stack).len(), *stack));
        LabelNeeds { requirements, alone: Arc::new(alone), options: options.into() }
    }

    /// Each requirement can be met, but not all of them together. Names those that compete for too little:
    /// by the theorem of Hall (1935) there are such ones wherever no stack is to blame.
    pub(super) fn unmet_together(
        &self,
        needs: &Needs,
        assignment: Option<Assignment>,
    ) -> UnmatchedPart {
        let by_stacks = !needs.labels.is_empty();
        let competitors =
            assignment.filter(|_| !by_stacks).map(|best| self.competitors(needs, &best));
        let Some((requirements, candidates)) = competitors else {
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
    fn competitors(
        &self,
        needs: &Needs,
        best: &Assignment,
    ) -> (Vec<usize>, BTreeSet<ResourceIndex>) {
        let supply = Everything::new(needs, &self.sets, &self.occupancy, &[]);
        let lacks = |number: &usize| best.given[*number].len() < needs.counts[*number];
        let mut competitors: BTreeSet<usize> = (0..needs.counts.len()).filter(lacks).collect();
        loop {
            let suits_competitor = |age: &crate::engine::age::Age| {
                competitors.iter().any(|competitor| supply.suits(*competitor, age.index()))
            };
            let more = (0..needs.counts.len()).find(|number| {
                !competitors.contains(number) && best.given[*number].iter().any(suits_competitor)
            });
            match more {
                Some(number) => competitors.insert(number),
                None => break,
            };
        }
        let lists = competitors.iter().map(|competitor| self.sets.list(needs.sets[*competitor]));
        let candidates = lists.flat_map(|list| list.to_vec()).collect();
        (competitors.into_iter().collect(), candidates)
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
