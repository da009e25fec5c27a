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
mod docs;
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
mod openapi;
mod origin;
mod overview;
mod overview_page;
mod overview_table;
mod overview_words;
mod parameters;
mod peer;
mod problem;
mod rentabot;
mod routes;
mod shared_parameters;
mod v1;
mod websocket;

use std::sync::Arc;

use warp::Filter;
use warp::filters::BoxedFilter;
use warp::reply::Response;

pub use api::Api;
pub use peer::{Disconnected, Peer};
pub use websocket::upgrade_key;

use call::{Call, answer, call};
use routes::Routes;

/// Everything that respod serves over plain HTTP, as one filter that answers every request.
///
/// What no route takes is answered too, with a problem document. `GET /openapi.json` says what the
/// routes are.
#[must_use]
pub fn routes(api: Api) -> BoxedFilter<(Response,)> {
    let api = Arc::new(api);
    let routes = Arc::new(Routes::new());
    call().then(move |call: Call| answer(Arc::clone(&routes), Arc::clone(&api), call)).boxed()
}
