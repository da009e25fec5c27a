//! The durable state of the real engine, as far as states of the model differ in it.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use respo::{Grant, Inventory, Name, Record, RequestId, Resource, State, Timestamp, Wanted};

/// It is always this time.
pub(crate) const NOW: Timestamp = Timestamp::from_micros(100_000_000);

/// A lease as its client knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Held {
    pub(crate) fence: u64,
    pub(crate) names: BTreeSet<Name>,
}

impl Held {
    pub(crate) fn of(grant: &Grant) -> Self {
        let names = grant.resources.iter().flatten().map(|resource| resource.name.clone());
        Self { fence: grant.fence.0, names: names.collect() }
    }
}

/// A durable state, with every time in it set to [`NOW`].
#[derive(Debug, Clone)]
pub(crate) struct Durable {
    state: State,
    /// Of everything in it that makes a difference: it is looked at for every state of the model.
    hash: u64,
}

impl Durable {
    /// What the store has at the beginning.
    pub(crate) fn new() -> Self {
        let resource = |name| Resource::new(Name::new(name).unwrap());
        let inventory = Arc::new(Inventory::new(["r-1", "r-2"].map(resource)).unwrap());
        let mut state = State::default();
        state.apply(&Record::InventoryReplaced { revision: 1, inventory, at: NOW });
        Self::of(state)
    }

    /// This state, with every time set.
    pub(crate) fn of(mut state: State) -> Self {
        state.at = NOW;
        for request in state.requests.values_mut() {
            request.queued_at = NOW;
            if let Some(grant) = &mut request.grant {
                grant.since = NOW;
            }
        }
        let hash = hash(&state);
        Self { state, hash }
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// What the lease with this id has, if there is one.
    pub(crate) fn held(&self, id: RequestId) -> Option<Held> {
        self.state.requests.get(&id)?.grant.as_ref().map(Held::of)
    }
}

/// The inventory is always the same. When a resource was used makes no difference, since every request names
/// the ones that it wants.
impl PartialEq for Durable {
    fn eq(&self, other: &Self) -> bool {
        self.hash == other.hash
            && self.state.last_id == other.state.last_id
            && self.state.last_fence == other.state.last_fence
            && self.state.requests == other.state.requests
    }
}

impl Eq for Durable {}

impl Hash for Durable {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.hash.hash(hasher);
    }
}

/// Of everything that is compared. It is the same in every run.
fn hash(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    (state.last_id, state.last_fence).hash(&mut hasher);
    for (id, request) in &state.requests {
        let linger = request.request.linger();
        (id, request.party, request.token.as_bytes(), linger).hash(&mut hasher);
        for requirement in request.request.requirements() {
            if let Wanted::Matching(selector) = &requirement.wanted {
                selector.names.hash(&mut hasher);
            }
        }
        request.grant.as_ref().map(Held::of).hash(&mut hasher);
    }
    hasher.finish()
}
