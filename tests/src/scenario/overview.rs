//! How things stand, in words.

use respo::snapshot::Status;
use respo::{Name, Snapshot, State};

use super::events::{clock, place};
use super::words::{Who, names};

/// Every resource with how it stands, those outside of the inventory last.
pub(super) fn statuses(snapshot: &Snapshot) -> impl Iterator<Item = (&Name, &Status)> {
    let inside = snapshot.inventory.resources().iter().map(|resource| &resource.name);
    let outside = snapshot.outsiders.iter();
    let outside = outside.map(|outsider| (&outsider.resource.name, &outsider.status));
    inside.zip(&snapshot.statuses).chain(outside)
}

/// Every resource and every waiting request.
pub(super) fn of(snapshot: &Snapshot, who: &Who) -> Vec<String> {
    let retired = |name: &Name| {
        let mut outsiders = snapshot.outsiders.iter();
        outsiders
            .find(|outsider| outsider.resource.name == *name)
            .map(|outsider| if outsider.is_retired { ", retired" } else { ", ephemeral" })
    };
    let resource = |(name, status): (&Name, &Status)| {
        format!("{name}: {}{}", standing(status, who), retired(name).unwrap_or_default())
    };
    let waiting = snapshot.waiting.iter().map(|waiting| {
        format!("{} waits, {}", who.of(waiting.id), place(waiting.id, snapshot, who))
    });
    let lines: Vec<String> = statuses(snapshot).map(resource).chain(waiting).collect();
    if lines.is_empty() { vec!["there is nothing".to_owned()] } else { lines }
}

fn standing(status: &Status, who: &Who) -> String {
    match status {
        Status::Free => "free".to_owned(),
        Status::Held(holding) => {
            let away = holding.orphaned_until.map(|at| format!(", away until {}", clock(at)));
            format!("held by {}{}", who.of(holding.id), away.unwrap_or_default())
        }
        Status::HeldBack(waiter) => format!("held back for {}", who.of(waiter.id)),
        Status::Collateral(holding) => format!("collateral of {}", who.of(holding.id)),
    }
}

/// What a new engine has taken up.
pub(super) fn restored(snapshot: &Snapshot, state: &State, who: &Who) -> Vec<String> {
    let away = |id| {
        let mut all = statuses(snapshot).filter_map(|(_, status)| status.holding());
        all.find(|holding| holding.id == id).and_then(|holding| holding.orphaned_until)
    };
    let line = |(id, request): (&respo::RequestId, &respo::RequestState)| {
        let asker = who.of(*id);
        match (&request.grant, away(*id)) {
            (Some(grant), Some(until)) => {
                let names = names(&grant.resources);
                format!("{asker} still holds {names}, to be resumed before {}", clock(until))
            }
            (Some(grant), None) => format!("{asker} still holds {}", names(&grant.resources)),
            (None, _) => format!("{asker} still waits, {}", place(*id, snapshot, who)),
        }
    };
    state.requests.iter().map(line).collect()
}
