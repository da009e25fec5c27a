//! One id is one request: it never belongs to two, and whatever is told of it stays as it was told.

use std::collections::BTreeMap;

use crate::crash::checker::lives::{Life, Telling};
use crate::crash::checker::{Evidence, Property, Violation};
use crate::crash::history::Step;

pub(super) fn check(evidence: &Evidence<'_>) -> Vec<Violation> {
    let mut owners: BTreeMap<u64, &Life<'_>> = BTreeMap::new();
    let mut violations = Vec::new();
    for life in &evidence.lives {
        violations.extend(differences(life));
        let Some(id) = life.id() else { continue };
        if let Some(other) = owners.insert(id, life) {
            let explanation = format!("{other} and {life} have the same id");
            violations.push(Violation::of(Property::Identities, explanation));
        }
    }
    violations
}

/// What was told of one request that does not fit what was told of it before.
fn differences(life: &Life<'_>) -> Vec<Violation> {
    let mut differences = Vec::new();
    let mut differs = |what: &str, first: &str, later: &str, telling: &Telling<'_>| {
        let at = telling.at;
        let explanation = format!("{life} has {what} {first}, and at {at} it had {what} {later}");
        differences.push(Violation::of(Property::Identities, explanation));
    };
    let token = life.tellings.iter().find_map(|telling| telling.token);
    let held = life.told_held().map(|(_, held)| held);
    for telling in &life.tellings {
        if let Some(id) = life.id().filter(|id| *id != telling.id) {
            differs("id", &id.to_string(), &telling.id.to_string(), telling);
        }
        if let (Some(first), Some(later)) = (token, telling.token.filter(|it| Some(*it) != token)) {
            differs("the token", first, later, telling);
        }
        let (Some(first), Some(later)) = (held, telling.held) else { continue };
        if first.fence != later.fence {
            differs("fence", &first.fence.to_string(), &later.fence.to_string(), telling);
        }
        if first.resource != later.resource {
            differs("resource", first.resource, later.resource, telling);
        }
        if !life.asked.candidates.iter().any(|candidate| candidate == later.resource) {
            differs("candidates", &life.asked.candidates.join(", "), later.resource, telling);
        }
    }
    for (at, step) in &life.steps {
        if let Step::Ended { id, .. } = step
            && life.id().is_some_and(|told| told != *id)
        {
            let explanation = format!("{life} was told at {at} that {id} has ended");
            differences.push(Violation::of(Property::Identities, explanation));
        }
    }
    differences
}
