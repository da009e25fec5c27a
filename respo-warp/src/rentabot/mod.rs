//! rent-a-bot's API, for its clients: `/api/v1/…` as its version 1.0 has it, and `/rentabot/api/v1.0/…` as its
//! older clients call it.
//!
//! It translates: a lock is a lease with a ttl, a reservation a request that waits in the pool's queue.
//! `docs/rentabot.md` maps each call. Nothing is kept here: the ids of resources are those of the inventory,
//! and what is to be known of a reservation stands in its request.

mod answers;
pub(crate) mod calls;
mod descriptions;
mod fault;
mod input;
mod locks;
mod looks;
mod reservation;
mod reservations;
mod resources;
mod terms;
mod visit;

use std::sync::Arc;

use warp::http::Method;
use warp::http::header::{HeaderName, HeaderValue, LINK};
use warp::reply::Response;

use crate::api::Api;
use crate::call::Call;
use crate::problem::Problem;
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

/// Where the calls of rent-a-bot 1.0 begin.
const PRESENT: &str = "/api/v1/";
/// Where those of its older clients begin.
const FORMER: &str = "/rentabot/api/v1.0/";

/// The path under which older clients make a call, if they know it.
pub(crate) fn former(path: &str) -> Option<String> {
    path.strip_prefix(PRESENT).map(|rest| format!("{FORMER}{rest}"))
}

/// The path that is meant. rent-a-bot's server does not mind slashes at the end.
pub(crate) fn meant(path: &str) -> &str {
    let is_of_rentabot = path.starts_with(PRESENT) || path.starts_with(FORMER);
    if is_of_rentabot { path.trim_end_matches('/') } else { path }
}

/// Answers a call of either family.
async fn answer(api: Arc<Api>, call: Call) -> Result<Response, Problem> {
    let path = meant(&call.path).to_owned();
    let (family, path) = match (path.strip_prefix(PRESENT), path.strip_prefix(FORMER)) {
        (Some(path), _) => (Family::Present, path),
        (None, Some(path)) => (Family::Former, path),
        (None, None) => return Err(Problem::not_found()),
    };
    let parts: Vec<&str> = path.split('/').collect();
    let answered = dispatch(api, family, &parts, call).await;
    let mut response = answered.unwrap_or_else(Fault::into_response);
    if family == Family::Former {
        // As rent-a-bot did while it served both.
        let headers = response.headers_mut();
        headers.insert(HeaderName::from_static("deprecation"), HeaderValue::from_static("true"));
        if let Ok(link) = HeaderValue::from_str(&format!("<{PRESENT}{path}>; rel=alternate")) {
            headers.insert(LINK, link);
        }
    }
    Ok(response)
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
