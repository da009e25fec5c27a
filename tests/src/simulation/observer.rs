//! Hands what happens to the checkers, and keeps the sum of the facts for them.

use std::collections::BTreeSet;
use std::sync::Arc;

use respo::{
    Command, Effects, Inventory, Record, RequestId, Resource, SessionId, State, Timestamp, Word,
};

use super::checkers::{Checkers, Event, Told, Violation};
use super::figures::Figures;
use super::specification::Happened;
use super::transcript::Transcript;

/// Sees everything that happens in a history.
pub(super) struct Observer {
    checkers: Checkers,
    pub(super) figures: Figures,
    pub(super) transcript: Transcript,
    /// What the facts add up to, the ones that are not durable included.
    ledger: State,
    /// The first one.
    pub(super) violation: Option<Violation>,
    /// In microseconds since the start.
    pub(super) clock: u64,
}

/// One call of the engine, and what came of it.
pub(super) struct Call<'c> {
    pub(super) now: Timestamp,
    pub(super) command: Option<&'c Command>,
    pub(super) answer: Option<Happened>,
    pub(super) effects: &'c Effects,
    pub(super) grants: bool,
    /// Where it was a submission that was taken.
    pub(super) sessions: &'c [(SessionId, Vec<RequestId>)],
}

impl Observer {
    pub(super) fn new(checkers: Checkers, transcript: Transcript) -> Self {
        let figures = Figures { histories: 1, ..Figures::default() };
        let (ledger, violation, clock) = (State::default(), None, 0);
        Self { checkers, figures, transcript, ledger, violation, clock }
    }

    pub(super) fn note<T: std::fmt::Display>(&mut self, line: impl FnOnce() -> T) {
        // The story ends with what went wrong.
        if self.violation.is_none() {
            self.transcript.note(self.clock, line);
        }
    }

    /// What the facts add up to, the ones that are not durable included.
    pub(super) fn ledger(&self) -> &State {
        &self.ledger
    }

    /// Whether something has gone wrong, so that going on shows nothing more.
    pub(super) fn is_over(&self) -> bool {
        self.violation.is_some()
    }

    pub(super) fn restored(
        &mut self,
        recovered: &State,
        state: &State,
        now: Timestamp,
        sessions: &[(SessionId, Vec<RequestId>)],
    ) {
        self.see(&Event::Restored { recovered, state, now, sessions });
        self.ledger = recovered.clone();
    }

    /// The engine was called.
    pub(super) fn called(&mut self, call: &Call<'_>) {
        let Call { now, command, answer, effects, grants, sessions } = call;
        if matches!(answer, Some(Happened::Refused(_))) {
            self.figures.refusals += 1;
        }
        if let (Some(answer), Some(command)) = (answer, command) {
            self.note(|| format!("engine: {} -> {answer:?}", describe(command)));
        }
        self.see(&Event::Stepped { now: *now, command: *command, answer: answer.clone(), effects });
        self.recorded(&effects.records, sessions);
        self.settled(*now, *grants);
    }

    /// Facts follow from something.
    pub(super) fn recorded(
        &mut self,
        records: &[Record],
        sessions: &[(SessionId, Vec<RequestId>)],
    ) {
        for record in records {
            self.note(|| format!("  {}", describe_record(record)));
            let before = std::mem::take(&mut self.ledger);
            self.see(&Event::Recorded { record, before: &before, sessions });
            self.ledger = before;
            self.ledger.apply(record);
        }
    }

    pub(super) fn settled(&mut self, now: Timestamp, grants: bool) {
        let state = std::mem::take(&mut self.ledger);
        self.see(&Event::Settled { state: &state, now, grants });
        self.ledger = state;
    }

    /// These batches are on stable storage now.
    pub(super) fn durable(&mut self, batches: &[Vec<Record>]) {
        for records in batches {
            self.see(&Event::Durable { records });
        }
    }

    pub(super) fn committed(&mut self, records: &[Record], live: Option<&State>) {
        self.see(&Event::Committed { records, live });
    }

    pub(super) fn told(&mut self, told: Told<'_>) {
        self.see(&Event::Told(told));
    }

    pub(super) fn finished(&mut self, state: &State, unfinished: &[String]) {
        self.see(&Event::Finished { state, unfinished });
    }

    fn see(&mut self, event: &Event<'_>) {
        self.figures.see(event);
        if self.violation.is_none() {
            self.violation = self.checkers.see(event);
            if let Some(violation) = &self.violation {
                let line = format!("VIOLATION {violation}");
                self.transcript.note(self.clock, || line);
            }
        }
    }
}

/// A command in a line.
fn describe(command: &Command) -> String {
    match command {
        Command::Submit { session, request, .. } => {
            let text = serde_json::to_string(&**request).unwrap_or_default();
            format!("session {} submits {text}", session.0)
        }
        Command::SubmitOnce { session, request, .. } => {
            let text = serde_json::to_string(&**request).unwrap_or_default();
            format!("session {} submits with a key {text}", session.0)
        }
        Command::Resume { session, .. } => format!("session {} resumes", session.0),
        Command::ReplaceInventory(inventory) => {
            format!("the inventory is now {}", describe_inventory(inventory))
        }
        other => format!("{other:?}"),
    }
}

/// Its resources with what they are like, its stacks and its rules.
fn describe_inventory(inventory: &Inventory) -> String {
    let resource = |resource: &Arc<Resource>| {
        let words = |words: &BTreeSet<Word>| {
            words.iter().map(|word| format!(" {word}")).collect::<String>()
        };
        let place = resource.location.iter().map(|place| format!(" at {place}"));
        let entities = resource.entities.values();
        let entities = entities.map(|entity| format!(" [{}]", words(&entity.attributes).trim()));
        let attributes = words(&resource.attributes);
        let rest: String = place.chain(entities).collect();
        format!("{}{attributes}{rest}", resource.name)
    };
    let resources: Vec<String> = inventory.resources().iter().map(resource).collect();
    let json = |value: serde_json::Result<String>| value.unwrap_or_default();
    let stacks = json(serde_json::to_string(inventory.stacks()));
    let rules = json(serde_json::to_string(inventory.rules()));
    format!("{}; stacks {stacks}; rules {rules}", resources.join(", "))
}

fn describe_record(record: &Record) -> String {
    match record {
        Record::Queued { id, party, .. } => format!("queued {id} of party {party}"),
        Record::Granted { id, fence, resources, expires, .. } => {
            let until = expires.map(|at| format!(" until {at}")).unwrap_or_default();
            format!("granted {id} with fence {fence}: {resources:?}{until}")
        }
        Record::Ended { id, reason, .. } => format!("ended {id}: {reason}"),
        Record::Transferred { id, request, party, .. } => {
            format!("passed on {id} to {:?}, of party {party}", request.holder)
        }
        Record::ClockSet { from, to } => format!("clock set from {from} to {to}"),
        Record::InventoryReplaced { revision, inventory, .. } => {
            format!("inventory {revision} of {} resources", inventory.len())
        }
        other => format!("{other:?}"),
    }
}
