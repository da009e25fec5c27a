//! A stack is not split between parties, and parties are what they should be.
//!
//! A change of inventory may put what two parties hold into one stack: only what is granted is judged.

use respo::{Name, Record, RequestId, SessionId, State};

use super::{Checker, Event, Property, holder};

pub(super) struct NoStackSplit;

impl Checker for NoStackSplit {
    fn property(&self) -> Property {
        Property::NoStackSplit
    }

    fn see(&mut self, event: &Event<'_>) -> Result<(), String> {
        match event {
            Event::Recorded { record: Record::Granted { id, resources, .. }, before, .. } => {
                resources.iter().flatten().try_for_each(|name| check_grant(before, *id, name))
            }
            Event::Recorded { record: Record::Queued { id, party, .. }, before, sessions } => {
                check_party(before, *id, *party, sessions)
            }
            Event::Recorded { record: Record::Transferred { id, party, .. }, before, .. } => {
                check_party_apart(before, *id, *party)
            }
            _ => Ok(()),
        }
    }
}

/// Whether the party of a lease that is passed on is its own alone.
fn check_party_apart(before: &State, id: RequestId, party: RequestId) -> Result<(), String> {
    let mut others = before.requests.iter().filter(|(other, _)| **other != id);
    match others.find(|(_, asked)| asked.party == party) {
        Some((other, _)) => {
            Err(format!("{id} is passed on and shares the party {party} with {other}"))
        }
        None => Ok(()),
    }
}

/// Whether everything that is held of the stacks of a granted resource is the same party's.
fn check_grant(before: &State, id: RequestId, name: &Name) -> Result<(), String> {
    let party = before.requests.get(&id).map(|request| request.party);
    let stacks = before.inventory.stacks().iter().filter(|stack| stack.0.contains(name));
    for mate in stacks.flat_map(|stack| &stack.0) {
        let Some(other) = holder(before, mate) else { continue };
        let theirs = before.requests.get(&other).map(|request| request.party);
        if theirs != party {
            return Err(format!(
                "{name} is granted to {id} of party {party:?}, but {mate} of the same stack is held by \
                 {other} of party {theirs:?}"
            ));
        }
    }
    Ok(())
}

/// Whether the party is that of the session's eldest request, or the request's own id if it has no other.
fn check_party(
    before: &State,
    id: RequestId,
    party: RequestId,
    sessions: &[(SessionId, Vec<RequestId>)],
) -> Result<(), String> {
    let Some((session, ids)) = sessions.iter().find(|(_, ids)| ids.contains(&id)) else {
        return Ok(());
    };
    let eldest = ids.iter().find(|other| **other != id);
    let right =
        eldest.and_then(|eldest| before.requests.get(eldest)).map_or(id, |eldest| eldest.party);
    if party == right {
        return Ok(());
    }
    Err(format!("{id} of session {} has the party {party}, not {right}", session.0))
}
