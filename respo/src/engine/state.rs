//! The durable state: what must survive a crash, and the one function that changes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::engine::effects::Record;
use crate::engine::last_used::LastUsed;
use crate::idempotency::{MadeWith, SpentKey, SpentKeys};
use crate::inventory::{Inventory, Resource};
use crate::lease::Grant;
use crate::names::{Label, Name};
use crate::request::{Fence, Request, RequestId};
use crate::time::Timestamp;
use crate::token::TokenDigest;

/// What the records of a pool add up to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct State {
    /// When the newest record was made.
    pub at: Timestamp,
    /// How often the inventory has been set; 0 before the first time.
    pub revision: u64,
    /// The inventory in force.
    pub inventory: Arc<Inventory>,
    /// Every request that waits or holds.
    pub requests: BTreeMap<RequestId, RequestState>,
    /// The id of the newest request.
    pub last_id: RequestId,
    /// The fence of the newest grant.
    pub last_fence: Fence,
    /// The fence of each resource's newest grant: the smaller, the longer ago it was used.
    pub last_used: LastUsed,
    /// The idempotency keys of what has ended.
    pub spent_keys: SpentKeys,
}

/// A request that waits or holds.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestState {
    /// What it asks for.
    pub request: Arc<Request>,
    /// The digest of its token.
    pub token: TokenDigest,
    /// Whose it is, where stacks are concerned: requests of one session have one party. A lease that is passed
    /// on gets another.
    pub party: RequestId,
    /// When it came in.
    pub queued_at: Timestamp,
    /// What it holds; `None` while it waits.
    pub grant: Option<Grant>,
    /// Until when what is kept by being renewed was said to live, as it was extended, or renewed for longer
    /// than its own ttl.
    pub until: Option<Timestamp>,
    /// Who else may act on it, in the order of the names.
    pub guests: Vec<Guest>,
    /// The idempotency key that it was made with, if it was.
    pub made_with: Option<MadeWith>,
}

/// Somebody whom the holder of a lease lets act on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// Who.
    pub who: Label,
    /// The digest of a token for this one alone.
    pub token: TokenDigest,
}

impl RequestState {
    /// A request that waits.
    #[must_use]
    pub fn waiting(
        request: Arc<Request>,
        token: TokenDigest,
        party: RequestId,
        queued_at: Timestamp,
    ) -> Self {
        let (grant, until, guests, made_with) = (None, None, Vec::new(), None);
        Self { request, token, party, queued_at, grant, until, guests, made_with }
    }
}

impl State {
    /// Adds one fact. Nothing else changes durable state, in live operation or in recovery.
    ///
    /// A record about a request that is not there, or a grant of a resource that is nowhere, changes
    /// nothing: the engine never makes one.
    pub fn apply(&mut self, record: &Record) {
        self.move_on(record);
        match record {
            Record::Queued { id, request, token, party, made_with, at } => {
                self.last_id = self.last_id.max(*id);
                let mut state = RequestState::waiting(Arc::clone(request), *token, *party, *at);
                state.made_with = *made_with;
                self.requests.insert(*id, state);
            }
            Record::Granted { id, fence, resources, at, expires } => {
                self.granted(*id, *fence, resources, *at, *expires);
            }
            Record::Ended { id, at, .. } => self.ended(*id, *at),
            Record::Extended { id, expires, until, .. } => {
                if let Some(state) = self.requests.get_mut(id) {
                    state.until = *until;
                    if let Some(grant) = &mut state.grant {
                        grant.expires = *expires;
                    }
                }
            }
            Record::PartlyReleased { id, resources, .. } => self.partly_released(*id, resources),
            Record::Transferred { id, request, token, party, at } => {
                if let Some(state) = self.requests.get_mut(id) {
                    state.request = Arc::clone(request);
                    state.token = *token;
                    state.party = *party;
                    state.guests.clear();
                    let made_with = state.made_with.take();
                    self.spend(made_with, *id, *at);
                }
            }
            Record::Allowed { id, who, token, .. } => {
                if let Some(state) = self.requests.get_mut(id) {
                    state.guests.retain(|guest| guest.who != *who);
                    state.guests.push(Guest { who: who.clone(), token: *token });
                    state.guests.sort_by(|a, b| a.who.cmp(&b.who));
                }
            }
            Record::Disallowed { id, who, .. } => {
                if let Some(state) = self.requests.get_mut(id) {
                    state.guests.retain(|guest| guest.who != *who);
                }
            }
            Record::ClockSet { from, to } => self.move_times(*from, *to),
            Record::InventoryReplaced { revision, inventory, .. } => {
                self.inventory_replaced(*revision, inventory);
            }
        }
    }

    /// The state is that of the moment of the newest record. Only a clock that is set goes back.
    fn move_on(&mut self, record: &Record) {
        self.at = match record {
            Record::Queued { at, .. }
            | Record::Granted { at, .. }
            | Record::Ended { at, .. }
            | Record::Extended { at, .. }
            | Record::PartlyReleased { at, .. }
            | Record::Transferred { at, .. }
            | Record::Allowed { at, .. }
            | Record::Disallowed { at, .. }
            | Record::InventoryReplaced { at, .. } => self.at.max(*at),
            Record::ClockSet { to, .. } => *to,
        };
    }

    fn granted(
        &mut self,
        id: RequestId,
        fence: Fence,
        resources: &[Vec<Name>],
        since: Timestamp,
        expires: Option<Timestamp>,
    ) {
        self.last_fence = self.last_fence.max(fence);
        for name in resources.iter().flatten() {
            self.last_used.set(name, fence);
        }
        let inventory = &self.inventory;
        if let Some(state) = self.requests.get_mut(&id) {
            let resolve = |names: &Vec<Name>| resolve(inventory, &state.request, names);
            let resources = resources.iter().map(resolve).collect();
            state.grant = Some(Grant { id, fence, resources, since, expires });
        }
    }

    fn ended(&mut self, id: RequestId, at: Timestamp) {
        let Some(ended) = self.requests.remove(&id) else {
            return;
        };
        for name in ended.grant.iter().flat_map(Grant::names) {
            self.forget_outsider(name);
        }
        self.spend(ended.made_with, id, at);
    }

    fn partly_released(&mut self, id: RequestId, resources: &[Name]) {
        let grant = self.requests.get_mut(&id).and_then(|state| state.grant.as_mut());
        for kept in grant.into_iter().flat_map(|grant| &mut grant.resources) {
            kept.retain(|resource| !resources.contains(&resource.name));
        }
        for name in resources {
            self.forget_outsider(name);
        }
    }

    fn inventory_replaced(&mut self, revision: u64, inventory: &Arc<Inventory>) {
        self.revision = revision;
        self.inventory = Arc::clone(inventory);
        let mut last_used = std::mem::take(&mut self.last_used);
        let held: BTreeSet<&Name> = self.grants().flat_map(Grant::names).collect();
        last_used.retain(|name| held.contains(name) || inventory.find(name.as_str()).is_some());
        self.last_used = last_used;
    }

    /// A retired resource goes with its lease, and so does a key that is in no inventory.
    fn forget_outsider(&mut self, name: &Name) {
        if self.inventory.find(name.as_str()).is_none() {
            self.last_used.forget(name);
        }
    }

    fn spend(&mut self, made_with: Option<MadeWith>, id: RequestId, at: Timestamp) {
        if let Some(MadeWith { key, .. }) = made_with {
            self.spent_keys.insert(SpentKey { key, id, at });
        }
    }

    fn move_times(&mut self, from: Timestamp, to: Timestamp) {
        self.spent_keys.move_times(from, to);
        for state in self.requests.values_mut() {
            state.queued_at = state.queued_at.moved(from, to);
            state.until = state.until.map(|until| until.moved(from, to));
            if let Some(grant) = &mut state.grant {
                grant.since = grant.since.moved(from, to);
                grant.expires = grant.expires.map(|expires| expires.moved(from, to));
            }
        }
    }

    /// Every lease, in the order of the ids.
    pub(crate) fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.requests.values().filter_map(|state| state.grant.as_ref())
    }

    /// When a request stops waiting, if it has not been granted by then.
    pub(crate) fn wait_deadline(&self, id: RequestId) -> Option<Timestamp> {
        let state = self.requests.get(&id).filter(|state| state.grant.is_none())?;
        match state.request.wait {
            crate::Wait::UpTo(limit) => Some(state.queued_at.after(limit)),
            crate::Wait::No | crate::Wait::Forever => None,
        }
    }

    /// From when on free resources are held back for a request that waits.
    pub(crate) fn hold_back_time(&self, id: RequestId) -> Option<Timestamp> {
        let state = self.requests.get(&id).filter(|state| state.grant.is_none())?;
        Some(state.queued_at.after(self.inventory.rules().hold_back_after))
    }

    /// When a lease ends at the latest.
    pub(crate) fn expiry(&self, id: RequestId) -> Option<Timestamp> {
        self.requests.get(&id)?.grant.as_ref()?.expires
    }
}

/// The resources that `request` is granted under these names. In a pool that allows it, one that is not in
/// the inventory exists because the request asks for it.
fn resolve(inventory: &Inventory, request: &Request, names: &[Name]) -> Vec<Arc<Resource>> {
    let resource = |name: &Name| match inventory.find(name.as_str()) {
        Some(resource) => Some(Arc::clone(resource)),
        None if inventory.rules().ephemeral => Some(Arc::new(request.ephemeral(name.clone()))),
        None => None,
    };
    names.iter().filter_map(resource).collect()
}
