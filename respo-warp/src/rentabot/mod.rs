//! rent-a-bot's API, for its clients: `/api/v1/…` as its version 1.0 has it, and `/rentabot/api/v1.0/…` as its
//! older clients call it.
//!
//! It translates: a lock is a lease with a ttl, a reservation a request that waits in the pool's queue.
//! `docs/rentabot.md` maps each call. Nothing is kept here: the ids of resources are those of the inventory,
//! and what is to be known of a reservation stands in its request.

mod fault;
mod input;
mod locks;
mod reservation;
mod reservations;
mod resources;
mod terms;
mod visit;

use std::sync::Arc;

use respo::broker::Broker;
use serde_json::json as document;
use warp::http::header::{HeaderName, HeaderValue, LINK};
use warp::http::{Method, StatusCode};
use warp::reply::Response;

use crate::api::Api;
use crate::call::{self, Call};
use crate::problem::{Problem, json};
use fault::Fault;
use visit::Visit;

/// Whose calls these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// `/api/v1`: that of rent-a-bot 1.0, whose locks have a ttl.
    Present,
    /// `/rentabot/api/v1.0`: those from before, who know of no end of a lock but their own.
    Former,
}

const READ: &[Method] = &[Method::GET, Method::HEAD];
const CHANGE: &[Method] = &[Method::POST];
const LIST: &[Method] = &[Method::GET, Method::HEAD, Method::POST];
const ONE: &[Method] = &[Method::GET, Method::HEAD, Method::DELETE];

/// Answers a call to `path`, which is what comes after the beginning that the family has.
pub(crate) async fn answer(api: Arc<Api>, family: Family, path: String, call: Call) -> Response {
    let parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let methods = match parts.as_slice() {
        ["resources"] => READ,
        ["resources", "lock"] | ["resources", _, "lock" | "unlock" | "extend"] => CHANGE,
        ["resources", _] => READ,
        ["reservations"] => LIST,
        ["reservations", _] => ONE,
        ["reservations", _, "claim"] => CHANGE,
        _ => return call::not_found(call).await,
    };
    let answered = call::answer(call, methods, |call| async {
        let answered = dispatch(api, family, &parts, call).await;
        Ok(answered.unwrap_or_else(Fault::into_response))
    });
    let mut response = answered.await;
    if family == Family::Former {
        // As rent-a-bot did while it served both.
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static("deprecation"), HeaderValue::from_static("true"));
        if let Ok(link) = HeaderValue::from_str(&format!("</api/v1/{path}>; rel=alternate")) {
            headers.insert(LINK, link);
        }
    }
    response
}

async fn dispatch(
    api: Arc<Api>,
    family: Family,
    parts: &[&str],
    call: Call,
) -> Result<Response, Fault> {
    let method = call.method.clone();
    let visit = Visit::open(&api, family, call).await?;
    match *parts {
        ["resources"] => resources::list(&visit).await,
        ["resources", "lock"] => locks::lock_by_criterion(&visit).await,
        ["resources", id] => resources::one(&visit, id).await,
        ["resources", id, "lock"] => locks::lock_by_id(&visit, id).await,
        ["resources", id, "unlock"] => locks::unlock(&visit, id).await,
        ["resources", id, _] => locks::extend(&visit, id).await,
        ["reservations"] if method == Method::POST => reservations::create(&visit).await,
        ["reservations"] => reservations::list(&visit).await,
        ["reservations", id] if method == Method::DELETE => reservations::cancel(&visit, id).await,
        ["reservations", id] => reservations::one(&visit, id).await,
        ["reservations", id, _] => reservations::claim(&visit, id).await,
        _ => Err(Problem::not_found().into()),
    }
}

/// `GET /health`: it runs.
pub(crate) async fn health(_api: Arc<Api>, _call: Call) -> Result<Response, Problem> {
    Ok(json(&document!({"status": "ok"})))
}

/// `GET /readiness`: whether it grants anything.
pub(crate) async fn readiness(api: Arc<Api>, _call: Call) -> Result<Response, Problem> {
    if api.pools.iter().any(Broker::is_draining) {
        let mut response = json(&document!({"status": "draining"}));
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        return Ok(response);
    }
    Ok(json(&document!({"status": "ready"})))
}
