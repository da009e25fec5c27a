//! An engine and the specification in step.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use respo::{
    AttributeMatcher, Authority, Command, Effects, Engine, Limits, Name, Record, Refusal, Reply,
    RequestId, SessionId, State, Timestamp,
};

use crate::random_histories::{Step, held_names, promises};
use crate::specification::{Happened, Specification};

/// An engine, what its records add up to, and the specification.
pub(super) struct Pool {
    limits: Limits,
    now: Timestamp,
    engine: Engine,
    durable: State,
    specification: Specification,
}

/// What is not as it must be.
type Outcome = Result<(), String>;

impl Pool {
    pub(super) fn new(limits: Limits) -> Self {
        let (now, durable) = (Timestamp::from_micros(0), State::default());
        Self {
            engine: restored(&limits, &durable, now, &[]),
            specification: Specification::new(limits.clone()),
            limits,
            now,
            durable,
        }
    }

    pub(super) fn step(&mut self, step: &Step) -> Outcome {
        let held = |id| held_names(&self.durable, id);
        if let Some(command) = step.command(self.durable.last_id, held) {
            return self.command(command);
        }
        if let Step::Advance(micros) | Step::Sleep(micros) = step {
            self.now = self.now.after(Duration::from_micros(*micros));
        }
        if let Step::Sleep(_) = step {
            return Ok(());
        }
        let mut effects = Effects::default();
        self.engine.handle_timeout(self.now, &mut effects);
        let mut specified = self.specification.pass_time(self.now);
        specified.push(Happened::Done);
        self.compare(&effects, &Ok(Reply::Done), &specified)
    }

    pub(super) fn command(&mut self, command: Command) -> Outcome {
        let specified = self.specification.handle(self.now, &command);
        let mut effects = Effects::default();
        let answer = self.engine.handle(self.now, command, &mut effects);
        self.compare(&effects, &answer, &specified)
    }

    /// Goes on with an engine that is restored from what is durable. Sessions that `stay` are there still.
    pub(super) fn restart(&mut self, stay: impl Fn(SessionId) -> bool) -> Outcome {
        let mut attachments = self.engine.attachments();
        attachments.retain(|(session, _)| stay(*session));
        self.engine = restored(&self.limits, &self.durable, self.now, &attachments);
        let limits = self.limits.clone();
        self.specification = Specification::restore(limits, &self.durable, self.now, &attachments);
        self.check_state()
    }

    /// Lets go of what is held, one after another, in this engine and in a restored one: both serve the same
    /// requests in the same order.
    pub(super) fn empty(mut self) -> Outcome {
        // What is due is done before, even if nobody was there at the end.
        self.step(&Step::Advance(0))?;
        let attachments = self.engine.attachments();
        self.restart(|_| true)?;
        let mut other = restored(&self.limits, &self.durable, self.now, &attachments);
        while let Some(id) = first_lease(&self.durable) {
            let command = Command::End { id, by: Authority::Administrator };
            let mut effects = Effects::default();
            let answer = other.handle(self.now, command.clone(), &mut effects);
            self.command(command)?;
            equal("a restored engine answers", &Happened::answer(&answer), &Happened::Done)?;
            equal("a restored engine's state", other.state(), &self.durable)?;
        }
        Ok(())
    }

    fn compare(
        &mut self,
        effects: &Effects,
        answer: &Result<Reply, Refusal>,
        specified: &[Happened],
    ) -> Outcome {
        for record in &effects.records {
            self.durable.apply(record);
            if let Record::Granted { resources, .. } = record {
                not_split(&self.durable, resources)?;
            }
        }
        let mut happened: Vec<Happened> = effects.notices.iter().filter_map(Happened::of).collect();
        happened.push(Happened::answer(answer));
        equal("what happened, and what should have,", happened.as_slice(), specified)?;
        self.check_state()
    }

    fn check_state(&self) -> Outcome {
        equal("the state, and the records' sum,", self.engine.state(), &self.durable)?;
        equal("ages", &self.durable.last_used, &self.specification.last_used())?;
        let parties = self.durable.requests.iter().map(|(id, one)| (*id, one.party)).collect();
        equal("parties", &parties, &self.specification.parties())?;
        equal("promises", &promises(&self.durable), &self.specification.promises())?;
        let spent: Vec<_> =
            self.durable.spent_keys.iter().map(|spent| (spent.key, spent.id)).collect();
        equal("spent keys", &spent, &self.specification.spent_keys())?;
        let mut seen = BTreeSet::new();
        match held(&self.durable).find(|(name, _)| !seen.insert(*name)) {
            Some((name, _)) => Err(format!("{name} has two holders")),
            None => Ok(()),
        }
    }
}

fn restored(
    limits: &Limits,
    state: &State,
    now: Timestamp,
    attachments: &[(SessionId, Vec<RequestId>)],
) -> Engine {
    let matcher = Arc::new(AttributeMatcher);
    Engine::restore_with(limits.clone(), matcher, state.clone(), now, attachments)
}

fn equal<T: PartialEq + Debug + ?Sized>(what: &str, left: &T, right: &T) -> Outcome {
    if left == right {
        return Ok(());
    }
    Err(format!("{what} differ:\n{left:#?}\n{right:#?}"))
}

/// Everything that is held, and by which party.
fn held(state: &State) -> impl Iterator<Item = (&Name, RequestId)> {
    let leases = state.requests.values().filter_map(|one| Some((one.grant.as_ref()?, one.party)));
    leases.flat_map(|(grant, party)| {
        grant.resources.iter().flatten().map(move |resource| (&resource.name, party))
    })
}

/// No stack that something has just been granted of is held by two parties.
fn not_split(state: &State, granted: &[Vec<Name>]) -> Outcome {
    let held: BTreeMap<&Name, RequestId> = held(state).collect();
    for stack in state.inventory.stacks() {
        let parties: BTreeSet<_> = stack.0.iter().filter_map(|name| held.get(name)).collect();
        if parties.len() > 1 && granted.iter().flatten().any(|name| stack.0.contains(name)) {
            return Err(format!("{stack:?} is split between {parties:?}"));
        }
    }
    Ok(())
}

fn first_lease(state: &State) -> Option<RequestId> {
    let mut requests = state.requests.iter();
    requests.find(|(_, one)| one.grant.is_some()).map(|(id, _)| *id)
}
