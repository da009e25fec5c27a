//! Fences rise: in what is recorded, over all grants; in what is told, for each resource, whatever crashes lie
//! in between. A fence that was lost with its batch may be used again, since nobody has seen it.

use std::collections::BTreeMap;

use respo::{Fence, Grant, Name, Record, RequestId};

use super::{Checker, Event, Property, Told, held_names};

#[derive(Default)]
pub(super) struct FencesRise {
    told: BTreeMap<Name, (Fence, RequestId)>,
}

impl Checker for FencesRise {
    fn property(&self) -> Property {
        Property::FencesRise
    }

    fn see(&mut self, event: &Event<'_>) -> Result<(), String> {
        match event {
            Event::Recorded { record: Record::Granted { id, fence, .. }, before, .. }
                if *fence <= before.last_fence =>
            {
                let last = before.last_fence;
                Err(format!("{id} is granted with fence {fence}, after fence {last}"))
            }
            Event::Told(Told::Granted(grant)) => self.told(grant),
            _ => Ok(()),
        }
    }
}

impl FencesRise {
    fn told(&mut self, grant: &Grant) -> Result<(), String> {
        let Grant { id, fence, .. } = grant;
        for name in held_names(grant) {
            let Some((last, other)) = self.told.get(name) else {
                self.told.insert(name.clone(), (*fence, *id));
                continue;
            };
            if (fence, id) != (last, other) && fence <= last {
                return Err(format!(
                    "{id} is told of {name} with fence {fence}, {other} was told of it with {last}"
                ));
            }
            self.told.insert(name.clone(), (*fence, *id));
        }
        Ok(())
    }
}
