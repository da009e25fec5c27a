//! Every answer is one that the protocol has for it.
//!
//! All requests of the workload can be satisfied, are within every limit and wait; so none is refused. A
//! healthy server with a healthy disk never says that it cannot.

use crate::crash::checker::{Evidence, Property, Violation};
use crate::crash::history::Step;

pub(super) fn check(evidence: &Evidence<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for life in &evidence.lives {
        for (at, step) in &life.steps {
            let good = match step {
                Step::Refused { .. } => false,
                Step::ResumeRefused { status, code } => {
                    (*status, code.as_str()) == (403, "wrong_token")
                }
                Step::ReleaseAnswered { status } => matches!(status, 204 | 403 | 404),
                _ => true,
            };
            if !good {
                let explanation = format!("{life} was answered {step:?} at {at}");
                violations.push(Violation::of(Property::Answers, explanation));
            }
        }
    }
    violations
}
