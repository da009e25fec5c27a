//! What has ended, and whose client was told so, never comes back.

use crate::crash::checker::{Evidence, Property, Violation};
use crate::crash::history::{Moment, Step};

pub(super) fn check(evidence: &Evidence<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    for life in &evidence.lives {
        let end = life.steps.iter().find_map(|(at, step)| how(step).map(|how| (*at, how)));
        let Some((ended, how)) = end else { continue };
        // What was said on a stream before the end may be read after the answer that confirms it.
        let back = life.tellings.iter().find(|it| it.resumed.is_some_and(|sent| sent > ended));
        if let Some(back) = back {
            let at: Moment = back.at;
            let explanation =
                format!("{life} had ended ({how}, at {ended}) and was there again at {at}");
            violations.push(Violation::of(Property::EndedForGood, explanation));
        }
    }
    violations
}

/// How this step tells of an end, if it does.
fn how(step: &Step) -> Option<&'static str> {
    match step {
        Step::Ended { reason, .. } if reason != "taken_over" => Some("its client was told so"),
        Step::ReleaseAnswered { status: 204 } => Some("its release was confirmed"),
        Step::ReleaseAnswered { status: 403 | 404 } => Some("its release found nothing"),
        Step::ResumeRefused { status: 403, .. } => Some("its token was refused"),
        _ => None,
    }
}
