//! The best way to give a request what it asks for, found by trying every way.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use respo::{Inventory, Label, Name, Request, Requirement, Stack, Wanted};

use super::matching::suits;

/// Names per requirement, within a requirement the longest unused first.
pub type Assignment = Vec<Vec<Name>>;

/// Which stack is chosen for each label.
type Choice<'a> = BTreeMap<&'a Label, &'a Stack>;

/// Whether every requirement gets as many as it asks for.
#[must_use]
pub fn is_full(request: &Request, assignment: &Assignment) -> bool {
    let all = request.requirements().iter().zip(assignment);
    all.clone().count() == request.requirements().len()
        && all.into_iter().all(|(one, names)| names.len() == usize::from(one.count))
}

/// Whether the request could be granted if everything were free.
#[must_use]
pub fn possible(request: &Request, inventory: &Inventory) -> bool {
    let best = best(request, inventory, &BTreeMap::new(), &|_| true);
    best.is_some_and(|assignment| is_full(request, &assignment))
}

/// The best assignment of resources that are available, full or not. `None` if there is a label for
/// which no stack is sufficient.
///
/// It is the smallest by: how many are assigned, more first; the sum of the sizes of the chosen stacks;
/// the ages of all that are assigned, sorted; the ages of what the first requirement gets, then the
/// second, and so on.
#[must_use]
pub fn best(
    request: &Request,
    inventory: &Inventory,
    last_used: &BTreeMap<Name, u64>,
    available: &dyn Fn(&Name) -> bool,
) -> Option<Assignment> {
    let ranked = choices(request, inventory).into_iter().map(|choice| {
        let size: usize = choice.values().map(|stack| stack.0.len()).sum();
        let mut names: Vec<Name> = known_names(request, inventory);
        names.retain(|name| available(name));
        names.sort_by_key(|name| age(name, inventory, last_used));
        let candidates: Vec<Vec<bool>> = request
            .requirements()
            .iter()
            .map(|one| names.iter().map(|name| serves(one, name, inventory, &choice)).collect())
            .collect();
        let (rank, places) = best_places(request, &candidates, names.len());
        // Places stand for ages here, as the names are sorted by age: but only among the names that are
        // available, which are the same for every choice of stacks.
        ((rank.0, size, rank.1, rank.2), resolve(&places, &names))
    });
    ranked.min_by(|one, other| one.0.cmp(&other.0)).map(|(_, assignment)| assignment)
}

/// How old a resource is, to be compared: by the fence of its newest grant, then those of the inventory
/// in its order, then the others in the order of their names.
fn age(
    name: &Name,
    inventory: &Inventory,
    last_used: &BTreeMap<Name, u64>,
) -> (u64, bool, Option<usize>, Name) {
    let place = inventory.resources().iter().position(|resource| resource.name == *name);
    (last_used.get(name).copied().unwrap_or(0), place.is_none(), place, name.clone())
}

/// Every resource of the inventory, and the keys that the request asks for if the pool lets anyone ask
/// for keys.
fn known_names(request: &Request, inventory: &Inventory) -> Vec<Name> {
    let mut names: BTreeSet<Name> =
        inventory.resources().iter().map(|resource| resource.name.clone()).collect();
    if inventory.rules().ephemeral {
        for requirement in request.requirements() {
            if let Wanted::Keys(keys) = &requirement.wanted {
                names.extend(keys.iter().cloned());
            }
        }
    }
    names.into_iter().collect()
}

/// Whether the resource is a candidate of the requirement, where these stacks are chosen.
fn serves(requirement: &Requirement, name: &Name, inventory: &Inventory, choice: &Choice) -> bool {
    let wanted = match &requirement.wanted {
        Wanted::Matching(selector) => {
            let found = inventory.resources().iter().find(|resource| resource.name == *name);
            found.is_some_and(|resource| suits(selector, resource))
        }
        Wanted::Keys(keys) => keys.contains(name),
    };
    let in_stack = requirement.stack.as_ref().is_none_or(|label| choice[label].0.contains(name));
    wanted && in_stack
}

/// Every way to choose a sufficient stack for each label. One way, to choose none, if there is no label.
fn choices<'a>(request: &'a Request, inventory: &'a Inventory) -> Vec<Choice<'a>> {
    let labels: BTreeSet<&Label> =
        request.requirements().iter().filter_map(|one| one.stack.as_ref()).collect();
    let mut choices = vec![Choice::new()];
    for label in labels {
        let sufficient =
            inventory.stacks().iter().filter(|s| sufficient(s, label, request, inventory));
        let sufficient: Vec<&Stack> = sufficient.collect();
        choices = choices
            .iter()
            .flat_map(|choice| {
                sufficient.iter().map(|stack| {
                    let mut more = choice.clone();
                    more.insert(label, *stack);
                    more
                })
            })
            .collect();
    }
    choices
}

/// Whether the requirements with this label, alone, could all be met from the stack if everything were
/// free.
fn sufficient(stack: &Stack, label: &Label, request: &Request, inventory: &Inventory) -> bool {
    let mut alone = request.clone();
    let labelled = request.requirements().iter().filter(|one| one.stack.as_ref() == Some(label));
    alone.set_requirements(labelled.cloned().collect()).expect("a part of a request is one");
    let names: Vec<&Name> = stack.0.iter().collect();
    let choice = Choice::from([(label, stack)]);
    let candidates: Vec<Vec<bool>> = alone
        .requirements()
        .iter()
        .map(|one| names.iter().map(|name| serves(one, name, inventory, &choice)).collect())
        .collect();
    let (rank, _) = best_places(&alone, &candidates, names.len());
    rank.0 == Reverse(alone.requested())
}

/// How good an assignment is, but for its stacks: how many it assigns, and which, all together and per
/// requirement.
type Rank = (Reverse<usize>, Vec<usize>, Vec<Vec<usize>>);

/// The best of all ways to give the things at places 0, 1, … to requirements, where a smaller place is an
/// older thing, and `candidates` says for each requirement which places serve it.
fn best_places(
    request: &Request,
    candidates: &[Vec<bool>],
    places: usize,
) -> (Rank, Vec<Vec<usize>>) {
    let counts: Vec<usize> =
        request.requirements().iter().map(|one| usize::from(one.count)).collect();
    let mut given = vec![Vec::new(); counts.len()];
    let mut best = (rank(&given), given.clone());
    try_all(0, places, &counts, candidates, &mut given, &mut best);
    best
}

/// Tries every way to go on with the thing at `place` and those after it: to give it to one of the
/// requirements that it serves and that have not enough, or to leave it. Only where all that is left would
/// not make as many as have been assigned before is there nothing to try.
fn try_all(
    place: usize,
    places: usize,
    counts: &[usize],
    candidates: &[Vec<bool>],
    given: &mut Vec<Vec<usize>>,
    best: &mut (Rank, Vec<Vec<usize>>),
) {
    let (assigned, Reverse(most)) = (given.iter().map(Vec::len).sum::<usize>(), best.0.0);
    if assigned + (places - place) < most {
        return;
    }
    if place == places {
        let rank = rank(given);
        if rank < best.0 {
            *best = (rank, given.clone());
        }
        return;
    }
    for requirement in 0..counts.len() {
        if candidates[requirement][place] && given[requirement].len() < counts[requirement] {
            given[requirement].push(place);
            try_all(place + 1, places, counts, candidates, given, best);
            given[requirement].pop();
        }
    }
    try_all(place + 1, places, counts, candidates, given, best);
}

fn rank(given: &[Vec<usize>]) -> Rank {
    let mut all: Vec<usize> = given.iter().flatten().copied().collect();
    all.sort_unstable();
    (Reverse(all.len()), all, given.to_vec())
}

fn resolve(places: &[Vec<usize>], names: &[Name]) -> Assignment {
    let resolve = |places: &Vec<usize>| places.iter().map(|place| names[*place].clone()).collect();
    places.iter().map(resolve).collect()
}
