//! A store whose writes are lost unless they are synchronized.

use respo::{Record, State};

use super::bug::Bug;
use crate::crash::dice::Dice;

/// Batches, each as the records that it has.
pub(super) type Batches = Vec<Vec<Record>>;

pub(super) struct Store {
    durable: State,
    /// Before the last batch that became durable.
    earlier: State,
    /// Written, but not synchronized.
    unsynced: Batches,
    bug: Option<Bug>,
}

impl Store {
    pub(super) fn new(bug: Option<Bug>) -> Self {
        Self { durable: State::default(), earlier: State::default(), unsynced: Vec::new(), bug }
    }

    /// What is on stable storage.
    pub(super) fn durable(&self) -> &State {
        &self.durable
    }

    /// Writes a batch, which may be lost until it is synchronized.
    pub(super) fn write(&mut self, records: Vec<Record>) {
        self.unsynced.push(records);
    }

    /// Says that everything that was written is durable, after making it so. Returns what has become durable.
    pub(super) fn acknowledge(&mut self) -> Batches {
        if self.bug == Some(Bug::AcknowledgesUnsynced) {
            let last = self.unsynced.pop();
            let synced = self.sync();
            self.unsynced.extend(last);
            return synced;
        }
        self.sync()
    }

    /// The same for the earliest batch, whatever was written after it.
    pub(super) fn acknowledge_earliest(&mut self) -> Batches {
        let later = self.unsynced.split_off(self.unsynced.len().min(1));
        let synced = self.acknowledge();
        self.unsynced.extend(later);
        synced
    }

    /// Makes durable what was written, and returns it.
    pub(super) fn sync(&mut self) -> Batches {
        let batches = std::mem::take(&mut self.unsynced);
        for records in &batches {
            if self.bug == Some(Bug::LosesBatch) {
                self.earlier = self.durable.clone();
            }
            records.iter().for_each(|record| self.durable.apply(record));
        }
        batches
    }

    /// Forgets what was written and not synchronized, and says how many batches that are.
    pub(super) fn lose(&mut self) -> u64 {
        std::mem::take(&mut self.unsynced).len() as u64
    }

    /// The machine stops: what was not synchronized may be there, or not. Returns what has become durable, and
    /// how many batches were lost.
    pub(super) fn crash(&mut self, dice: &mut Dice) -> (Batches, u64) {
        match self.bug {
            Some(Bug::LosesBatch) if self.unsynced.is_empty() => {
                self.durable = self.earlier.clone();
            }
            Some(Bug::KeepsHalfBatch) => {
                for records in &mut self.unsynced {
                    records.truncate(records.len().div_ceil(2));
                }
                return (self.sync(), 0);
            }
            _ => {}
        }
        if dice.chance(40) { (self.sync(), 0) } else { (Vec::new(), self.lose()) }
    }
}
