//! How things stand: what others may ask of the specification.

use std::collections::BTreeMap;

use respo::{Fence, Inventory, LastUsed, Name, Request, RequestId, Stack, Timestamp};

use super::Specification;
use super::assignment::{Assignment, is_full};
use super::turns::{Kept, Regard};

/// Why a request waits: the first of these that is true of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// Its holder or its group has enough: but for that it would be granted.
    Limit,
    /// Something that it could use is kept for another: but for that it would be granted.
    Kept,
    /// Something that it could use is collateral of another party, held or kept: but for that it would be
    /// granted.
    Collateral,
    /// Something that it needs is held by another.
    Held,
}

impl Specification {
    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The inventory in force.
    #[must_use]
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }

    /// The id of the newest request.
    #[must_use]
    pub fn last_id(&self) -> RequestId {
        RequestId(self.last_id)
    }

    /// What a request that waits or holds asks for.
    #[must_use]
    pub fn request(&self, id: RequestId) -> Option<&Request> {
        self.requests.get(&id).map(|asked| &*asked.request)
    }

    /// The fence of the newest grant of each resource that has one which is remembered.
    #[must_use]
    pub fn last_used(&self) -> LastUsed {
        self.last_used.iter().map(|(name, fence)| (name.clone(), Fence(*fence))).collect()
    }

    /// The party of every request that waits or holds.
    #[must_use]
    pub fn parties(&self) -> BTreeMap<RequestId, RequestId> {
        self.requests.iter().map(|(id, asked)| (*id, asked.party)).collect()
    }

    /// Whose a request is, where stacks are concerned.
    #[must_use]
    pub fn party_of(&self, id: RequestId) -> Option<RequestId> {
        self.requests.get(&id).map(|asked| asked.party)
    }

    /// Until when what was extended, or renewed for long, was promised to live.
    #[must_use]
    pub fn promises(&self) -> BTreeMap<RequestId, Timestamp> {
        let promises = self.requests.iter();
        promises.filter_map(|(id, asked)| Some((*id, asked.promised?))).collect()
    }

    /// Since when a request waits, or when it came in that holds by now.
    #[must_use]
    pub fn since(&self, id: RequestId) -> Option<Timestamp> {
        self.requests.get(&id).map(|asked| asked.since)
    }

    /// What a request holds, per requirement, and the fence of its grant. `None` if it waits.
    #[must_use]
    pub fn holds(&self, id: RequestId) -> Option<(&Assignment, Fence)> {
        let lease = self.requests.get(&id)?.lease.as_ref()?;
        Some((&lease.resources, lease.fence))
    }

    /// The names of what a request holds, in order.
    #[must_use]
    pub fn held_by(&self, id: RequestId) -> Vec<Name> {
        let held = self.holds(id).map(|(resources, _)| resources.iter().flatten().cloned());
        held.into_iter().flatten().collect()
    }

    /// The leases, in order.
    #[must_use]
    pub fn leases(&self) -> Vec<RequestId> {
        let leases = self.requests.iter().filter(|(_, asked)| asked.lease.is_some());
        leases.map(|(id, _)| *id).collect()
    }

    /// Which lease a resource is in.
    #[must_use]
    pub fn holder_of(&self, name: &Name) -> Option<RequestId> {
        let mut requests = self.requests.iter();
        let holds = |asked: &super::Asked| {
            let lease = asked.lease.as_ref();
            lease.is_some_and(|lease| lease.resources.iter().flatten().any(|held| held == name))
        };
        requests.find(|(_, asked)| holds(asked)).map(|(id, _)| *id)
    }

    /// Everything that is held, and by which lease.
    #[must_use]
    pub fn held(&self) -> BTreeMap<Name, RequestId> {
        let held = self.requests.iter().flat_map(|(id, asked)| {
            let names = asked.lease.iter().flat_map(|lease| lease.resources.iter().flatten());
            names.map(|name| (name.clone(), *id))
        });
        held.collect()
    }

    /// Everything that is free, but only for those who hold another part of its stack.
    #[must_use]
    pub fn collateral(&self) -> Vec<Name> {
        let held = self.held();
        let stacks = self.inventory.stacks().iter();
        let touched =
            stacks.filter(|Stack(names)| names.iter().any(|name| held.contains_key(name)));
        let mut names: Vec<Name> = touched.flat_map(|stack| stack.0.iter().cloned()).collect();
        names.retain(|name| !held.contains_key(name));
        names.sort();
        names.dedup();
        names
    }

    /// Why a request waits; `None` if it does not, or could be granted now.
    #[must_use]
    pub fn obstacle(&self, id: RequestId) -> Option<Obstacle> {
        let asked = self.requests.get(&id).filter(|asked| asked.lease.is_none())?;
        let granted = |kept: &Kept, stacks: bool| {
            let best = self.best_for(&asked.request, asked.party, Regard { kept, stacks });
            best.is_some_and(|best| is_full(&asked.request, &best))
        };
        let (kept, nothing) = (self.kept_before(id, &asked.request), Kept::new());
        Some(match self.is_over_limit(&asked.request) {
            true if granted(&kept, true) => Obstacle::Limit,
            false if granted(&kept, true) => return None,
            _ if granted(&nothing, true) => Obstacle::Kept,
            _ if granted(&nothing, false) => Obstacle::Collateral,
            _ => Obstacle::Held,
        })
    }
}
