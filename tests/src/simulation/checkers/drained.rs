//! After the faults have stopped, every queue drains: whoever waits is granted or told why not, and nothing is
//! left of anybody.

use super::{Checker, Event, Property};

pub(super) struct Drains;

impl Checker for Drains {
    fn property(&self) -> Property {
        Property::Drains
    }

    fn see(&mut self, event: &Event<'_>) -> Result<(), String> {
        let Event::Finished { state, unfinished } = event else {
            return Ok(());
        };
        let left = state.requests.iter().map(|(id, asked)| match asked.grant {
            Some(_) => format!("the lease {id} is left"),
            None => format!("the request {id} is left"),
        });
        let left: Vec<String> = left.chain(unfinished.iter().cloned()).collect();
        if left.is_empty() { Ok(()) } else { Err(left.join("; ")) }
    }
}
