//! Which resources a request gets: rules 4 and 5 of the design.
//!
//! An assignment gives each requirement up to as many of its candidates as it asks for, and no resource to
//! two of them. The best one has the most resources, and of those with as many the ones that were used least
//! recently. The sets of resources that can be assigned together are the independent sets of a transversal
//! matroid (Edmonds and Fulkerson 1965), so the greedy algorithm finds the best: it takes the candidates in the
//! order of their last use and keeps each for which there is an augmenting path (Berge 1957).

use crate::engine::age::Age;
use crate::inventory::ResourceIndex;
use crate::request::MAX_REQUIREMENTS;

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

/// Some requirements: a bit for each.
type Requirements = u32;
const _: () = assert!(MAX_REQUIREMENTS <= Requirements::BITS as usize);

/// A resource that is assigned, and the requirements that it is a candidate of.
#[derive(Debug, Clone)]
struct Item {
    age: Age,
    suits: Requirements,
}

/// The best assignment. `counts` has how many each requirement asks for.
///
/// If it is full, each requirement in turn has those of its resources that were used least recently and leave
/// the later ones enough.
pub(crate) fn best(counts: &[usize], supply: &mut impl Supply) -> Assignment {
    let mut matching = Matching::new(counts);
    let mut upcoming: Vec<Option<Age>> =
        (0..counts.len()).map(|requirement| supply.next(requirement, None)).collect();
    loop {
        let open = matching.open();
        let first = (0..counts.len())
            .filter(|requirement| open >> requirement & 1 == 1)
            .filter_map(|requirement| upcoming[requirement].as_ref())
            .min();
        let Some(age) = first.cloned() else {
            break;
        };
        for (requirement, next) in upcoming.iter_mut().enumerate() {
            if next.as_ref() == Some(&age) {
                *next = supply.next(requirement, Some(&age));
            }
        }
        let suits = (0..counts.len()).filter(|number| supply.suits(*number, age.index()));
        let suits = suits.fold(0, |all, number| all | 1 << number);
        matching.add(Item { age, suits });
    }
    let is_full = matching.is_full();
    if is_full {
        matching.distribute();
    }
    Assignment { given: matching.into_ages(), is_full }
}

/// An assignment in the making.
struct Matching<'c> {
    counts: &'c [usize],
    given: Vec<Vec<Item>>,
    /// For each requirement: how many of its first resources are settled and stay with it.
    settled: Vec<usize>,
}

impl<'c> Matching<'c> {
    fn new(counts: &'c [usize]) -> Self {
        let (given, settled) = (vec![Vec::new(); counts.len()], vec![0; counts.len()]);
        Self { counts, given, settled }
    }

    fn has_room(&self, requirement: usize) -> bool {
        self.given[requirement].len() < self.counts[requirement]
    }

    fn is_full(&self) -> bool {
        (0..self.counts.len()).all(|requirement| !self.has_room(requirement))
    }

    /// The requirements to which one more resource could be given, if need be by moving others.
    fn open(&self) -> Requirements {
        let with_room = (0..self.counts.len()).filter(|requirement| self.has_room(*requirement));
        let mut open: Requirements = with_room.fold(0, |open, requirement| open | 1 << requirement);
        let could_take = |requirement: usize| {
            self.given[requirement].iter().fold(0, |all, item| all | item.suits)
        };
        let could_take: Vec<Requirements> = (0..self.counts.len()).map(could_take).collect();
        loop {
            let can_pass_on = |requirement: &usize| {
                open >> requirement & 1 == 0 && could_take[*requirement] & open != 0
            };
            match (0..self.counts.len()).find(can_pass_on) {
                Some(requirement) => open |= 1 << requirement,
                None => return open,
            }
        }
    }

    /// Gives a resource that suits an open requirement to one that it suits, moving others to theirs.
    fn add(&mut self, item: Item) {
        let starts = item.suits;
        if let Some(path) =
            self.path(starts, |matching, requirement| matching.has_room(requirement))
        {
            self.shift(item, &path);
        }
    }

    /// A shortest way from one of the requirements in `starts` to one that is `wanted`: each step but the
    /// first has the place of the resource that moves on to it.
    fn path(
        &self,
        starts: Requirements,
        wanted: impl Fn(&Self, usize) -> bool,
    ) -> Option<Vec<Step>> {
        let mut seen = starts;
        let mut way: Vec<(Step, Option<usize>)> = (0..self.counts.len())
            .filter(|requirement| starts >> requirement & 1 == 1)
            .map(|requirement| (Step { requirement, slot: None }, None))
            .collect();
        let mut next = 0;
        while let Some((Step { requirement, .. }, _)) = way.get(next).copied() {
            if wanted(self, requirement) {
                return Some(steps(&way, next));
            }
            for (slot, item) in self.given[requirement].iter().enumerate() {
                let new = if slot < self.settled[requirement] { 0 } else { item.suits & !seen };
                seen |= new;
                let others = (0..self.counts.len()).filter(|other| new >> other & 1 == 1);
                way.extend(
                    others.map(|requirement| (Step { requirement, slot: Some(slot) }, Some(next))),
                );
            }
            next += 1;
        }
        None
    }

    /// Moves resources along a path, each to the next requirement, and puts `item` where there is room then.
    fn shift(&mut self, item: Item, path: &[Step]) {
        let mut moving = item;
        for (number, step) in path.iter().enumerate() {
            match path.get(number + 1).and_then(|next| next.slot) {
                Some(slot) => {
                    std::mem::swap(&mut self.given[step.requirement][slot], &mut moving);
                }
                None => {
                    self.given[step.requirement].push(moving);
                    return;
                }
            }
        }
    }

    /// Settles which requirement has which resource: one requirement after the other gets those that were
    /// used least recently and leave the later ones enough.
    fn distribute(&mut self) {
        let mut ages: Vec<Age> = self.given.iter().flatten().map(|item| item.age.clone()).collect();
        ages.sort_unstable();
        for requirement in 0..self.counts.len() {
            for age in &ages {
                if self.settled[requirement] == self.counts[requirement] {
                    break;
                }
                self.settle(requirement, age);
            }
        }
    }

    /// Gives a resource to a requirement for good, if the others can still have theirs.
    fn settle(&mut self, requirement: usize, age: &Age) {
        let Some((holder, slot)) = self.unsettled(age) else {
            return;
        };
        if self.given[holder][slot].suits >> requirement & 1 == 0 {
            return;
        }
        if holder != requirement {
            // It goes to the requirement, and something else comes back to its holder.
            let item = self.given[holder].swap_remove(slot);
            let path = self.path(1 << requirement, |_, other| other == holder);
            match path {
                Some(path) => self.shift(item, &path),
                None => {
                    self.given[holder].push(item);
                    return;
                }
            }
        }
        let settled = self.settled[requirement];
        let place = self.given[requirement].iter().position(|item| item.age == *age);
        if let Some(place) = place {
            self.given[requirement].swap(settled, place);
            self.settled[requirement] += 1;
        }
    }

    /// Where a resource is that is not settled yet.
    fn unsettled(&self, age: &Age) -> Option<(usize, usize)> {
        (0..self.counts.len()).find_map(|requirement| {
            let items = self.given[requirement].iter().enumerate().skip(self.settled[requirement]);
            items
                .into_iter()
                .find(|(_, item)| item.age == *age)
                .map(|(slot, _)| (requirement, slot))
        })
    }

    fn into_ages(self) -> Vec<Vec<Age>> {
        let ages = |items: Vec<Item>| items.into_iter().map(|item| item.age).collect();
        self.given.into_iter().map(ages).collect()
    }
}

/// A requirement on the way, and which resource of the one before moves on to it.
#[derive(Debug, Clone, Copy)]
struct Step {
    requirement: usize,
    slot: Option<usize>,
}

/// The steps that lead to the last one.
fn steps(way: &[(Step, Option<usize>)], last: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut at = Some(last);
    while let Some(number) = at {
        steps.push(way[number].0);
        at = way[number].1;
    }
    steps.reverse();
    steps
}
