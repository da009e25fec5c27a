//! A pool as it was at one moment, for readers.

use std::sync::Arc;

use crate::inventory::{Inventory, Resource, ResourceIndex};
use crate::lease::Holding;
use crate::names::Label;
use crate::refusal::MAX_LISTED_CANDIDATES;
use crate::request::{Request, RequestId, Requirement};
use crate::time::Timestamp;
use crate::wire::{
    Candidate, PoolOverview, QueuedRequest, ResourceOverview, ResourceState, WaitingOverview,
};

/// Everything about a pool that everyone may know, as it was at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// How often the inventory has been set.
    pub revision: u64,
    /// The inventory in force. Its properties are not for everyone.
    pub inventory: Arc<Inventory>,
    /// Who holds each resource, parallel to the inventory.
    pub holdings: Vec<Option<Holding>>,
    /// Leased resources that are no longer in the inventory.
    pub retired: Vec<(Arc<Resource>, Holding)>,
    /// The waiting requests in the order in which they will be served.
    pub waiting: Vec<WaitingRequest>,
    /// How many waiting requests could take each resource, parallel to the inventory.
    pub queue_lengths: Vec<u64>,
    /// Where each waiting request is in `waiting`, sorted by id.
    pub(crate) by_id: Vec<(RequestId, usize)>,
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
}

impl Snapshot {
    /// Whether the resource of this name is held.
    #[must_use]
    pub fn is_leased(&self, name: &str) -> bool {
        self.inventory
            .index_of(name)
            .is_some_and(|index| self.holdings.get(index.as_usize()).is_some_and(Option::is_some))
    }

    /// What the client of a waiting request is told; nothing if it does not wait.
    #[must_use]
    pub fn queued(&self, id: RequestId) -> Option<QueuedRequest> {
        let place = self.by_id.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        let waiting = self.waiting.get(self.by_id[place].1)?;
        let listed = waiting.candidates.iter().take(MAX_LISTED_CANDIDATES);
        Some(QueuedRequest {
            id,
            token: None,
            position: waiting.position,
            of: waiting.of,
            since: waiting.since,
            candidates: listed.filter_map(|index| self.candidate(*index)).collect(),
            candidates_total: waiting.candidates.len() as u64,
        })
    }

    fn candidate(&self, index: ResourceIndex) -> Option<Candidate> {
        let resource = self.inventory.at(index)?;
        let holding = self.holdings.get(index.as_usize())?.as_ref();
        Some(candidate(resource, holding))
    }

    /// The pool for the overview: no properties, no tokens.
    #[must_use]
    pub fn overview(&self, pool: &Label) -> PoolOverview {
        let holdings = self.holdings.iter().map(Option::as_ref);
        let present = self.inventory.resources().iter().zip(holdings).zip(&self.queue_lengths).map(
            |((resource, holding), queue)| {
                resource_overview(resource, state_of(holding), holding, *queue)
            },
        );
        let retired = self.retired.iter().map(|(resource, holding)| {
            resource_overview(resource, ResourceState::Retired, Some(holding), 0)
        });
        PoolOverview {
            name: pool.clone(),
            revision: self.revision,
            resources: present.chain(retired).collect(),
            waiting: self.waiting.iter().map(waiting_overview).collect(),
        }
    }
}

pub(crate) fn candidate(resource: &Resource, holding: Option<&Holding>) -> Candidate {
    let (state, lease) = (state_of(holding), holding.cloned());
    Candidate { resource: resource.name.clone(), state, lease }
}

fn state_of(holding: Option<&Holding>) -> ResourceState {
    match holding {
        None => ResourceState::Free,
        Some(holding) if holding.orphaned_until.is_some() => ResourceState::Orphaned,
        Some(_) => ResourceState::Leased,
    }
}

fn resource_overview(
    resource: &Resource,
    state: ResourceState,
    holding: Option<&Holding>,
    queue: u64,
) -> ResourceOverview {
    let entities = resource.entities.iter();
    ResourceOverview {
        name: resource.name.clone(),
        state,
        location: resource.location.clone(),
        attributes: resource.attributes.clone(),
        description: resource.description.clone(),
        endpoint: resource.endpoint.clone(),
        entities: entities.map(|(name, entity)| (name.clone(), entity.into())).collect(),
        lease: holding.cloned(),
        queue,
    }
}

fn waiting_overview(waiting: &WaitingRequest) -> WaitingOverview {
    let requirements = waiting.request.requirements();
    let selector = |requirement: &Requirement| {
        requirement.selector().map(ToString::to_string).unwrap_or_default()
    };
    WaitingOverview {
        id: waiting.id,
        position: waiting.position,
        of: waiting.of,
        priority: waiting.request.priority,
        holder: waiting.request.holder.clone(),
        description: waiting.request.description.clone(),
        since: waiting.since,
        selector: requirements.iter().map(selector).collect::<Vec<_>>().join(" "),
        candidates_total: waiting.candidates.len() as u64,
    }
}
