//! The overview of a respod, and what of it a call is about.

use std::collections::BTreeMap;

use rpclient::respo::matcher::matches;
use rpclient::respo::query::LockAction;
use rpclient::respo::wire::{Overview, PoolOverview, ResourceOverview, WaitingOverview};
use rpclient::respo::{Entity, LockQuery};
use rpclient::{Label, Resource, Selector};
use serde::Serialize;

use crate::arguments::CommonArguments;
use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// Something of a pool, with the pool's name: what lists over all pools consist of.
#[derive(Debug, Serialize)]
pub(crate) struct InPool<'a, T> {
    pub(crate) pool: &'a Label,
    #[serde(flatten)]
    pub(crate) item: &'a T,
}

/// Asks for the overview, and keeps the pool that was named, if one was.
pub(crate) async fn fetch(common: &CommonArguments) -> Result<Overview, Failure> {
    let mut overview = common.client()?.overview().await?;
    let Some(name) = &common.pool else {
        return Ok(overview);
    };
    let known = names(&overview.pools);
    overview.pools.retain(|pool| pool.name == *name);
    if overview.pools.is_empty() {
        let message = format!("no such pool: {name}; this respod has {known}");
        return Err(Failure::new(ExitCode::NoSuch, message));
    }
    Ok(overview)
}

/// The names of pools, for a message.
pub(crate) fn names(pools: &[PoolOverview]) -> String {
    pools.iter().map(|pool| pool.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Whether `resource` satisfies `selector`. What respod decides by is in the overview, all of it.
pub(crate) fn selects(selector: &Selector, resource: &ResourceOverview) -> bool {
    let entities = resource.entities.iter().map(|(name, entity)| {
        let attributes = entity.attributes.clone();
        (name.clone(), Entity { attributes, properties: BTreeMap::new() })
    });
    let resource = Resource {
        location: resource.location.clone(),
        attributes: resource.attributes.clone(),
        entities: entities.collect(),
        ..Resource::new(resource.name.clone())
    };
    matches(selector, &resource)
}

/// Whether `waiting` could be granted `resource`.
pub(crate) fn waits_for(waiting: &WaitingOverview, resource: &ResourceOverview) -> bool {
    // A selector of a later respod that this version cannot read matches nothing here.
    let Ok(query) = LockQuery::parse(&waiting.selector) else {
        return false;
    };
    let LockAction::Request(request) = query.action else {
        return false;
    };
    request
        .requirements()
        .iter()
        .filter_map(rpclient::respo::Requirement::selector)
        .any(|selector| selects(selector, resource))
}
