//! Fences only rise: no two grants have the same, and who asks after one was told gets a larger one.

use std::collections::BTreeMap;

use crate::crash::checker::lives::Life;
use crate::crash::checker::{Evidence, Property, Violation};
use crate::crash::history::Moment;

/// What a fence depends on, in the order of time.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A request was not granted before this.
    NotGrantedBefore,
    /// A grant was told.
    Told,
}

pub(super) fn check(evidence: &Evidence<'_>) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut owners: BTreeMap<u64, &Life<'_>> = BTreeMap::new();
    let mut moments: Vec<(Moment, Kind, u64, &Life<'_>)> = Vec::new();
    for life in &evidence.lives {
        let Some((told, held)) = life.told_held() else { continue };
        if let Some(other) = owners.insert(held.fence, life) {
            violations.push(Violation::of(
                Property::Fences,
                format!("{other} and {life}, told at {told}, have the same fence"),
            ));
        }
        moments.push((told, Kind::Told, held.fence, life));
        moments.push((life.not_granted_before(), Kind::NotGrantedBefore, held.fence, life));
    }
    moments.sort_by(|a, b| (a.0, &a.1, a.2).cmp(&(b.0, &b.1, b.2)));
    let mut largest: Option<(u64, Moment, &Life<'_>)> = None;
    for (at, kind, fence, life) in moments {
        match (kind, largest) {
            (Kind::NotGrantedBefore, Some((larger, told, other))) if larger > fence => {
                violations.push(Violation::of(
                    Property::Fences,
                    format!(
                        "{life} was granted after {at}, and has a smaller fence than {other}, told at {told}"
                    ),
                ));
            }
            (Kind::Told, _) if largest.is_none_or(|(largest, ..)| largest < fence) => {
                largest = Some((fence, at, life));
            }
            _ => {}
        }
    }
    violations
}
