//! Nobody who waits is overtaken.
//!
//! Whoever is granted a resource goes before all who could take it and wait meanwhile: those with a lower
//! priority, or with the same one and a later arrival. Arrivals are compared only where they are certain:
//! the one was told that it waits before the other was sent.

use std::collections::BTreeMap;

use crate::crash::checker::lives::Life;
use crate::crash::checker::{Evidence, Property, Violation};
use crate::crash::history::Moment;

/// Those who waited for one resource with one priority, in the order in which they were told so.
#[derive(Default)]
struct Line<'e> {
    waiters: Vec<Waiter<'e>>,
}

/// A waiter, and the extremes among it and all who were told before it.
struct Waiter<'e> {
    told: Moment,
    /// The one that was granted last, by its fence.
    last_granted: Option<(u64, &'e Life<'e>)>,
    /// The one that is known to have waited the longest.
    last_waiting: Option<(Moment, &'e Life<'e>)>,
}

pub(super) fn check(evidence: &Evidence<'_>) -> Vec<Violation> {
    let lines = lines(evidence);
    let lives = evidence.lives.iter();
    lives.filter_map(|life| overtaken(&lines, life)).collect()
}

type Lines<'e> = BTreeMap<&'e str, BTreeMap<i16, Line<'e>>>;

fn lines<'e>(evidence: &'e Evidence<'_>) -> Lines<'e> {
    let mut waiting: Vec<(Moment, &Life<'_>)> =
        evidence.lives.iter().filter_map(|life| Some((life.told_waiting()?, life))).collect();
    waiting.sort_by_key(|(told, _)| *told);
    let mut lines = Lines::default();
    for (told, life) in waiting {
        for candidate in &life.asked.candidates {
            let line = lines.entry(candidate).or_default().entry(life.asked.priority).or_default();
            line.add(told, life);
        }
    }
    lines
}

impl<'e> Line<'e> {
    fn add(&mut self, told: Moment, life: &'e Life<'e>) {
        let before = self.waiters.last();
        let granted = life.told_held().map(|(_, held)| (held.fence, life));
        let waiting = life.still_waited().map(|until| (until, life));
        let larger = |a: Option<(u64, &'e Life<'e>)>, b: Option<(u64, &'e Life<'e>)>| {
            if a.map(|a| a.0) > b.map(|b| b.0) { a } else { b }
        };
        let later = |a: Option<(Moment, &'e Life<'e>)>, b: Option<(Moment, &'e Life<'e>)>| {
            if a.map(|a| a.0) > b.map(|b| b.0) { a } else { b }
        };
        let last_granted = larger(before.and_then(|it| it.last_granted), granted);
        let last_waiting = later(before.and_then(|it| it.last_waiting), waiting);
        self.waiters.push(Waiter { told, last_granted, last_waiting });
    }

    /// The extremes among those who were told before `moment`.
    fn before(&self, moment: Moment) -> Option<&Waiter<'e>> {
        let count = self.waiters.partition_point(|waiter| waiter.told < moment);
        count.checked_sub(1).map(|index| &self.waiters[index])
    }
}

/// Whether this one was granted what another, who goes first, waited for.
fn overtaken(lines: &Lines<'_>, life: &Life<'_>) -> Option<Violation> {
    let (told, held) = life.told_held()?;
    let priority = life.asked.priority;
    for (theirs, line) in lines.get(held.resource)?.range(priority..) {
        // Who has the higher priority goes first even if it came later, if it was there in time.
        let since = if *theirs > priority { life.not_granted_before() } else { life.sent };
        let Some(waiter) = line.before(since) else { continue };
        let granted = waiter.last_granted.filter(|(fence, _)| *fence > held.fence);
        let waiting = waiter.last_waiting.filter(|(until, _)| *until > told);
        let first = granted.map(|(_, first)| (first, "had a larger fence".to_owned()));
        let first = first.or(waiting.map(|(at, first)| (first, format!("still waited at {at}"))));
        if let Some((first, how)) = first {
            let since = first.told_waiting().unwrap_or(Moment(0));
            return Some(Violation::of(
                Property::Order,
                format!(
                    "{life}, priority {priority}, sent at {} and told granted at {told}, overtook {first}, \
                     priority {theirs}, told queued at {since}, which {how}",
                    life.sent
                ),
            ));
        }
    }
    None
}
