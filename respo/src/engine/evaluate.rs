//! What one request could be given now.

use std::cmp::Reverse;

use crate::engine::Engine;
use crate::engine::age::Age;
use crate::engine::assign::{Assignment, best};
use crate::engine::candidates::Asker;
use crate::engine::choice::{Choice, Options, choices};
use crate::engine::shape::{LabelNeeds, Needs};
use crate::engine::supply::{Available, Few};
use crate::engine::sweep::Look;

/// Beyond this, what has opened is not gone through for each request.
const MANY_OPENED: usize = 32;

impl Engine {
    /// The best assignment for a request: of all that is available to it, or, if everything else has been
    /// looked at before, of what is held back for it and what has become available since.
    pub(super) fn evaluate(&mut self, needs: &Needs, asker: Asker<'_>, look: Look) -> Assignment {
        let opened = self.sweep.opened_count();
        match (look, needs.is_single()) {
            // Where very much has opened, the candidates in their order are quicker than all of that.
            (Look::WhatOpened, true) if opened > MANY_OPENED => {
                single(self.oldest_available(needs, asker))
            }
            (Look::WhatOpened, true) => single(self.oldest_opened(needs, asker)),
            (_, true) => single(self.oldest_available(needs, asker)),
            (Look::WhatOpened, false) if needs.labels.is_empty() => {
                self.best_of_what_opened(needs, asker)
            }
            _ => self.best_available(needs, asker),
        }
    }

    fn oldest_opened(&self, needs: &Needs, asker: Asker<'_>) -> Option<Age> {
        let suits = |index: &&_| {
            self.sets.contains(needs.sets[0], **index)
                && self.occupancy.is_available(**index, asker.party, asker.place)
        };
        let opened = self.sweep.opened().filter(suits);
        opened.map(|index| self.occupancy.age(*index)).min()
    }

    fn oldest_available(&mut self, needs: &Needs, asker: Asker<'_>) -> Option<Age> {
        let set = needs.sets[0];
        let kept = self.occupancy.kept_from(asker.place).filter(|index| {
            self.sets.contains(set, *index)
                && self.occupancy.is_available(*index, asker.party, asker.place)
        });
        let kept = kept.map(|index| self.occupancy.age(index)).min();
        let open = self.sets.next_open(set, None, asker, &self.occupancy);
        kept.into_iter().chain(open).min()
    }

    fn best_of_what_opened(&self, needs: &Needs, asker: Asker<'_>) -> Assignment {
        let is_available =
            |index: &&_| self.occupancy.is_available(**index, asker.party, asker.place);
        let opened = self.sweep.opened().filter(is_available);
        let kept = self.occupancy.kept(asker.place).iter();
        let mut ages: Vec<Age> =
            kept.chain(opened).map(|index| self.occupancy.age(*index)).collect();
        ages.sort_unstable();
        ages.dedup();
        let mut supply = Few { needs, sets: &self.sets, ages: &ages };
        best(&needs.counts, &mut supply)
    }

    fn best_available(&mut self, needs: &Needs, asker: Asker<'_>) -> Assignment {
        let mut kept: Vec<Age> =
            self.occupancy.kept_from(asker.place).map(|index| self.occupancy.age(index)).collect();
        kept.sort_unstable();
        let options: Vec<Options> =
            needs.labels.iter().map(|label| self.options_now(label, asker, &kept)).collect();
        let labelled: usize = needs.labels.iter().map(|label| label.alone.requested()).sum();
        let elsewhere = needs.requested().saturating_sub(labelled);
        let mut found: Option<(usize, Assignment)> = None;
        for Choice { merit: (Reverse(count), size), stacks } in choices(&options) {
            // What comes later has no more to offer, and where it has as much, from larger stacks.
            let most = count + elsewhere;
            if found.as_ref().is_some_and(|(least, best)| {
                best.len() > most || (best.len() == most && *least < size)
            }) {
                break;
            }
            let (sets, occupancy) = (&mut self.sets, &self.occupancy);
            let mut supply = Available::new(needs, sets, occupancy, asker, &kept, &stacks);
            let assignment = best(&needs.counts, &mut supply);
            if found
                .as_ref()
                .is_none_or(|(least, best)| is_better((size, &assignment), (*least, best)))
            {
                found = Some((size, assignment));
            }
        }
        let nothing = || Assignment { given: vec![Vec::new(); needs.counts.len()], is_full: false };
        found.map_or_else(nothing, |(_, assignment)| assignment)
    }

    /// The stacks of a label with how much of what is asked for they have now, the best first.
    fn options_now(&mut self, label: &LabelNeeds, asker: Asker<'_>, kept: &[Age]) -> Options {
        let mut options: Options = Vec::with_capacity(label.options.len());
        for stack in label.options.iter() {
            let size = self.occupancy.stacks.members(*stack).len();
            let (sets, occupancy, stacks) = (&mut self.sets, &self.occupancy, [*stack]);
            let mut supply = Available::new(&label.alone, sets, occupancy, asker, kept, &stacks);
            let count = best(&label.alone.counts, &mut supply).len();
            options.push(((Reverse(count), size), *stack));
        }
        options.sort_unstable();
        options
    }
}

/// More resources, then smaller stacks, then resources that were used longer ago.
fn is_better(new: (usize, &Assignment), old: (usize, &Assignment)) -> bool {
    let rank = |(size, assignment): (usize, &Assignment)| (Reverse(assignment.len()), size);
    rank(new)
        .cmp(&rank(old))
        .then_with(|| new.1.ages().cmp(&old.1.ages()))
        .then_with(|| {
            // The same resources: the earlier requirements have those that were used longer ago.
            new.1.given.cmp(&old.1.given)
        })
        .is_lt()
}

fn single(found: Option<Age>) -> Assignment {
    let is_full = found.is_some();
    Assignment { given: vec![found.into_iter().collect()], is_full }
}
