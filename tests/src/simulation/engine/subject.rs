//! The engine, as it is or with a bug planted.
//!
//! A bug is planted from outside: in what the engine is asked, or in what follows from it.

use std::sync::Arc;

use respo::idempotency::SpentKeys;
use respo::{
    Allowance, AttributeMatcher, Command, Effects, EndReason, Engine, Inventory, Limits,
    MAX_DURATION, Name, NoticeKind, Priority, Record, Refusal, Reply, Request, RequestId, Rules,
    SessionId, State, Timestamp,
};

use crate::simulation::bug::Bug;
use crate::simulation::checkers::holder;

/// Every how-manieth grant is forged.
const FORGED: u64 = 4;

pub(super) struct Subject {
    engine: Engine,
    bug: Option<Bug>,
    grants: u64,
}

impl Subject {
    pub(super) fn restore(
        limits: Limits,
        mut state: State,
        now: Timestamp,
        sessions: &[(SessionId, Vec<RequestId>)],
        bug: Option<Bug>,
    ) -> Self {
        match bug {
            Some(Bug::ForgetsLease) => {
                let mut leases = state.requests.iter().filter(|(_, asked)| asked.grant.is_some());
                if let Some(id) = leases.next().map(|(id, _)| *id) {
                    state.requests.remove(&id);
                }
            }
            Some(Bug::ForgetsPromises) => {
                state.requests.values_mut().for_each(|asked| asked.until = None);
            }
            Some(Bug::ForgetsKeys) => {
                state.requests.values_mut().for_each(|asked| asked.made_with = None);
                state.spent_keys = SpentKeys::default();
            }
            Some(bug) => {
                if let Some(stripped) = stripped(&state.inventory, bug) {
                    state.inventory = Arc::new(stripped);
                }
            }
            None => {}
        }
        let matcher = Arc::new(AttributeMatcher);
        let engine = Engine::restore_with(limits, matcher, state, now, sessions);
        Self { engine, bug, grants: 0 }
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Carries out a command. `effects` are empty before.
    pub(super) fn handle(
        &mut self,
        now: Timestamp,
        command: Command,
        effects: &mut Effects,
    ) -> Result<Reply, Refusal> {
        let Some(bug) = self.bug else {
            return self.engine.handle(now, command, effects);
        };
        let original = command.clone();
        let result = self.engine.handle(now, distorted(command, bug), effects);
        for record in &mut effects.records {
            match (record, &original) {
                (
                    Record::Queued { request, .. },
                    Command::Submit { request: original, .. }
                    | Command::SubmitOnce { request: original, .. },
                ) => *request = Arc::clone(original),
                (
                    Record::InventoryReplaced { inventory, .. },
                    Command::ReplaceInventory(original),
                ) => *inventory = Arc::clone(original),
                _ => {}
            }
        }
        self.forge(effects, bug);
        result
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp, effects: &mut Effects) {
        self.engine.handle_timeout(now, effects);
        if let Some(bug) = self.bug {
            self.forge(effects, bug);
        }
    }

    /// Alters some of the grants among the effects.
    fn forge(&mut self, effects: &mut Effects, bug: Bug) {
        let mut forgotten = Vec::new();
        self.forge_terms(effects, bug);
        for record in &mut effects.records {
            let Record::Granted { id, fence, resources, .. } = record else { continue };
            self.grants += 1;
            if !self.grants.is_multiple_of(FORGED) {
                continue;
            }
            let Some(name) = resources.first_mut().and_then(|names| names.first_mut()) else {
                continue;
            };
            let state = self.engine.state();
            match bug {
                Bug::GrantsHeld => replace(
                    name,
                    another(state, |holder| holder.is_some_and(|holder| holder != *id)),
                ),
                Bug::GrantsUnsuitable => replace(name, another(state, |holder| holder.is_none())),
                Bug::GrantsPart => {
                    resources.first_mut().and_then(Vec::pop);
                }
                Bug::RepeatsFence => fence.0 = fence.0.saturating_sub(1),
                Bug::ForgetsWaiter => forgotten.push(*id),
                _ => {}
            }
        }
        let is_forgotten = |id: &RequestId| forgotten.contains(id);
        effects
            .records
            .retain(|record| !matches!(record, Record::Granted { id, .. } if is_forgotten(id)));
        effects.notices.retain(
            |notice| !matches!(&notice.kind, NoticeKind::Granted(grant) if is_forgotten(&grant.id)),
        );
    }
}

impl Subject {
    /// Alters what becomes of leases.
    fn forge_terms(&self, effects: &mut Effects, bug: Bug) {
        let state = self.engine.state();
        for record in &mut effects.records {
            match (record, bug) {
                (Record::PartlyReleased { id, resources, .. }, Bug::GivesBackOthers) => {
                    let id = *id;
                    resources.extend(another(state, |holder| holder.is_some_and(|it| it != id)));
                }
                (Record::Transferred { party, .. }, Bug::KeepsParty) => {
                    // As if it had been made by a session that has other requests.
                    let mut parties = state.requests.values().map(|asked| asked.party);
                    *party = parties.find(|other| other != party).unwrap_or(*party);
                }
                _ => {}
            }
        }
        if bug == Bug::OverlooksExpiry {
            let expired = |record: &Record| {
                matches!(record, Record::Ended { reason: EndReason::Expired, .. })
            };
            effects.records.retain(|record| !expired(record));
        }
    }
}

fn replace(name: &mut Name, other: Option<Name>) {
    if let Some(other) = other {
        *name = other;
    }
}

/// A resource of whose holder something is true.
fn another(state: &State, is_wanted: impl Fn(Option<RequestId>) -> bool) -> Option<Name> {
    let mut names = state.inventory.resources().iter().map(|resource| &resource.name);
    names.find(|name| is_wanted(holder(state, name))).cloned()
}

fn distorted(command: Command, bug: Bug) -> Command {
    match (command, bug) {
        (Command::Submit { session, request, token }, Bug::OverlooksPriority) => {
            let mut altered = Request::clone(&request);
            altered.priority = Priority::default();
            Command::Submit { session, request: Arc::new(altered), token }
        }
        (Command::SubmitOnce { session, request, token, made_with }, Bug::OverlooksPriority) => {
            let mut altered = Request::clone(&request);
            altered.priority = Priority::default();
            Command::SubmitOnce { session, request: Arc::new(altered), token, made_with }
        }
        (Command::ReplaceInventory(inventory), bug) => {
            let inventory = stripped(&inventory, bug).map_or(inventory, Arc::new);
            Command::ReplaceInventory(inventory)
        }
        (command, _) => command,
    }
}

/// The inventory without what a bug makes the engine overlook.
fn stripped(inventory: &Inventory, bug: Bug) -> Option<Inventory> {
    match bug {
        Bug::OverlooksStacks => inventory.clone().with_stacks([]).ok(),
        Bug::OverlooksLimits => {
            let mut rules = inventory.rules().clone();
            rules.max_leases = Allowance::default();
            rules.max_resources = Allowance::default();
            Some(inventory.clone().with_rules(rules))
        }
        Bug::HoldsNothingBack => {
            let hold_back_after = MAX_DURATION;
            let rules = Rules { hold_back_after, ..inventory.rules().clone() };
            Some(inventory.clone().with_rules(rules))
        }
        _ => None,
    }
}
