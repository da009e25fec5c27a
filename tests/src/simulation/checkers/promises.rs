//! What was said to live until some time does not end before that for want of a renewal or of more time,
//! whatever crashes lie in between. With its grant a request that waited begins another life, which its maximum
//! duration ends.

use std::collections::BTreeMap;

use respo::{EndReason, Record, RequestId, Timestamp};

use super::{Checker, Event, Property, Told};

type Promises = BTreeMap<RequestId, Timestamp>;

#[derive(Default)]
pub(super) struct KeepsPromises {
    /// By the clock that is in force.
    promises: Promises,
    /// By the clock that would be after a crash: one that was set is not in force before that is durable.
    durable: Promises,
}

impl Checker for KeepsPromises {
    fn property(&self) -> Property {
        Property::KeepsPromises
    }

    fn see(&mut self, event: &Event<'_>) -> Result<(), String> {
        match event {
            Event::Told(Told::Promised { id, until }) => {
                for promises in [&mut self.promises, &mut self.durable] {
                    let known = promises.entry(*id).or_insert(*until);
                    *known = (*known).max(*until);
                }
            }
            Event::Restored { .. } => self.promises = self.durable.clone(),
            Event::Durable { records } => {
                records.iter().for_each(|record| follow(&mut self.durable, record));
            }
            Event::Recorded { record, .. } => {
                follow(&mut self.promises, record);
                return self.recorded(record);
            }
            _ => {}
        }
        Ok(())
    }
}

impl KeepsPromises {
    fn recorded(&self, record: &Record) -> Result<(), String> {
        let Record::Ended { id, reason, at } = record else { return Ok(()) };
        if !matches!(reason, EndReason::Expired | EndReason::MaxDuration) {
            return Ok(());
        }
        match self.promises.get(id) {
            Some(until) if at < until => {
                Err(format!("{id} ends at {at} ({reason}), it was to live until {until}"))
            }
            _ => Ok(()),
        }
    }
}

fn follow(promises: &mut Promises, record: &Record) {
    match record {
        Record::ClockSet { from, to } => {
            for until in promises.values_mut() {
                *until = until.moved(*from, *to);
            }
        }
        Record::Granted { id, .. } => {
            promises.remove(id);
        }
        _ => {}
    }
}
