//! Who gets what has become free: rule 3 of the design.
//!
//! The rule as it is specified goes through all waiting requests in order, again and again until a pass
//! grants nothing. This code gives the same answer while looking only at those for which something can have
//! changed: a [sweep](super::sweep) visits them in the order of the queue. It rests on this: when a sweep is over, every
//! waiting request has been looked at with all that is available to it, and what is available to a request is
//! never more than what is available to an earlier one, but for the stacks of its own party.
//!
//! - What becomes available is offered to the first in line of each shape that it could serve, to those for
//!   which something is held back, and to the parties that have something of a stack. Of what the first in
//!   line of a shape cannot use, the others of that shape have no use either.
//! - What is taken from a later request that it was held back for makes that one look again.
//!
//! `tests/tests/naive_loop.rs` compares the code with the rule on random histories.

use crate::engine::Engine;
use crate::engine::accounts::Account;
use crate::engine::candidates::Asker;
use crate::engine::effects::Effects;
use crate::engine::queue::{Place, ShapeId};
use crate::engine::shape::Shape;
use crate::engine::sweep::Look;
use crate::inventory::ResourceIndex;
use crate::request::RequestId;

/// A waiting request at its turn.
struct Turn {
    place: Place,
    look: Look,
    shape: ShapeId,
    account: Account,
    party: RequestId,
}

impl Engine {
    /// Grants whatever can be granted, and holds back what is to be held back.
    pub(super) fn settle(&mut self, effects: &mut Effects) {
        if self.draining.is_some() {
            self.sweep.clear();
        }
        while let Some((place, look)) = self.sweep.next() {
            let Some((shape, account, party)) = self.queue.standing(place.1) else {
                continue;
            };
            let account = account.clone();
            self.take_turn(&Turn { place, look, shape, account, party }, effects);
        }
        while let Some(shape) = self.left_shapes.pop() {
            self.forget_if_idle(shape);
        }
    }

    /// Looks at every waiting request, as after a change of inventory.
    pub(super) fn look_at_everyone(&mut self) {
        let shapes: Vec<ShapeId> = self.queue.waiting_shapes().map(|(id, _)| id).collect();
        for shape in shapes {
            let Some(shape) = self.queue.shape(shape) else {
                continue;
            };
            for place in shape.turns() {
                self.sweep.visit(place, Look::EverythingInTurn);
            }
        }
        self.look_at_owners_of_stacks(None);
    }

    /// Looks at the requests of everyone who has something of a stack, of one account or of all: what is
    /// denied to those before them may be theirs.
    fn look_at_owners_of_stacks(&mut self, account: Option<&Account>) {
        for party in self.owners_of_stacks() {
            for place in self.queue.of_party(party) {
                let theirs = self.queue.standing(place.1).map(|(_, account, _)| account);
                if account.is_none() || theirs == account {
                    self.sweep.visit(*place, Look::EverythingInTurn);
                }
            }
        }
    }

    /// A resource has become available to those behind whoever's turn it is, and so may its stack-mates.
    pub(super) fn open(&mut self, index: ResourceIndex) {
        if self.occupancy.stacks.with(index).is_empty() {
            self.offer(index);
            return;
        }
        for mate in self.occupancy.stacks.mates(index) {
            self.offer(mate);
        }
    }

    fn offer(&mut self, index: ResourceIndex) {
        let is_kept_before = match (self.occupancy.kept_for(index), self.sweep.at()) {
            (Some(keeper), Some(at)) => keeper <= *at,
            _ => false,
        };
        if self.occupancy.is_held(index) || is_kept_before || self.queue.len() == 0 {
            return;
        }
        self.sweep.open(index);
        let at = self.sweep.at().copied();
        for id in self.queue.shapes_with(index) {
            let Some(shape) = self.queue.shape(id) else {
                continue;
            };
            let turns = shape.keepers_behind(at.as_ref());
            for place in turns.into_iter().chain([shape.head_behind(at.as_ref())]).flatten() {
                self.sweep.visit(place, Look::WhatOpened);
            }
        }
        if !self.occupancy.stacks.is_empty() {
            self.offer_to_owners_of_stacks(index);
        }
    }

    /// Those who have something of a stack may be given what is denied to those before them, the rest of
    /// that stack: so they may have a use for what the first in line cannot use.
    fn offer_to_owners_of_stacks(&mut self, index: ResourceIndex) {
        let at = self.sweep.at().copied();
        for party in self.owners_of_stacks() {
            let has_mates = self.occupancy.stacks.has_mates(index, party);
            let could_use = |place: &&Place| {
                let shape = self.queue.shape_of(place.1).and_then(|id| self.queue.shape(id));
                // To a request for one resource only that one's own stacks matter.
                let could_use = |shape: &Shape| {
                    (has_mates || !shape.needs.is_single()) && shape.contains(index)
                };
                at.is_none_or(|at| **place > at) && shape.is_some_and(could_use)
            };
            for place in self.queue.of_party(party).filter(could_use) {
                self.sweep.visit(*place, Look::WhatOpened);
            }
        }
    }

    /// The parties that have something of a stack, and more than one request.
    fn owners_of_stacks(&self) -> Vec<RequestId> {
        let stacks = &self.occupancy.stacks;
        if stacks.owners().len() < self.parties.larger().len() {
            stacks.owners().keys().copied().filter(|party| self.parties.is_larger(*party)).collect()
        } else {
            let larger = self.parties.larger().iter().copied();
            larger.filter(|party| stacks.owners().contains_key(party)).collect()
        }
    }

    fn take_turn(&mut self, turn: &Turn, effects: &mut Effects) {
        let Some(shape) = self.queue.shape(turn.shape) else {
            return;
        };
        let needs = std::sync::Arc::clone(&shape.needs);
        let may_keep = shape.may_keep(&turn.account, &turn.place);
        if self.accounts.exceeded(&turn.account, needs.requested()).is_some() {
            self.hold_back(turn, Vec::new());
            // It may have gone beyond its limits only now: what it cannot have, the next may.
            self.call_up_behind(turn, true);
            return;
        }
        // What is held back for a request is what it could use of all that was available. Where nothing
        // may be held back yet, that is not known.
        let is_known = !needs.can_be_partial() || may_keep;
        let look = if is_known { turn.look } else { turn.look.max(Look::Everything) };
        let asker = Asker { party: turn.party, place: &turn.place };
        let assignment = self.evaluate(&needs, asker, look);
        let is_served = assignment.len() > 0 && (assignment.is_full || may_keep);
        let is_granted = assignment.is_full;
        if is_granted {
            self.grant(turn.place.1, turn.party, &turn.account, assignment, effects);
        } else if may_keep {
            let kept = assignment.given.iter().flatten().map(|age| age.index()).collect();
            self.hold_back(turn, kept);
        }
        if is_served {
            self.call_up_behind(turn, is_granted);
            self.call_up_next_of_account(turn);
        }
    }

    /// Somebody of this shape has had a turn: the next may be served by what has become available and is
    /// still there.
    fn call_up_behind(&mut self, turn: &Turn, is_out: bool) {
        let Some(shape) = self.queue.shape(turn.shape) else {
            return;
        };
        if self.sweep.opened().any(|index| shape.contains(*index)) {
            let head = if is_out { shape.head_behind(Some(&turn.place)) } else { None };
            let turns = shape.keepers_behind(Some(&turn.place));
            for place in turns.into_iter().chain([head]).flatten() {
                self.sweep.visit(place, Look::WhatOpened);
            }
        }
    }

    /// Where an account is served in turn, it is the next one's.
    fn call_up_next_of_account(&mut self, turn: &Turn) {
        let Some(shape) = self.queue.shape(turn.shape) else {
            return;
        };
        if turn.look == Look::EverythingInTurn {
            for place in shape.next_of(&turn.account, &turn.place).into_iter().flatten() {
                self.sweep.visit(place, Look::EverythingInTurn);
            }
        }
    }

    /// Holds these resources back for a request, and nothing else.
    fn hold_back(&mut self, turn: &Turn, new: Vec<ResourceIndex>) {
        let old = self.occupancy.kept(&turn.place).to_vec();
        let given_up: Vec<ResourceIndex> =
            old.iter().copied().filter(|index| !new.contains(index)).collect();
        for index in &given_up {
            self.occupancy.give_up(*index);
        }
        for index in new.iter().filter(|index| !old.contains(index)) {
            self.take_from_later(*index, turn.party, &turn.place);
            self.occupancy.keep(*index, turn.place, turn.party);
            self.look_at_others_of(turn.party, *index, &turn.place);
        }
        if old.is_empty() != new.is_empty()
            && let Some(shape) = self.queue.shape_mut(turn.shape)
        {
            shape.set_keeper(&turn.account, turn.place, !new.is_empty());
        }
        for index in given_up {
            self.open(index);
        }
    }

    /// A request at `place` is about to take a resource: those behind it for which it was held back, or its
    /// stack-mates were, have to look again.
    pub(super) fn take_from_later(
        &mut self,
        index: ResourceIndex,
        party: RequestId,
        place: &Place,
    ) {
        self.sweep.take(index);
        if let Some(later) = self.occupancy.give_up(index) {
            self.sweep.visit(later, Look::Everything);
            // Its stack-mates may have been denied to others for its sake.
            if !self.occupancy.stacks.with(index).is_empty() {
                for mate in self.occupancy.stacks.mates(index) {
                    if mate != index {
                        self.offer(mate);
                    }
                }
            }
        }
        if !self.occupancy.stacks.is_empty() {
            for rival in self.occupancy.stacks.rivals(index, party, place) {
                self.sweep.visit(rival, Look::Everything);
            }
        }
    }

    /// A party has a resource now, or it is held back for it: the rest of its stacks is for this party alone,
    /// and may be of use to the others of its requests.
    pub(super) fn look_at_others_of(
        &mut self,
        party: RequestId,
        index: ResourceIndex,
        place: &Place,
    ) {
        if self.occupancy.stacks.with(index).is_empty() {
            return;
        }
        let mates = self.occupancy.stacks.mates(index);
        for other in self.queue.of_party(party).filter(|other| *other > place) {
            let shape = self.queue.shape_of(other.1).and_then(|id| self.queue.shape(id));
            if shape.is_some_and(|shape| mates.iter().any(|mate| shape.contains(*mate))) {
                self.sweep.visit(*other, Look::Everything);
            }
        }
    }

    /// An account has more or less than before: those that share its allowances may be beyond their limits
    /// now, or no longer.
    pub(super) fn limits_changed(&mut self, account: &Account) {
        if self.accounts.are_unlimited() {
            return;
        }
        for account in self.accounts.sharing(account) {
            let mut is_relieved = false;
            for id in self.queue.shapes_of(&account) {
                let Some(shape) = self.queue.shape_mut(id) else {
                    continue;
                };
                let requested = shape.needs.requested();
                let is_over_limit = self.accounts.exceeded(&account, requested).is_some();
                if shape.set_over_limit(&account, is_over_limit) {
                    is_relieved |= !is_over_limit;
                    for place in shape.turns_of(&account) {
                        self.sweep.visit(place, Look::EverythingInTurn);
                    }
                }
            }
            if is_relieved {
                self.look_at_owners_of_stacks(Some(&account));
            }
        }
    }

    /// The free time of a request is over: from now on something may be held back for it.
    pub(super) fn may_hold_back(&mut self, id: RequestId) {
        let Some((shape, account, _)) = self.queue.standing(id) else {
            return;
        };
        let account = account.clone();
        let Some(state) = self.state.requests.get(&id) else {
            return;
        };
        let place = crate::engine::queue::place_of(id, &state.request);
        if let Some(shape) = self.queue.shape_mut(shape) {
            shape.set_hungry(&account, place);
            self.sweep.visit(place, Look::Everything);
        }
    }
}
