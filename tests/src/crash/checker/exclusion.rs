//! No two clients hold one resource at once.
//!
//! A client holds for sure from when it is told until it gives its lease up, or until the server might
//! have given up on it. An interruption in between makes no difference: nobody else may be told meanwhile.

use std::collections::BTreeMap;

use crate::crash::checker::lives::{Held, Life};
use crate::crash::checker::{Evidence, Property, Violation};
use crate::crash::history::{Moment, Step};

/// A lease, and for how long it was held for sure.
struct Hold<'e> {
    life: &'e Life<'e>,
    fence: u64,
    from: Moment,
    until: Moment,
    /// Why it is not certain after that.
    why: &'static str,
}

pub(super) fn check(evidence: &Evidence<'_>) -> Vec<Violation> {
    let mut resources: BTreeMap<&str, Vec<Hold<'_>>> = BTreeMap::new();
    for life in &evidence.lives {
        if let Some((from, Held { fence, resource })) = life.told_held() {
            let (until, why) = end(evidence, life);
            let hold = Hold { life, fence, from, until, why };
            resources.entry(resource).or_default().push(hold);
        }
    }
    resources.into_iter().flat_map(|(resource, holds)| overlaps(resource, holds)).collect()
}

/// Compares each hold of one resource with the longest of those with smaller fences.
///
/// Fences tell the order in which the server granted. Whatever was granted earlier must be over when the
/// next is told.
fn overlaps(resource: &str, mut holds: Vec<Hold<'_>>) -> Vec<Violation> {
    holds.sort_by_key(|hold| (hold.fence, hold.from));
    let mut violations = Vec::new();
    let mut longest: Option<&Hold<'_>> = None;
    for hold in &holds {
        if let Some(earlier) = longest.filter(|earlier| earlier.until > hold.from) {
            violations.push(Violation::of(Property::Exclusion, explain(resource, earlier, hold)));
        }
        // What was told only when it might be over already was never held for sure.
        let certain = hold.from < hold.until;
        if certain && longest.is_none_or(|longest| longest.until < hold.until) {
            longest = Some(hold);
        }
    }
    violations
}

fn explain(resource: &str, earlier: &Hold<'_>, later: &Hold<'_>) -> String {
    let Hold { life, from, until, why, .. } = earlier;
    let order = if earlier.from < later.from { "meanwhile" } else { "before, with a larger fence" };
    format!(
        "{resource} was held by {life} from {from} to {until} ({why}); {order}, at {}, {} was told that it \
         has it",
        later.from, later.life
    )
}

/// Until when it is held for sure, and what makes it uncertain then.
fn end(evidence: &Evidence<'_>, life: &Life<'_>) -> (Moment, &'static str) {
    let told_ended = life.steps.iter().find(|(_, step)| matches!(step, Step::Ended { .. }));
    let ends = [
        life.given_up.unwrap_or((Moment::NEVER, "it never gave it up")),
        told_ended.map_or((Moment::NEVER, ""), |(at, _)| (*at, "it was told of its end")),
        (life.time_out(), "its time might be over"),
        (life.orphaned_after(&evidence.runs), "nobody had come back for it"),
    ];
    ends.into_iter().min_by_key(|(at, _)| *at).expect("there are some")
}
