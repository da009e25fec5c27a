//! Which resources a request gets: rules 4 and 5 of the design.
//!
//! An assignment gives each requirement up to as many of its candidates as it asks for, and no resource to
//! two of them. The best one has the most resources, and of those with as many the ones that were used least
//! recently. The sets of resources that can be assigned together are the independent sets of a transversal
//! matroid (Edmonds and Fulkerson 1965), so the greedy algorithm finds the best: it takes the candidates in the
//! order of their last use and keeps each for which there is an augmenting path (Berge 1957).

use crate::engine::age::Age;
use crate::inventory::ResourceIndex;

/// Where the candidates of each requirement come from.
pub(crate) trait Supply {
    /// The available candidate of a requirement that comes next after `after` in the order of last use.
    fn next(&mut self, requirement: usize, after: Option<&Age>) -> Option<Age>;

    /// Whether a resource is a candidate of a requirement.
    fn suits(&self, requirement: usize, index: ResourceIndex) -> bool;
}

/// What each requirement gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// Per requirement.
    pub(crate) given: Vec<Vec<Age>>,
    /// Whether each has as many as it asks for.
    pub(crate) is_full: bool,
}

impl Assignment {
    /// All that is assigned, the least recently used first.
    pub(crate) fn ages(&self) -> Vec<&Age> {
        let mut ages: Vec<&Age> = self.given.iter().flatten().collect();
        ages.sort_unstable();
        ages
    }

    /// How many resources are assigned.
    pub(crate) fn len(&self) -> usize {
        self.given.iter().map(Vec::len).sum()
    }
}

/// The best assignment. `counts` has how many each requirement asks for.
///
/// Which of its resources each requirement has is settled by [`distribute`] only.
pub(crate) fn best(counts: &[usize], supply: &mut impl Supply) -> Assignment {
    let mut given: Vec<Vec<Age>> = vec![Vec::new(); counts.len()];
    let mut upcoming: Vec<Option<Age>> =
        (0..counts.len()).map(|requirement| supply.next(requirement, None)).collect();
    loop {
        let open = open_requirements(counts, &given, supply);
        let first = (0..counts.len())
            .filter(|requirement| open[*requirement])
            .filter_map(|requirement| upcoming[requirement].clone())
            .min();
        let Some(age) = first else {
            break;
        };
        for (requirement, next) in upcoming.iter_mut().enumerate() {
            if next.as_ref() == Some(&age) {
                *next = supply.next(requirement, Some(&age));
            }
        }
        augment(age, counts, &mut given, supply);
    }
    let is_full = given.iter().zip(counts).all(|(given, count)| given.len() == *count);
    Assignment { given, is_full }
}

/// The requirements to which one more resource could be given, if need be by moving others.
fn open_requirements(counts: &[usize], given: &[Vec<Age>], supply: &impl Supply) -> Vec<bool> {
    let mut open: Vec<bool> =
        given.iter().zip(counts).map(|(given, count)| given.len() < *count).collect();
    loop {
        let can_pass_on = |requirement: usize| {
            let suits = |age: &Age| {
                (0..counts.len()).any(|other| open[other] && supply.suits(other, age.index()))
            };
            given[requirement].iter().any(suits)
        };
        let more =
            (0..counts.len()).find(|requirement| !open[*requirement] && can_pass_on(*requirement));
        match more {
            Some(requirement) => open[requirement] = true,
            None => return open,
        }
    }
}

/// Where the resource comes from that a requirement on the way is to get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// The requirement is not on the way.
    Unseen,
    /// It is the new resource.
    New,
    /// Another requirement passes it on.
    From { requirement: usize, slot: usize },
}

/// Gives a resource to a requirement, moving others to theirs along a shortest augmenting path. There is
/// one, for the resource suits an open requirement.
fn augment(age: Age, counts: &[usize], given: &mut [Vec<Age>], supply: &impl Supply) {
    let suits = |requirement: &usize| supply.suits(*requirement, age.index());
    let mut frontier: Vec<usize> = (0..counts.len()).filter(suits).collect();
    let mut source = vec![Source::Unseen; counts.len()];
    for requirement in &frontier {
        source[*requirement] = Source::New;
    }
    let mut next = 0;
    while let Some(&requirement) = frontier.get(next) {
        next += 1;
        if given[requirement].len() < counts[requirement] {
            shift(age, requirement, &source, given);
            return;
        }
        for (slot, moved) in given[requirement].iter().enumerate() {
            for (other, source) in source.iter_mut().enumerate() {
                if *source == Source::Unseen && supply.suits(other, moved.index()) {
                    *source = Source::From { requirement, slot };
                    frontier.push(other);
                }
            }
        }
    }
}

/// Moves resources along the path that ends at a requirement with room, and puts `age` at its start.
fn shift(age: Age, end: usize, source: &[Source], given: &mut [Vec<Age>]) {
    let mut to = end;
    let mut room: Option<usize> = None;
    while let Source::From { requirement, slot } = source[to] {
        let moved = given[requirement][slot].clone();
        match room {
            None => given[to].push(moved),
            Some(room) => given[to][room] = moved,
        }
        (to, room) = (requirement, Some(slot));
    }
    match room {
        None => given[to].push(age),
        Some(room) => given[to][room] = age,
    }
}

/// Settles which requirement of a full assignment has which of its resources: requirement by requirement,
/// each gets those that were used least recently and leave the later ones enough.
pub(crate) fn distribute(assignment: &mut Assignment, supply: &impl Supply) {
    let counts: Vec<usize> = assignment.given.iter().map(Vec::len).collect();
    let mut left: Vec<Age> = assignment.given.iter().flatten().cloned().collect();
    left.sort_unstable();
    if counts.len() == 1 {
        assignment.given = vec![left];
        return;
    }
    let mut room = counts.clone();
    let mut settled: Vec<Vec<Age>> = vec![Vec::new(); counts.len()];
    for requirement in 0..counts.len() {
        let mut next = 0;
        while room[requirement] > 0 && next < left.len() {
            if supply.suits(requirement, left[next].index()) {
                let age = left.remove(next);
                room[requirement] -= 1;
                if can_all_be_given(&left, &room, supply) {
                    settled[requirement].push(age);
                    continue;
                }
                room[requirement] += 1;
                left.insert(next, age);
            }
            next += 1;
        }
    }
    assignment.given = settled;
}

fn can_all_be_given(ages: &[Age], room: &[usize], supply: &impl Supply) -> bool {
    let mut given: Vec<Vec<Age>> = vec![Vec::new(); room.len()];
    for (number, age) in ages.iter().enumerate() {
        augment(age.clone(), room, &mut given, supply);
        if given.iter().map(Vec::len).sum::<usize>() <= number {
            return false;
        }
    }
    true
}
