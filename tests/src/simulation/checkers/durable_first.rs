//! Nobody is told of what is not on stable storage, or was not at some time.

use std::collections::{BTreeMap, BTreeSet};

use respo::{Fence, Grant, Name, Record, RequestId};

use super::{Checker, Event, Property, Told};

/// What a lease has, per requirement.
type Names = Vec<Vec<Name>>;

#[derive(Default)]
pub(super) struct DurableBeforeTold {
    queued: BTreeSet<RequestId>,
    /// What each lease has had: less, each time that it gave something back.
    granted: BTreeMap<RequestId, (Fence, Vec<Names>)>,
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
                    Told::Made { id, .. } => format!("{id} is told to whoever has its key"),
                    Told::Promised { id, .. } => format!("{id} is told how long it lives"),
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
                self.granted.insert(*id, (*fence, vec![resources.clone()]));
            }
            Record::PartlyReleased { id, resources, .. } => {
                if let Some((_, versions)) = self.granted.get_mut(id) {
                    let mut rest = versions.last().cloned().unwrap_or_default();
                    rest.iter_mut().for_each(|held| held.retain(|name| !resources.contains(name)));
                    versions.push(rest);
                }
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
            Told::Granted(grant) => self.granted.get(&grant.id).is_some_and(|(fence, versions)| {
                *fence == grant.fence && versions.iter().any(|names| is_told(names, grant))
            }),
            Told::Made { id, .. } => self.queued.contains(id),
            // What is durable of it shows in what becomes of it.
            Told::Promised { .. } => true,
        }
    }
}

/// Whether these are the names that are told.
fn is_told(names: &[Vec<Name>], grant: &Grant) -> bool {
    let told = grant.resources.iter();
    names.len() == told.len()
        && names
            .iter()
            .zip(told)
            .all(|(names, told)| names.iter().eq(told.iter().map(|resource| &resource.name)))
}
