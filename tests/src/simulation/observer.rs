//! Hands what happens to the checkers, and keeps the sum of the facts for them.

use respo::{Command, Effects, Record, RequestId, SessionId, State, Timestamp};

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
        Command::Resume { session, .. } => format!("session {} resumes", session.0),
        Command::ReplaceInventory(inventory) => {
            let names = inventory.resources().iter().map(|resource| resource.name.as_str());
            format!("the inventory is now {}", names.collect::<Vec<_>>().join(" "))
        }
        other => format!("{other:?}"),
    }
}

fn describe_record(record: &Record) -> String {
    match record {
        Record::Queued { id, party, .. } => format!("queued {id} of party {party}"),
        Record::Granted { id, fence, resources, expires, .. } => {
            let until = expires.map(|at| format!(" until {at}")).unwrap_or_default();
            format!("granted {id} with fence {fence}: {resources:?}{until}")
        }
        Record::Ended { id, reason, .. } => format!("ended {id}: {reason}"),
        Record::ClockSet { from, to } => format!("clock set from {from} to {to}"),
        Record::InventoryReplaced { revision, inventory, .. } => {
            format!("inventory {revision} of {} resources", inventory.len())
        }
        other => format!("{other:?}"),
    }
}
