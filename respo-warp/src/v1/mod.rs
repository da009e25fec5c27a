//! `/v1`: leases that are kept by being renewed, and everything that there is, as lists and one by one.

mod answers;
mod create;
mod events;
mod follow;
mod leases;
mod page;
mod release;
mod requests;
mod resources;
mod stacks;
mod terms;

use std::sync::Arc;

use percent_encoding::percent_decode_str;
use respo::broker::Broker;
use respo::{Label, RequestId, Snapshot};
use warp::http::Method;
use warp::reply::Response;

use crate::api::Api;
use crate::call::{self, Call};
use crate::inventory_route;
use crate::problem::Problem;

/// What everyone may know of every pool, or of the one that is named.
async fn snapshots(api: &Api, pool: Option<&str>) -> Result<Vec<(Label, Arc<Snapshot>)>, Problem> {
    let brokers: Vec<&Broker> = match pool {
        Some(name) => vec![api.pools.select(Some(name))?],
        None => api.pools.iter().collect(),
    };
    let mut pools = Vec::new();
    for broker in brokers {
        pools.push((broker.pool().clone(), broker.snapshot().await));
    }
    Ok(pools)
}

const READ: &[Method] = &[Method::GET, Method::HEAD];

/// A path below `/v1`.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Route {
    Leases,
    Lease(RequestId),
    Verify(RequestId),
    Renew(RequestId),
    Extend(RequestId),
    Transfer(RequestId),
    Allow(RequestId),
    Allowed(RequestId, Label),
    Requests,
    Request(RequestId),
    Resources,
    Resource(String),
    Stacks,
    Events,
    Revisions,
}

/// Answers a call to `/v1/` and this path.
pub(crate) async fn answer(api: Arc<Api>, path: String, call: Call) -> Response {
    match Route::parse(&path) {
        Some(route) => {
            let methods = route.methods();
            call::answer(call, methods, |call| route.answer(api, call)).await
        }
        None => call::not_found(call).await,
    }
}

impl Route {
    fn parse(path: &str) -> Option<Self> {
        // The name of a resource may have slashes in it.
        if let Some(name) = path.strip_prefix("resources/").filter(|name| !name.is_empty()) {
            return Some(Self::Resource(decoded(name)?));
        }
        let segments: Vec<&str> = path.split('/').collect();
        match *segments.as_slice() {
            ["leases"] => Some(Self::Leases),
            ["leases", id] => Some(Self::Lease(request_id(id)?)),
            ["leases", id, "verify"] => Some(Self::Verify(request_id(id)?)),
            // What has not been granted is renewed, too.
            ["leases" | "requests", id, "renew"] => Some(Self::Renew(request_id(id)?)),
            ["leases", id, "extend"] => Some(Self::Extend(request_id(id)?)),
            ["leases", id, "transfer"] => Some(Self::Transfer(request_id(id)?)),
            ["leases", id, "allow"] => Some(Self::Allow(request_id(id)?)),
            ["leases", id, "allow", who] => {
                Some(Self::Allowed(request_id(id)?, Label::new(decoded(who)?).ok()?))
            }
            ["requests"] => Some(Self::Requests),
            ["requests", id] => Some(Self::Request(request_id(id)?)),
            ["resources"] => Some(Self::Resources),
            ["stacks"] => Some(Self::Stacks),
            ["events"] => Some(Self::Events),
            ["inventory", "revisions"] => Some(Self::Revisions),
            _ => None,
        }
    }

    fn methods(&self) -> &'static [Method] {
        match self {
            Self::Leases => &[Method::GET, Method::HEAD, Method::POST],
            Self::Lease(_) | Self::Request(_) => &[Method::GET, Method::HEAD, Method::DELETE],
            Self::Renew(_) | Self::Extend(_) | Self::Transfer(_) | Self::Allow(_) => {
                &[Method::POST]
            }
            Self::Allowed(..) => &[Method::DELETE],
            Self::Verify(_)
            | Self::Requests
            | Self::Resources
            | Self::Resource(_)
            | Self::Stacks
            | Self::Events
            | Self::Revisions => READ,
        }
    }

    async fn answer(self, api: Arc<Api>, call: Call) -> Result<Response, Problem> {
        let deletes = call.method == Method::DELETE;
        match self {
            Self::Leases if call.method == Method::POST => create::create(api, call).await,
            Self::Leases => leases::list(api, call).await,
            Self::Lease(id) if deletes => release::release(api, id, call).await,
            Self::Lease(id) => leases::show(api, id, call).await,
            Self::Verify(id) => leases::verify(api, id, call).await,
            Self::Renew(id) => terms::renew(api, id, call).await,
            Self::Extend(id) => terms::extend(api, id, call).await,
            Self::Transfer(id) => terms::transfer(api, id, call).await,
            Self::Allow(id) => terms::allow(api, id, call).await,
            Self::Allowed(id, who) => terms::disallow(api, id, who, call).await,
            Self::Requests => requests::list(api, call).await,
            Self::Request(id) if deletes => release::cancel(api, id, call).await,
            Self::Request(id) => requests::show(api, id, call).await,
            Self::Resources => resources::list(api, call).await,
            Self::Resource(name) => resources::show(api, name, call).await,
            Self::Stacks => stacks::list(api, call).await,
            Self::Events => events::stream(api, call).await,
            Self::Revisions => inventory_route::revisions(api, call).await,
        }
    }
}

/// An id is written in digits alone.
fn request_id(segment: &str) -> Option<RequestId> {
    let is_number = segment.bytes().all(|byte| byte.is_ascii_digit());
    segment.parse().ok().filter(|_| is_number).map(RequestId)
}

fn decoded(segment: &str) -> Option<String> {
    percent_decode_str(segment).decode_utf8().ok().map(String::from)
}
