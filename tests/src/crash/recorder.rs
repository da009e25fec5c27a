//! Where everybody in a run writes down what happens.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::crash::history::{Event, History, Moment, Record};

/// The history that is being made. Clones write to the same one.
#[derive(Debug, Clone)]
pub struct Recorder {
    began: Instant,
    records: Arc<Mutex<Vec<Record>>>,
}

impl Recorder {
    /// An empty history, whose clock begins now.
    #[must_use]
    pub fn start() -> Self {
        Self { began: Instant::now(), records: Arc::default() }
    }

    /// Adds what is about to be done or has just been told.
    pub fn record(&self, event: Event) {
        let mut records = self.records.lock().expect("no panic while it is locked");
        // The clock is read under the lock, so that the order of the records is the order of time.
        let elapsed = u64::try_from(self.began.elapsed().as_nanos());
        let at = Moment(elapsed.expect("a run lasts less than 500 years"));
        records.push(Record { at, event });
    }

    /// What there is so far.
    #[must_use]
    pub fn history(&self) -> History {
        History(self.records.lock().expect("no panic while it is locked").clone())
    }
}
