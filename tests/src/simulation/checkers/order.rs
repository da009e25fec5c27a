//! The engine does what the naive loop does: the same grants, ends and refusals, in the same order.

use respo::{Command, Limits};

use super::{Checker, Event, Property};
use crate::simulation::specification::{Happened, Specification};

pub(super) struct Order<S> {
    limits: Limits,
    /// Nothing before the first start, and from a planned stop on: only what becomes of leases then is
    /// specified, and that is for others to check.
    specification: Option<S>,
}

impl<S> Order<S> {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, specification: None }
    }
}

impl<S: Specification + Send> Checker for Order<S> {
    fn property(&self) -> Property {
        Property::Order
    }

    fn see(&mut self, event: &Event<'_>) -> Result<(), String> {
        match event {
            Event::Restored { state, now, sessions, .. } => {
                self.specification = Some(S::restore(&self.limits, state, *now, sessions));
            }
            Event::Stepped { command: Some(Command::Suspend | Command::EndAll), .. } => {
                self.specification = None;
            }
            Event::Stepped { now, command, answer, effects } => {
                let Some(specification) = &mut self.specification else {
                    return Ok(());
                };
                let expected = specification.step(*now, *command);
                let mut happened: Vec<_> =
                    effects.notices.iter().filter_map(Happened::of).collect();
                happened.extend(answer.clone());
                if expected != happened {
                    return Err(format!(
                        "the engine did {happened:?}, the naive loop {expected:?}"
                    ));
                }
            }
            _ => {}
        }
        Ok(())
    }
}
