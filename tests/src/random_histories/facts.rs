//! What the durable state says, for comparisons.

use std::collections::BTreeMap;

use respo::{Name, RequestId, State, Timestamp};

/// The names of what a request holds, in order.
#[must_use]
pub fn held_names(state: &State, id: RequestId) -> Vec<Name> {
    let grant = state.requests.get(&id).and_then(|found| found.grant.as_ref());
    let resources = grant.into_iter().flat_map(|grant| grant.resources.iter().flatten());
    resources.map(|resource| resource.name.clone()).collect()
}

/// Until when what is kept by being renewed was promised to live.
#[must_use]
pub fn promises(state: &State) -> BTreeMap<RequestId, Timestamp> {
    state.requests.iter().filter_map(|(id, found)| Some((*id, found.until?))).collect()
}
