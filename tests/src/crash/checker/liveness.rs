//! The server stays up unless it is killed, and once the faults are over everything comes to an end.

use crate::crash::checker::lives::Life;
use crate::crash::checker::{Evidence, Property, Violation};
use crate::crash::history::{Event, Step};

pub(super) fn check(evidence: &Evidence<'_>) -> Vec<Violation> {
    let mut explanations = Vec::new();
    let mut looked = false;
    for record in &evidence.history.0 {
        match &record.event {
            Event::ServerExited { run, how } => {
                explanations.push(format!("the server ended by itself in its run {run}: {how}"));
            }
            Event::Left { not_free, waiting } => {
                looked = true;
                if !not_free.is_empty() || !waiting.is_empty() {
                    explanations.push(format!(
                        "when all clients had left, {not_free:?} were not free, and {waiting:?} waited"
                    ));
                }
            }
            _ => {}
        }
    }
    if looked {
        let lives = evidence.lives.iter().filter(|life| !life.is_over());
        explanations.extend(lives.map(|life| {
            let last = life.steps.last().map(|(at, step)| format!(" after {step:?} at {at}"));
            format!("{life} came to no end{}", last.unwrap_or_default())
        }));
    } else {
        explanations.push("the run did not come to its end".to_owned());
    }
    explanations.into_iter().map(|it| Violation::of(Property::Liveness, it)).collect()
}

impl Life<'_> {
    /// Whether its client has nothing more to expect of it.
    fn is_over(&self) -> bool {
        let untold = self.tellings.is_empty();
        self.steps.iter().any(|(_, step)| match step {
            Step::Refused { .. } | Step::Ended { .. } | Step::Closed | Step::Vanished => true,
            Step::ResumeRefused { status, .. } | Step::ReleaseAnswered { status } => {
                !(502..=504).contains(status)
            }
            // Without a token nobody comes back.
            Step::Lost => untold,
            _ => false,
        })
    }
}
