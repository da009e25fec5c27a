//! What a waiting request looks like in one line.

use rpclient::respo::Timestamp;
use rpclient::respo::wire::{Candidate, QueuedRequest};

use crate::elapsed;

/// The place in the queue, and who holds what: at most `shown` of the candidates.
pub(super) fn describe(place: &QueuedRequest, now: Timestamp, shown: usize) -> String {
    let mut text = match place.candidates.as_slice() {
        [only] if place.candidates_total <= 1 => format!("waiting for {}", only.resource),
        _ => format!("waiting for one of {} resources", place.candidates_total),
    };
    text.push_str(&format!(", place {} of {}", place.position, place.of));
    let single = place.candidates_total <= 1;
    let listed = place.candidates.iter().take(shown).map(|one| candidate(one, now, single));
    let listed: Vec<String> = listed.collect();
    if !listed.is_empty() {
        text.push_str(": ");
        text.push_str(&listed.join("; "));
    }
    let more = place.candidates_total.saturating_sub(listed.len() as u64);
    if more > 0 && !listed.is_empty() {
        text.push_str(&format!("; {more} more"));
    }
    text
}

fn candidate(candidate: &Candidate, now: Timestamp, single: bool) -> String {
    let mut text = if single { String::new() } else { format!("{} ", candidate.resource) };
    let Some(lease) = &candidate.lease else {
        text.push_str(candidate.state.code());
        return text;
    };
    text.push_str("held");
    if let Some(holder) = &lease.holder {
        text.push_str(&format!(" by {holder}"));
    }
    text.push_str(&format!(" for {}", elapsed::since(lease.since, now)));
    if let Some(until) = lease.orphaned_until {
        let left = elapsed::coarse(until.since(now));
        text.push_str(&format!(", away, free in {left} unless it comes back"));
    }
    if let Some(description) = &lease.description {
        text.push_str(&format!(" ({description})"));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn place(candidates: Value, total: u64) -> QueuedRequest {
        serde_json::from_value(json!({
            "id": 2, "position": 1, "of": 3, "since": "2026-11-21T08:15:30Z",
            "candidates": candidates, "candidates_total": total
        }))
        .unwrap()
    }

    fn now() -> Timestamp {
        serde_json::from_value(json!("2026-11-21T08:20:30Z")).unwrap()
    }

    #[test]
    fn one_resource_is_told_with_its_holder() {
        let bench = json!({"resource": "bench-1", "state": "leased", "lease": {
            "id": 1, "fence": 1, "holder": "ci-88", "description": "nightly",
            "since": "2026-11-21T08:10:02Z"
        }});
        assert_eq!(
            describe(&place(json!([bench]), 1), now(), 3),
            "waiting for bench-1, place 1 of 3: held by ci-88 for 10m28s (nightly)"
        );
    }

    #[test]
    fn of_many_resources_a_few_are_told() {
        let held = |name: &str| {
            json!({"resource": name, "state": "leased", "lease": {
                "id": 1, "fence": 1, "since": "2026-11-21T08:10:30Z"}})
        };
        let free = json!({"resource": "c", "state": "free"});
        assert_eq!(
            describe(&place(json!([held("a"), free, held("b")]), 5), now(), 2),
            "waiting for one of 5 resources, place 1 of 3: a held for 10m; c free; 3 more"
        );
    }
}
