//! Nobody waits for what could be had: no waiting request has a full assignment in what is available to it.
//!
//! What is kept for earlier requests is not worked out here, which is the naive loop's business, but bounded:
//! only a request for several resources whose time has come has anything kept, and only of its candidates.
//! Whatever else is free must not be enough for anybody.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use respo::{Allowance, Label, Name, Request, RequestId, RequestState, State};

use super::assignment::{candidates, hold_back_is_due, is_full};
use super::{Checker, Event, Property, held_names};

pub(super) struct NoneWaitsInVain;

impl Checker for NoneWaitsInVain {
    fn property(&self) -> Property {
        Property::NoneWaitsInVain
    }

    fn see(&mut self, event: &Event<'_>) -> Result<(), String> {
        let Event::Settled { state, now, grants: true } = event else {
            return Ok(());
        };
        let waits = |(_, asked): &(&RequestId, &RequestState)| asked.grant.is_none();
        let mut waiting: Vec<_> = state.requests.iter().filter(waits).collect();
        if waiting.is_empty() {
            return Ok(());
        }
        waiting.sort_by_key(|(id, asked)| (Reverse(asked.request.priority), **id));
        let holders = holders(state);
        let mut kept = BTreeSet::new();
        for (id, asked) in waiting {
            if is_over_limit(state, &asked.request) {
                continue;
            }
            let mut available = candidates(&asked.request, &state.inventory);
            let may_be_kept = hold_back_is_due(asked, state, *now).then(|| available.clone());
            available.retain(|name| is_available(state, asked, name, &holders, &kept));
            if is_full(&asked.request, &state.inventory, &available) {
                return Err(format!("{id} waits, and what it waits for is among {available:?}"));
            }
            kept.extend(may_be_kept.into_iter().flatten());
        }
        Ok(())
    }
}

fn holders(state: &State) -> BTreeMap<&Name, &RequestState> {
    let held = state.requests.values().filter_map(|asked| Some((asked.grant.as_ref()?, asked)));
    held.flat_map(|(grant, asked)| held_names(grant).map(move |name| (name, asked))).collect()
}

fn is_available(
    state: &State,
    asked: &RequestState,
    name: &Name,
    holders: &BTreeMap<&Name, &RequestState>,
    kept: &BTreeSet<&Name>,
) -> bool {
    let mut stacks = state.inventory.stacks().iter().filter(|stack| stack.0.contains(name));
    let is_theirs = |mate: &Name| {
        holders.get(mate).is_none_or(|holder| holder.party == asked.party) && !kept.contains(mate)
    };
    !holders.contains_key(name)
        && !kept.contains(name)
        && stacks.all(|stack| stack.0.iter().all(is_theirs))
}

/// Whether one more grant to the holder, or the group, would be too much.
fn is_over_limit(state: &State, request: &Request) -> bool {
    let rules = state.inventory.rules();
    if rules.max_leases.is_unlimited() && rules.max_resources.is_unlimited() {
        return false;
    }
    let group = |request: &Request| request.tags.get::<Label>(&rules.group_tag.0).cloned();
    let own_group = group(request);
    let held_by = |same: &dyn Fn(&Request) -> bool| {
        let held = state.requests.values().filter(|asked| same(&asked.request));
        let sizes = held.filter_map(|asked| Some(held_names(asked.grant.as_ref()?).count()));
        sizes.fold((0, 0), |(leases, resources), size| (leases + 1, resources + size))
    };
    let is_over = |(leases, resources): (usize, usize), most: &dyn Fn(Allowance) -> Option<u32>| {
        let beyond = |most: Option<u32>, n: usize| most.is_some_and(|most| n > most as usize);
        beyond(most(rules.max_leases), leases + 1)
            || beyond(most(rules.max_resources), resources + request.requested())
    };
    let by_holder = held_by(&|other| other.holder == request.holder);
    let by_group =
        own_group.as_ref().map(|own| held_by(&|other| group(other).as_ref() == Some(own)));
    is_over(by_holder, &|allowance| allowance.per_holder)
        || by_group.is_some_and(|held| is_over(held, &|allowance| allowance.per_group))
}
