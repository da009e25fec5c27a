//! A key makes one request, however often it is sent, whatever crashes lie in between. What was lost with its
//! batch may be made again, since nobody has been told of it.

use std::collections::BTreeMap;

use respo::{Record, RequestId, TokenDigest};

use super::{Checker, Event, Property, Told};

#[derive(Default)]
pub(super) struct MadeOnce {
    told: BTreeMap<TokenDigest, RequestId>,
}

impl Checker for MadeOnce {
    fn property(&self) -> Property {
        Property::MadeOnce
    }

    fn see(&mut self, event: &Event<'_>) -> Result<(), String> {
        match event {
            Event::Recorded {
                record: Record::Queued { id, made_with: Some(made_with), .. },
                before,
                ..
            } => {
                let mut requests = before.requests.iter();
                let live = requests.find(|(_, asked)| {
                    asked.made_with.is_some_and(|other| other.key == made_with.key)
                });
                let spent = before.spent_keys.find(&made_with.key);
                match live.map(|(id, _)| *id).or(spent) {
                    Some(other) => Err(format!("{id} is made with the key that made {other}")),
                    None => Ok(()),
                }
            }
            Event::Told(Told::Made { key, id }) => {
                let first = *self.told.entry(*key).or_insert(*id);
                if first == *id {
                    return Ok(());
                }
                Err(format!("a key has made {first}, and its client is told that it made {id}"))
            }
            _ => Ok(()),
        }
    }
}
