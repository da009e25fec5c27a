//! Nobody is told of what is not on stable storage, or was not at some time.

use std::collections::{BTreeMap, BTreeSet};

use respo::{Fence, Name, Record, RequestId};

use super::{Checker, Event, Property, Told};

#[derive(Default)]
pub(super) struct DurableBeforeTold {
    queued: BTreeSet<RequestId>,
    granted: BTreeMap<RequestId, (Fence, Vec<Vec<Name>>)>,
    ended: BTreeSet<RequestId>,
    revision: u64,
}

impl Checker for DurableBeforeTold {
    fn property(&self) -> Property {
        Property::DurableBeforeTold
    }

    fn see(&mut self, event: &Event<'_>) -> Result<(), String> {
        match event {
            Event::Durable { records } => records.iter().for_each(|record| self.durable(record)),
            Event::Told(told) if !self.is_durable(told) => {
                return Err(match told {
                    Told::Taken(id) => format!("{id} is told that it was taken"),
                    Told::Granted(grant) => format!("{} is told that it was granted", grant.id),
                    Told::Ended(id) => format!("{id} is told that it has ended"),
                    Told::Holding { id, .. } => format!("{id} is shown as a lease"),
                    Told::Revision(revision) => format!("revision {revision} is told"),
                } + ", which is not durable");
            }
            _ => {}
        }
        Ok(())
    }
}

impl DurableBeforeTold {
    fn durable(&mut self, record: &Record) {
        match record {
            Record::Queued { id, .. } => {
                self.queued.insert(*id);
            }
            Record::Granted { id, fence, resources, .. } => {
                self.granted.insert(*id, (*fence, resources.clone()));
            }
            Record::Ended { id, .. } => {
                self.ended.insert(*id);
            }
            Record::InventoryReplaced { revision, .. } => self.revision = *revision,
            _ => {}
        }
    }

    fn is_durable(&self, told: &Told<'_>) -> bool {
        match told {
            Told::Taken(id) => self.queued.contains(id),
            Told::Ended(id) => self.ended.contains(id),
            Told::Revision(revision) => self.revision >= *revision,
            Told::Holding { id, fence } => {
                self.granted.get(id).is_some_and(|(granted, _)| granted == fence)
            }
            Told::Granted(grant) => self.granted.get(&grant.id).is_some_and(|(fence, names)| {
                let told = grant.resources.iter();
                *fence == grant.fence
                    && names.len() == told.len()
                    && names.iter().zip(told).all(|(names, told)| {
                        names.iter().eq(told.iter().map(|resource| &resource.name))
                    })
            }),
        }
    }
}
