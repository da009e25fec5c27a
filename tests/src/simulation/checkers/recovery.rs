//! What is recovered is what was there: all that the server took for durable, and of the batches whose fate it did
//! not learn everything or nothing. And while it runs, its records add up to its state.

use respo::{Record, State};

use super::{Checker, Event, Property};

#[derive(Default)]
pub(super) struct RecoveredIsLive {
    /// What the server took for durable.
    committed: State,
    /// What has been recorded since.
    pending: Vec<Record>,
}

impl Checker for RecoveredIsLive {
    fn property(&self) -> Property {
        Property::RecoveredIsLive
    }

    fn see(&mut self, event: &Event<'_>) -> Result<(), String> {
        match event {
            Event::Recorded { record, .. } => self.pending.push((*record).clone()),
            Event::Committed { records, live } => {
                // What was written after these may be on its way still.
                self.pending.drain(..records.len().min(self.pending.len()));
                records.iter().for_each(|record| self.committed.apply(record));
                if live.is_some_and(|live| *live != self.committed) {
                    return Err("the records do not add up to the engine's state".to_owned());
                }
            }
            Event::Restored { recovered, .. } => {
                self.recovered(recovered)?;
                self.pending.clear();
                self.committed = (*recovered).clone();
            }
            _ => {}
        }
        Ok(())
    }
}

impl RecoveredIsLive {
    fn recovered(&self, recovered: &State) -> Result<(), String> {
        if *recovered == self.committed {
            return Ok(());
        }
        let mut with_pending = self.committed.clone();
        self.pending.iter().for_each(|record| with_pending.apply(record));
        if *recovered == with_pending {
            return Ok(());
        }
        Err(format!(
            "what was committed is {}, what is recovered {}",
            describe(&self.committed),
            describe(recovered)
        ))
    }
}

fn describe(state: &State) -> String {
    let ids: Vec<u64> = state.requests.keys().map(|id| id.0).collect();
    let (revision, last, fence) = (state.revision, state.last_id, state.last_fence);
    format!("revision {revision}, requests {ids:?} up to {last}, fence {fence}")
}
