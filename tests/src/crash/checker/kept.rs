//! What a client was told of is there, restart or not, until the client ends it or its time has run out.

use crate::crash::checker::lives::Life;
use crate::crash::checker::{Evidence, Property, Violation};
use crate::crash::history::{Moment, Step};

pub(super) fn check(evidence: &Evidence<'_>) -> Vec<Violation> {
    let explained = |life| explanations(evidence, life).into_iter();
    let all = evidence.lives.iter().flat_map(explained);
    all.map(|explanation| Violation::of(Property::Kept, explanation)).collect()
}

fn explanations(evidence: &Evidence<'_>, life: &Life<'_>) -> Vec<String> {
    let kept_until = life.kept_until(&evidence.runs);
    let given_up = life.given_up.map_or(Moment::NEVER, |(at, _)| at);
    let mut explanations = Vec::new();
    let mut releases = 0;
    for (at, step) in &life.steps {
        let due = *at < kept_until && *at < given_up;
        match step {
            Step::ResumeRefused { status: 403 | 404, code } if due && life.is_there(*at) => {
                explanations.push(format!(
                    "{life} was {} and its server had to keep it until {kept_until}; the resume that was \
                     answered at {at} was refused with {code}",
                    life.last_told(*at)
                ));
            }
            Step::ReleaseSent => releases += 1,
            // A release whose answer was lost may have been done.
            Step::ReleaseAnswered { status: 403 | 404 }
                if releases == 1 && *at < kept_until && life.is_there(*at) =>
            {
                explanations.push(format!(
                    "{life} was {} and its server had to keep it until {kept_until}; its release, answered \
                     at {at}, found nothing",
                    life.last_told(*at)
                ));
            }
            Step::Ended { reason, .. } if !life.explains(evidence, *at, reason) => {
                explanations.push(format!("{life} was ended as {reason} at {at} without a cause"));
            }
            _ => {}
        }
    }
    explanations.extend(life.demotion());
    explanations
}

impl Life<'_> {
    /// Whether it was told of and not of its end, before this.
    fn is_there(&self, at: Moment) -> bool {
        let before = self.steps.iter().take_while(|(step_at, _)| *step_at < at);
        self.told_before(at)
            && !before.into_iter().any(|(_, step)| matches!(step, Step::Ended { .. }))
    }

    fn told_before(&self, at: Moment) -> bool {
        self.tellings.first().is_some_and(|telling| telling.at < at)
    }

    fn last_told(&self, at: Moment) -> String {
        let told = self.tellings.iter().rev().find(|telling| telling.at < at);
        told.map_or_else(String::new, |telling| {
            let what = if telling.held.is_some() { "granted" } else { "queued" };
            format!("told {what} at {}", telling.at)
        })
    }

    /// Whether what the client did, or asked for, makes this an end that it had to expect.
    fn explains(&self, evidence: &Evidence<'_>, at: Moment, reason: &str) -> bool {
        let did = |wanted: fn(&Step) -> bool| {
            self.steps.iter().any(|(done, step)| *done < at && wanted(step))
        };
        match reason {
            "released" => did(|step| matches!(step, Step::ReleaseSent)),
            "max_duration" => self.asked.max_duration_ms.is_some() && at >= self.time_out(),
            "wait_expired" => {
                self.asked.wait_ms.is_some() && self.told_held().is_none() && at >= self.time_out()
            }
            "disconnected" => self.given_up.is_some_and(|(given_up, _)| given_up < at),
            "orphaned" => at >= self.orphaned_after(&evidence.runs),
            "taken_over" => did(|step| matches!(step, Step::ResumeSent)),
            _ => false,
        }
    }

    /// A lease that went back to the queue.
    fn demotion(&self) -> Option<String> {
        let (held, _) = self.told_held()?;
        let back = self.tellings.iter().find(|it| it.held.is_none() && it.at > held)?;
        Some(format!("{self} was told granted at {held}, and at {} that it waits", back.at))
    }
}
