//! What a waiting request looks like in one line.

use rpclient::Name;
use rpclient::respo::Timestamp;
use rpclient::respo::wire::{Candidate, QueuedRequest, ResourceState};

use super::held::in_words;
use crate::elapsed;

/// The place in the queue of a request for so many resources, and who holds what: at most `shown` of the
/// candidates.
pub(super) fn describe(
    place: &QueuedRequest,
    requested: usize,
    now: Timestamp,
    shown: usize,
) -> String {
    let text = format!("waiting for {}", wanted(place, requested));
    if let Some(limit) = &place.limit {
        // Nobody else is in its way.
        return format!("{text}: {limit}");
    }
    let text = format!("{text}, place {} of {}", place.position, place.of);
    let kept: Vec<&Name> = place.held_back.iter().collect();
    let mut parts = Vec::new();
    if !kept.is_empty() {
        let verb = if kept.len() > 1 { "are" } else { "is" };
        parts.push(format!("{} {verb} held back for you", in_words(&kept)));
    }
    let is_single = place.candidates_total <= 1;
    // What is free is not what it waits for.
    let is_free = |one: &&Candidate| one.state == ResourceState::Free;
    let free = place.candidates.iter().filter(is_free).count();
    let listed = place.candidates.iter().filter(|one| !is_free(one)).take(shown);
    let listed: Vec<String> = listed.map(|one| candidate(one, now, is_single)).collect();
    let told = kept.len() + free + listed.len();
    parts.extend(listed);
    let more = place.candidates_total.saturating_sub(told as u64);
    if more > 0 && !parts.is_empty() {
        parts.push(format!("{more} more"));
    }
    if parts.is_empty() { text } else { format!("{text}: {}", parts.join("; ")) }
}

/// What it waits for: by name, where nothing else will do.
fn wanted(place: &QueuedRequest, requested: usize) -> String {
    let mut names: Vec<&Name> =
        place.held_back.iter().chain(place.candidates.iter().map(|one| &one.resource)).collect();
    names.sort_unstable_by(|one, other| one.natural_cmp(other.as_str()));
    let total = place.candidates_total;
    if total == requested as u64 && total == names.len() as u64 {
        return in_words(&names);
    }
    match requested {
        1 => format!("one of {total} resources"),
        several => format!("{several} of {total} resources"),
    }
}

fn candidate(candidate: &Candidate, now: Timestamp, is_single: bool) -> String {
    let mut text = if is_single { String::new() } else { format!("{} ", candidate.resource) };
    if let Some(waiter) = &candidate.held_back_for {
        let whom = waiter.holder.as_ref().map(ToString::to_string);
        let whom = whom.unwrap_or_else(|| format!("request {}", waiter.id));
        text.push_str(&format!("held back for {whom}"));
        return text;
    }
    let Some(lease) = &candidate.lease else {
        text.push_str(candidate.state.code());
        return text;
    };
    let is_wired = candidate.state == ResourceState::Collateral;
    text.push_str(if is_wired { "wired to what is held" } else { "held" });
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

    fn place(candidates: Value, total: u64, more: &Value) -> QueuedRequest {
        let mut place = json!({
            "id": 2, "position": 1, "of": 3, "since": "2026-11-21T08:15:30Z",
            "candidates": candidates, "candidates_total": total
        });
        for (key, value) in more.as_object().unwrap() {
            place[key] = value.clone();
        }
        serde_json::from_value(place).unwrap()
    }

    fn told(candidates: Value, total: u64, more: &Value, requested: usize) -> String {
        let now = serde_json::from_value(json!("2026-11-21T08:20:30Z")).unwrap();
        describe(&place(candidates, total, more), requested, now, 2)
    }

    fn held(name: &str, holder: &str) -> Value {
        json!({"resource": name, "state": "leased", "lease": {
            "id": 1, "fence": 1, "holder": holder, "since": "2026-11-21T08:10:30Z"}})
    }

    #[test]
    fn one_resource_is_told_with_its_holder() {
        let bench = json!({"resource": "bench-1", "state": "leased", "lease": {
            "id": 1, "fence": 1, "holder": "ci-88", "description": "nightly",
            "since": "2026-11-21T08:10:02Z"
        }});
        assert_eq!(
            told(json!([bench]), 1, &json!({}), 1),
            "waiting for bench-1, place 1 of 3: held by ci-88 for 10m28s (nightly)"
        );
    }

    #[test]
    fn of_many_resources_a_few_are_told() {
        let free = json!({"resource": "c", "state": "free"});
        assert_eq!(
            told(json!([held("a", "x"), held("b", "y"), held("d", "z")]), 5, &json!({}), 1),
            "waiting for one of 5 resources, place 1 of 3: a held by x for 10m; b held by y for 10m; 3 more"
        );
        assert_eq!(
            told(json!([held("a", "x"), free, held("b", "y")]), 5, &json!({}), 2),
            "waiting for 2 of 5 resources, place 1 of 3: a held by x for 10m; b held by y for 10m; 2 more"
        );
    }

    #[test]
    fn of_several_resources_those_that_are_held_back_come_first() {
        let kept = json!({"held_back": ["relay-1"]});
        assert_eq!(
            told(json!([held("phone-1", "ci-88")]), 2, &kept, 2),
            "waiting for phone-1 and relay-1, place 1 of 3: relay-1 is held back for you; phone-1 held by \
             ci-88 for 10m"
        );
        let kept = json!({"held_back": ["a", "b"]});
        assert_eq!(
            told(json!([held("c", "x"), held("d", "y"), held("e", "z")]), 6, &kept, 3),
            "waiting for 3 of 6 resources, place 1 of 3: a and b are held back for you; c held by x for \
             10m; d held by y for 10m; 2 more"
        );
    }

    #[test]
    fn what_others_keep_from_it_is_told_with_the_reason() {
        let kept = json!({"resource": "a", "state": "held_back", "held_back_for": {"id": 7}});
        let mut wired = held("b", "bob");
        wired["state"] = "collateral".into();
        assert_eq!(
            told(json!([kept, wired]), 2, &json!({}), 1),
            "waiting for one of 2 resources, place 1 of 3: a held back for request 7; b wired to what is \
             held by bob for 10m"
        );
    }

    #[test]
    fn a_limit_is_the_whole_reason() {
        let limit = json!({"limit": "one holder may have 3 leases at a time"});
        let free = json!({"resource": "bench-1", "state": "free"});
        assert_eq!(
            told(json!([free]), 1, &limit, 1),
            "waiting for bench-1: one holder may have 3 leases at a time"
        );
    }
}
