//! The overview of a respod, and what of it a call is about.

use rpclient::Label;
use rpclient::respo::wire::{Overview, PoolOverview, ResourceOverview};
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

/// Who has a resource, or, if it is free, for whom alone: the holder of a stack-mate, or who waits for more.
pub(crate) fn holder(resource: &ResourceOverview) -> Option<String> {
    let holder = resource.lease.as_ref().and_then(|lease| lease.holder.as_ref());
    let waiter = resource.held_back_for.as_ref().map(|waiter| match &waiter.holder {
        Some(holder) => holder.to_string(),
        None => format!("request {}", waiter.id),
    });
    holder.map(ToString::to_string).or(waiter)
}
