//! What clients are told, in words.

use respo::wire::{Candidate, ResourceState};
use respo::{
    Effects, Grant, HumanDuration, Notice, NoticeKind, Record, RequestId, Snapshot, Timestamp,
};

use super::words::{Who, names};

/// What follows from a step, in the order in which it is told.
pub(super) fn of(effects: &Effects, snapshot: &Snapshot, who: &Who) -> Vec<String> {
    let told = effects.notices.iter().map(|notice| of_notice(notice, snapshot, who));
    let moves = effects.records.iter().filter_map(|record| match record {
        Record::ClockSet { .. } => Some("the clock is set".to_owned()),
        _ => None,
    });
    moves.chain(told).collect()
}

fn of_notice(notice: &Notice, snapshot: &Snapshot, who: &Who) -> String {
    let asker = who.of(notice.id);
    match &notice.kind {
        NoticeKind::Queued => match snapshot.queued(notice.id) {
            Some(_) => format!("{asker} waits, {}", place(notice.id, snapshot, who)),
            None => format!("{asker} waits"),
        },
        NoticeKind::Granted(grant) => format!("{asker} gets {}", granted(grant)),
        NoticeKind::Orphaned { until } => {
            format!("{asker} is orphaned, to be resumed before {}", clock(*until))
        }
        NoticeKind::Resumed { grant: Some(grant), earlier } => {
            let of = if earlier.is_some() { ", taken over from an earlier session" } else { "" };
            format!("{asker} is resumed and holds {}{of}", granted(grant))
        }
        NoticeKind::Resumed { grant: None, .. } => {
            format!("{asker} is resumed and waits, {}", place(notice.id, snapshot, who))
        }
        NoticeKind::Draining { deadline } => {
            format!("{asker} is told: the server drains, {} left", HumanDuration(*deadline))
        }
        NoticeKind::Restarting { grace } => format!(
            "{asker} is told: the server restarts and keeps this, come back within {} then",
            HumanDuration(*grace)
        ),
        NoticeKind::Ended { reason, grant: Some(grant) } => {
            format!("{asker} ends: {reason}; gives back {}", names(&grant.resources))
        }
        NoticeKind::Ended { reason, grant: None } => format!("{asker} ends: {reason}"),
        NoticeKind::Extended { expires } => {
            format!("{asker} is extended until {}", clock(*expires))
        }
        NoticeKind::PartlyReleased { resources } => {
            let names: Vec<&str> = resources.iter().map(respo::Name::as_str).collect();
            format!("{asker} gives back {}", names.join(", "))
        }
        NoticeKind::Transferred { from, to } => {
            let from = from.as_ref().map_or("nobody", respo::Label::as_str);
            format!("lease {} passes from {from} to {to}", notice.id)
        }
        NoticeKind::Allowed { who } => format!("{who} may use what {asker} has"),
        other => format!("{asker}: {other:?}"),
    }
}

/// What was granted, and its conditions.
fn granted(grant: &Grant) -> String {
    let until = grant.expires.map(|at| format!(", until {} at the latest", clock(at)));
    format!("{}, fence {}{}", names(&grant.resources), grant.fence, until.unwrap_or_default())
}

/// The place of a waiting request, what it has been given a claim on, and what it lacks.
pub(super) fn place(id: RequestId, snapshot: &Snapshot, who: &Who) -> String {
    let Some(queued) = snapshot.queued(id) else {
        return "nowhere".to_owned();
    };
    let mut parts = vec![format!("place {} of {}", queued.position, queued.of)];
    parts.extend(queued.limit.iter().map(|limit| format!("at its limit, {limit}")));
    let mut text = parts.join(", ");
    let candidates: Vec<String> =
        queued.candidates.iter().map(|candidate| of_candidate(candidate, who)).collect();
    if !candidates.is_empty() {
        text.push_str(&format!(": {}", candidates.join(", ")));
    }
    text
}

fn of_candidate(candidate: &Candidate, who: &Who) -> String {
    let name = &candidate.resource;
    let holder = || candidate.lease.as_ref().map_or_else(String::new, |lease| who.of(lease.id));
    match candidate.state {
        ResourceState::Free => format!("{name} is free"),
        ResourceState::Leased => format!("{name} is held by {}", holder()),
        ResourceState::Orphaned => format!("{name} is held by {}, who is away", holder()),
        ResourceState::Collateral => format!("{name} is collateral of {}", holder()),
        ResourceState::HeldBack => {
            let waiter = candidate.held_back_for.as_ref();
            let waiter = waiter.map_or_else(String::new, |waiter| who.of(waiter.id));
            format!("{name} is held back for {waiter}")
        }
        other => format!("{name} is {}", other.code()),
    }
}

/// How long after the beginning of the story.
pub(super) fn clock(at: Timestamp) -> HumanDuration {
    HumanDuration(at.since(Timestamp::from_micros(0)))
}
