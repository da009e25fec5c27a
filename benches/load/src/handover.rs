//! Passing one resource from client to client.

use std::sync::Mutex;
use std::time::Instant;

use crate::failure::Failure;

/// When it was released, and whose turn it is.
#[derive(Debug, Default)]
pub(crate) struct Handover(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    released: Option<Instant>,
    last_id: u64,
    is_held: bool,
}

impl Handover {
    /// A client has been granted it, with the lease of this id. Returns when it was released before.
    ///
    /// # Errors
    /// Somebody else has it, or has waited for longer: requests have rising ids, unless they have none.
    pub(crate) fn granted(&self, id: u64) -> Result<Option<Instant>, Failure> {
        let mut state = self.0.lock().map_err(|_| Failure::new("a client has panicked"))?;
        if state.is_held {
            return Err(Failure::new(format!("{id} is granted what {} has", state.last_id)));
        }
        if id != 0 && id <= state.last_id {
            return Err(Failure::new(format!("{id} was granted after {}", state.last_id)));
        }
        (state.last_id, state.is_held) = (id, true);
        Ok(state.released.take())
    }

    /// Whoever has it is about to release it.
    pub(crate) fn releasing(&self) {
        if let Ok(mut state) = self.0.lock() {
            state.is_held = false;
            state.released = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_came_first_goes_first() {
        let handover = Handover::default();
        assert!(handover.granted(1).unwrap().is_none());
        handover.releasing();
        assert!(handover.granted(3).unwrap().is_some());
        handover.releasing();
        assert_eq!(handover.granted(2).unwrap_err().to_string(), "2 was granted after 3");
    }

    #[test]
    fn one_has_it_at_a_time() {
        let handover = Handover::default();
        handover.granted(0).unwrap();
        assert!(handover.granted(0).is_err());
        handover.releasing();
        handover.granted(0).unwrap();
    }
}
