//! A pool as it was at one moment, for readers.

use std::sync::Arc;

use crate::inventory::{Inventory, Resource, ResourceIndex};
use crate::lease::Holding;
use crate::names::{Label, Name};
use crate::query::{LockAction, LockQuery};
use crate::refusal::MAX_LISTED_CANDIDATES;
use crate::request::{Request, RequestId};
use crate::time::Timestamp;
use crate::view::{PoolView, ResourceView};
use crate::wire::{
    Candidate, LeaseOverview, PoolOverview, QueuedRequest, ResourceOverview, ResourceState,
    WaitingOverview,
};

pub use crate::wire::Waiter;

/// Everything about a pool that everyone may know, as it was at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// How often the inventory has been set.
    pub revision: u64,
    /// The inventory in force. Its properties are not for everyone.
    pub inventory: Arc<Inventory>,
    /// How each resource stands, parallel to the inventory.
    pub statuses: Vec<Status>,
    /// What is held or asked for and not in the inventory, in the order of the names.
    pub outsiders: Vec<Outsider>,
    /// The leases in the order of their ids.
    pub leases: Vec<HeldLease>,
    /// The waiting requests in the order in which they will be served.
    pub waiting: Vec<WaitingRequest>,
    /// How many waiting requests could take each resource, parallel to the inventory.
    pub queue_lengths: Vec<u64>,
    /// Where each waiting request is in `waiting`, sorted by id.
    pub(crate) by_id: Vec<(RequestId, usize)>,
}

/// A lease in a [`Snapshot`].
#[derive(Debug, Clone)]
pub struct HeldLease {
    /// Who holds it, since when, and until when.
    pub holding: Holding,
    /// What was asked for.
    pub request: Arc<Request>,
    /// What is held, per requirement.
    pub resources: Vec<Vec<Arc<Resource>>>,
}

impl HeldLease {
    /// The lease as everyone may know it.
    #[must_use]
    pub fn overview(&self, pool: &Label) -> LeaseOverview {
        let names = |resources: &Vec<Arc<Resource>>| {
            resources.iter().map(|resource| resource.name.clone()).collect()
        };
        LeaseOverview {
            pool: pool.clone(),
            holding: self.holding.clone(),
            resources: self.resources.iter().map(names).collect(),
            tags: self.request.tags.clone(),
        }
    }
}

/// How a resource stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It can be leased now.
    Free,
    /// It is leased.
    Held(Holding),
    /// It is free, and it or a stack-mate is held back for a waiting request that needs more than this.
    HeldBack(Waiter),
    /// It is free for the client of this lease alone, which has a stack-mate of it.
    Collateral(Holding),
}

/// A resource that is not in the inventory.
#[derive(Debug, Clone)]
pub struct Outsider {
    /// What [`WaitingRequest::candidates`] call it.
    pub(crate) index: ResourceIndex,
    /// What is known of it.
    pub resource: Arc<Resource>,
    /// How it stands.
    pub status: Status,
    /// It was in the inventory, and goes when its lease ends. Otherwise it is a key that clients ask for.
    pub is_retired: bool,
    /// How many waiting requests could take it.
    pub queue: u64,
}

/// A waiting request in a [`Snapshot`].
#[derive(Debug, Clone)]
pub struct WaitingRequest {
    /// Its id.
    pub id: RequestId,
    /// Its place among the waiting requests that could take one of its candidates; 1 is next.
    pub position: u64,
    /// How many such requests wait, this one included.
    pub of: u64,
    /// What it asks for, and who.
    pub request: Arc<Request>,
    /// Since when it waits.
    pub since: Timestamp,
    /// The resources that it waits for.
    pub candidates: Arc<[ResourceIndex]>,
    /// Those of them that are held back for it already.
    pub held_back: Vec<ResourceIndex>,
    /// The allowance that its holder or group has used up.
    pub limit: Option<String>,
}

impl Status {
    /// Who holds the resource, if it is held.
    #[must_use]
    pub fn holding(&self) -> Option<&Holding> {
        match self {
            Self::Held(holding) => Some(holding),
            _ => None,
        }
    }

    /// The same as the surfaces show it.
    #[must_use]
    pub fn state(&self) -> ResourceState {
        match self {
            Self::Free => ResourceState::Free,
            Self::Held(holding) if holding.orphaned_until.is_some() => ResourceState::Orphaned,
            Self::Held(_) => ResourceState::Leased,
            Self::HeldBack(_) => ResourceState::HeldBack,
            Self::Collateral(_) => ResourceState::Collateral,
        }
    }

    /// The resource of this name with this status, for those who wait for it.
    #[must_use]
    pub fn candidate(&self, name: &Name) -> Candidate {
        let (lease, held_back_for) = self.parts();
        let (lease, held_back_for) = (lease.cloned(), held_back_for.cloned());
        Candidate { resource: name.clone(), state: self.state(), lease, held_back_for }
    }

    /// Who has it, and for whom it is kept.
    pub(crate) fn parts(&self) -> (Option<&Holding>, Option<&Waiter>) {
        match self {
            Self::Free => (None, None),
            Self::Held(holding) | Self::Collateral(holding) => (Some(holding), None),
            Self::HeldBack(waiter) => (None, Some(waiter)),
        }
    }
}

impl Outsider {
    fn view(&self) -> ResourceView<'_> {
        let Self { resource, status, is_retired, queue, .. } = self;
        let state = if *is_retired { ResourceState::Retired } else { status.state() };
        let mut view = ResourceView::new(resource, state, status, *queue);
        view.ephemeral = !is_retired;
        view
    }
}

impl Snapshot {
    /// The lease of this id, if there is one.
    #[must_use]
    pub fn lease(&self, id: RequestId) -> Option<&HeldLease> {
        let place = self.leases.binary_search_by_key(&id, |lease| lease.holding.id).ok()?;
        self.leases.get(place)
    }

    /// The waiting request of this id, if there is one.
    #[must_use]
    pub fn waiting_request(&self, id: RequestId) -> Option<&WaitingRequest> {
        let place = self.by_id.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        self.waiting.get(self.by_id[place].1)
    }

    /// Whether the resource of this name is held.
    #[must_use]
    pub fn is_leased(&self, name: &str) -> bool {
        let status = self.inventory.index_of(name).and_then(|at| self.statuses.get(at.as_usize()));
        status.and_then(Status::holding).is_some()
    }

    /// How many resources are held.
    #[must_use]
    pub fn leased(&self) -> usize {
        let outside = self.outsiders.iter().map(|outsider| &outsider.status);
        self.statuses.iter().chain(outside).filter_map(Status::holding).count()
    }

    /// What the client of a waiting request is told; nothing if it does not wait.
    #[must_use]
    pub fn queued(&self, id: RequestId) -> Option<QueuedRequest> {
        let waiting = self.waiting_request(id)?;
        // What is missing comes first: of what is held back for the client, the names are enough.
        let missing = |index: &&ResourceIndex| !waiting.held_back.contains(index);
        let listed = waiting.candidates.iter().filter(missing).take(MAX_LISTED_CANDIDATES);
        let held_back = waiting.held_back.iter().filter_map(|index| self.at(*index));
        Some(QueuedRequest {
            id,
            token: None,
            position: waiting.position,
            of: waiting.of,
            since: waiting.since,
            candidates: listed.filter_map(|index| self.candidate(*index)).collect(),
            candidates_total: waiting.candidates.len() as u64,
            held_back: held_back.map(|(resource, _)| resource.name.clone()).collect(),
            limit: waiting.limit.clone(),
        })
    }

    /// A resource, in the inventory or not, and how it stands.
    fn at(&self, index: ResourceIndex) -> Option<(&Resource, &Status)> {
        if let Some(resource) = self.inventory.at(index) {
            return Some((resource, self.statuses.get(index.as_usize())?));
        }
        let outsider = self.outsiders.iter().find(|outsider| outsider.index == index)?;
        Some((&outsider.resource, &outsider.status))
    }

    fn candidate(&self, index: ResourceIndex) -> Option<Candidate> {
        let (resource, status) = self.at(index)?;
        Some(status.candidate(&resource.name))
    }

    /// The pool for the overview: no properties, no tokens.
    #[must_use]
    pub fn overview(&self, pool: &Label) -> PoolOverview {
        let PoolView { name, revision, resources, stacks, waiting } = self.view(pool);
        let resources = resources.iter().map(ResourceView::to_overview).collect();
        let (name, stacks) = (name.clone(), stacks.to_vec());
        PoolOverview { name, revision, resources, stacks, waiting }
    }

    /// The same, to be written at once.
    #[must_use]
    pub fn view<'s>(&'s self, pool: &'s Label) -> PoolView<'s> {
        PoolView {
            name: pool,
            revision: self.revision,
            resources: self.resources().map(|(_, resource)| resource).collect(),
            stacks: self.inventory.stacks(),
            waiting: self.waiting.iter().map(|waiting| self.waiting_overview(waiting)).collect(),
        }
    }

    /// Every resource as everyone may know it, those outside of the inventory last, each with everything
    /// that is known of it: that is for deciding which ones are meant, not for everyone.
    pub fn resources(&self) -> impl Iterator<Item = (&Arc<Resource>, ResourceView<'_>)> {
        let inside = self.inventory.resources().iter().zip(&self.statuses).zip(&self.queue_lengths);
        let inside = inside.map(|((resource, status), queue)| {
            (resource, ResourceView::new(resource, status.state(), status, *queue))
        });
        let outside = self.outsiders.iter();
        let outside = outside.map(|outsider| (&outsider.resource, outsider.view()));
        inside.chain(outside)
    }

    /// The resource of this name as everyone may know it, in the inventory or not.
    #[must_use]
    pub fn resource(&self, name: &str) -> Option<ResourceOverview> {
        if let Some(index) = self.inventory.index_of(name) {
            let at = index.as_usize();
            let (resource, status) = self.at(index)?;
            let queue = self.queue_lengths.get(at).copied().unwrap_or_default();
            return Some(ResourceView::new(resource, status.state(), status, queue).to_overview());
        }
        let named = |outsider: &&Outsider| outsider.resource.name.as_str() == name;
        self.outsiders.iter().find(named).map(|outsider| outsider.view().to_overview())
    }

    /// A waiting request of this snapshot as everyone may know it.
    #[must_use]
    pub fn waiting_overview(&self, waiting: &WaitingRequest) -> WaitingOverview {
        let held_back = waiting.held_back.iter().filter_map(|index| self.at(*index));
        WaitingOverview {
            id: waiting.id,
            position: waiting.position,
            of: waiting.of,
            priority: waiting.request.priority,
            holder: waiting.request.holder.clone(),
            description: waiting.request.description.clone(),
            since: waiting.since,
            selector: selector_text(&waiting.request),
            requirements: waiting.request.requirements().iter().map(ToString::to_string).collect(),
            candidates_total: waiting.candidates.len() as u64,
            held_back: held_back.map(|(resource, _)| resource.name.clone()).collect(),
            limit: waiting.limit.clone(),
        }
    }
}

/// What a request needs, as the query string says it.
fn selector_text(request: &Request) -> String {
    let needs = Request::new(request.requirements().to_vec());
    let query = needs.map(|needs| LockQuery { pool: None, action: LockAction::Request(needs) });
    query.map(|query| query.to_string()).unwrap_or_default()
}
