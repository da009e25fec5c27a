//! Whether a request can be served from what is available, decided as plainly as can be.

use std::collections::{BTreeMap, BTreeSet};

use respo::matcher::matches;
use respo::{
    Inventory, Label, Name, Request, RequestState, Requirement, Stack, State, Timestamp, Wanted,
};

/// Whether a resource serves a requirement, if nobody else has it.
pub(super) fn suits(requirement: &Requirement, name: &Name, inventory: &Inventory) -> bool {
    let resource = inventory.find(name.as_str());
    match &requirement.wanted {
        Wanted::Matching(selector) => resource.is_some_and(|found| matches(selector, found)),
        Wanted::Keys(keys) => {
            keys.contains(name) && (resource.is_some() || inventory.rules().ephemeral)
        }
    }
}

/// Every resource that could serve a requirement of the request, whether it is free or not.
pub(super) fn candidates<'s>(request: &'s Request, inventory: &'s Inventory) -> BTreeSet<&'s Name> {
    let keys = request.requirements().iter().filter_map(|requirement| match &requirement.wanted {
        Wanted::Keys(keys) => Some(keys),
        Wanted::Matching(_) => None,
    });
    let names = inventory.resources().iter().map(|resource| &resource.name);
    let serves =
        |name: &&Name| request.requirements().iter().any(|one| suits(one, name, inventory));
    names.chain(keys.flatten()).filter(serves).collect()
}

/// Whether the whole request can be met from `available`: for some choice of a stack for each label.
pub(super) fn is_full(
    request: &Request,
    inventory: &Inventory,
    available: &BTreeSet<&Name>,
) -> bool {
    let requirements = request.requirements();
    let labels: BTreeSet<&Label> =
        requirements.iter().filter_map(|one| one.stack.as_ref()).collect();
    let labels: Vec<&Label> = labels.into_iter().collect();
    any_choice(&labels, inventory.stacks(), &mut BTreeMap::new(), &mut |chosen| {
        let mut wanted: Vec<Vec<&Name>> = Vec::new();
        for requirement in requirements {
            let in_stack = |name: &Name| match &requirement.stack {
                None => true,
                Some(label) => chosen.get(label).is_some_and(|stack| stack.0.contains(name)),
            };
            let serving = available.iter().copied();
            let serving: Vec<&Name> = serving
                .filter(|name| in_stack(name) && suits(requirement, name, inventory))
                .collect();
            wanted.extend(std::iter::repeat_n(serving, usize::from(requirement.count)));
        }
        all_served(&wanted)
    })
}

/// Tries every choice of a stack for each label.
fn any_choice<'s>(
    labels: &[&'s Label],
    stacks: &'s [Stack],
    chosen: &mut BTreeMap<&'s Label, &'s Stack>,
    good: &mut dyn FnMut(&BTreeMap<&'s Label, &'s Stack>) -> bool,
) -> bool {
    let Some((label, others)) = labels.split_first() else {
        return good(chosen);
    };
    stacks.iter().any(|stack| {
        chosen.insert(label, stack);
        any_choice(others, stacks, chosen, good)
    })
}

/// Whether each place can be given a name of its own: by augmenting paths.
fn all_served(wanted: &[Vec<&Name>]) -> bool {
    fn serve<'n>(
        place: usize,
        wanted: &[Vec<&'n Name>],
        taken: &mut BTreeMap<&'n Name, usize>,
        seen: &mut BTreeSet<&'n Name>,
    ) -> bool {
        for &name in &wanted[place] {
            if !seen.insert(name) {
                continue;
            }
            let is_free = match taken.get(name).copied() {
                None => true,
                Some(other) => serve(other, wanted, taken, seen),
            };
            if is_free {
                taken.insert(name, place);
                return true;
            }
        }
        false
    }
    let mut taken = BTreeMap::new();
    (0..wanted.len()).all(|place| serve(place, wanted, &mut taken, &mut BTreeSet::new()))
}

/// Whether free resources may be held back for a waiting request.
pub(in crate::simulation) fn hold_back_is_due(
    waiting: &RequestState,
    state: &State,
    now: Timestamp,
) -> bool {
    waiting.request.requested() > 1
        && now >= waiting.queued_at.after(state.inventory.rules().hold_back_after)
}
