//! A resource is in at most one lease.

use std::collections::BTreeSet;

use respo::Record;

use super::{Checker, Event, Property, holder};

pub(super) struct Exclusion;

impl Checker for Exclusion {
    fn property(&self) -> Property {
        Property::Exclusion
    }

    fn see(&mut self, event: &Event<'_>) -> Result<(), String> {
        let Event::Recorded { record: Record::Granted { id, resources, .. }, before, .. } = event
        else {
            return Ok(());
        };
        let mut granted = BTreeSet::new();
        for name in resources.iter().flatten() {
            if let Some(other) = holder(before, name) {
                return Err(format!("{name} is granted to {id}, but {other} holds it"));
            }
            if !granted.insert(name) {
                return Err(format!("{name} is granted to {id} twice"));
            }
        }
        Ok(())
    }
}
