//! respo over HTTP: warp routes that translate between HTTP and a respo broker.
//!
//! [`routes`] answers everything that `docs/protocol.md` describes. The crate holds no policy and no
//! state of its own: it parses, asks a [`respo::broker::Broker`], and writes down the answer.
//!
//! Whoever runs the server puts a [`Peer`] into each request's extensions: it carries the client's
//! address and says when the client has left. Without one, a lease ends when its response is dropped.

mod api;
mod aside;
mod authorization;
mod body;
mod call;
mod elapsed;
mod fields;
mod health;
mod idempotency;
pub mod inventory;
mod inventory_route;
mod lock;
mod lock_request;
mod lock_stream;
mod negotiation;
mod origin;
mod overview;
mod overview_page;
mod overview_table;
mod overview_words;
mod parameters;
mod peer;
mod problem;
mod rentabot;
mod v1;
mod websocket;

use std::sync::Arc;

use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::path::Tail;
use warp::reply::Response;
use warp::{Filter, Rejection};

pub use api::Api;
pub use peer::{Disconnected, Peer};
pub use websocket::upgrade_key;

use call::{Call, answer, call};
use rentabot::Family;

/// Everything that respod serves over plain HTTP, as one filter that answers every request.
///
/// What no route takes is answered too, with a problem document.
#[must_use]
pub fn routes(api: Api) -> BoxedFilter<(Response,)> {
    let api = Arc::new(api);
    let with_api = {
        let api = Arc::clone(&api);
        warp::any().map(move || Arc::clone(&api))
    };
    let request = with_api.and(call());

    let overview = warp::path::end().and(request.clone()).then(|api, call: Call| {
        answer(call, &[Method::GET, Method::HEAD], |call| overview::show(api, call))
    });
    let lock = warp::path!("lock")
        .and(request.clone())
        .then(|api, call: Call| answer(call, &[Method::POST], |call| lock::lock(api, call)));
    let websocket = warp::path!("ws")
        .and(request.clone())
        .then(|api, call: Call| answer(call, &[Method::GET], |call| websocket::refuse(api, call)));
    let inventory = warp::path!("inventory").and(request.clone()).then(|api, call: Call| {
        answer(call, &[Method::GET, Method::HEAD, Method::POST], |call| {
            inventory_route::answer(api, call)
        })
    });
    let v1 = warp::path("v1")
        .and(warp::path::tail())
        .and(request.clone())
        .then(|tail: Tail, api, call| v1::answer(api, tail.as_str().to_owned(), call));
    let health = warp::path!("healthz").and(request.clone()).then(|api, call: Call| {
        answer(call, &[Method::GET, Method::HEAD], |call| health::check(api, call))
    });
    let rentabot = rentabot_routes(&request);
    let elsewhere = request.then(|_api: Arc<Api>, call: Call| call::not_found(call));

    overview
        .or(lock)
        .unify()
        .or(websocket)
        .unify()
        .or(inventory)
        .unify()
        .or(v1)
        .unify()
        .or(health)
        .unify()
        .or(rentabot)
        .unify()
        .or(elsewhere)
        .unify()
        .boxed()
}

/// What rent-a-bot's clients call.
fn rentabot_routes(
    request: &(
         impl Filter<Extract = (Arc<Api>, Call), Error = Rejection> + Clone + Send + Sync + 'static
     ),
) -> BoxedFilter<(Response,)> {
    let present = warp::path("api").and(warp::path("v1")).map(|| Family::Present);
    let former = warp::path("rentabot").and(warp::path("api")).and(warp::path("v1.0"));
    let calls = present
        .or(former.map(|| Family::Former))
        .unify()
        .and(warp::path::tail())
        .and(request.clone())
        .then(|family, tail: Tail, api, call| {
            rentabot::answer(api, family, tail.as_str().to_owned(), call)
        });
    let health = warp::path!("health").and(request.clone()).then(|api, call: Call| {
        answer(call, &[Method::GET, Method::HEAD], |call| rentabot::health(api, call))
    });
    let readiness = warp::path!("readiness").and(request.clone()).then(|api, call: Call| {
        answer(call, &[Method::GET, Method::HEAD], |call| rentabot::readiness(api, call))
    });
    calls.or(health).unify().or(readiness).unify().boxed()
}
