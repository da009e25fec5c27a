//! The calls of rent-a-bot 1.0, and what they are answered. Its older clients make the same ones under other paths.

use std::sync::Arc;

use respo::broker::Broker;
use serde::Serialize;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use super::answer;
use super::answers::{
    Extension, Lock, Message, OneResource, ReservationRequest, Reservations, Resources, Terms,
    Unprocessable,
};
use super::descriptions::{
    ChosenPool, LOCK_TERMS, LOCK_TOKEN, LOCKED, NO_SUCH_THING, NOT_ALLOWED, NOT_UNDERSTOOD,
    PROBLEMS, ReservationId, ResourceNumber, WRONG_STATE,
};
use super::reservation::Reservation;
use crate::api::Api;
use crate::call::Call;
use crate::problem::{Problem, json};

/// Every resource
#[utoipa::path(
    get,
    path = "/api/v1/resources",
    tag = "rent-a-bot",
    params(ChosenPool),
    responses(
        (status = 200, description = "The resources.", body = Resources),
        (status = 422, description = NOT_UNDERSTOOD, body = Unprocessable),
    ),
    extensions(("x-problems" = json!(PROBLEMS))),
)]
pub(crate) async fn rentabot_list_resources(
    api: Arc<Api>,
    call: Call,
) -> Result<Response, Problem> {
    answer(api, call).await
}

/// One resource
#[utoipa::path(
    get,
    path = "/api/v1/resources/{resource_id}",
    tag = "rent-a-bot",
    params(ResourceNumber, ChosenPool),
    responses(
        (status = 200, description = "The resource.", body = OneResource),
        (status = 404, description = NO_SUCH_THING, body = Message),
        (status = 422, description = NOT_UNDERSTOOD, body = Unprocessable),
    ),
    extensions(("x-problems" = json!(PROBLEMS))),
)]
pub(crate) async fn rentabot_show_resource(api: Arc<Api>, call: Call) -> Result<Response, Problem> {
    answer(api, call).await
}

/// Lock one by its number, its name or its tags
#[utoipa::path(
    post,
    path = "/api/v1/resources/lock",
    tag = "rent-a-bot",
    params(
        ("id" = Option<i64>, Query, description = "Its number."),
        ("rid" = Option<i64>, Query, description = "The same."),
        ("name" = Option<String>, Query, description = "Its name."),
        ("tag" = Option<Vec<String>>, Query, description = "It has all of these."),
        ChosenPool,
    ),
    request_body(content = Option<Terms>, description = LOCK_TERMS),
    responses(
        (status = 200, description = "It is locked.", body = Lock),
        (status = 400, description = NOT_ALLOWED, body = Message),
        (status = 403, description = LOCKED, body = Message),
        (status = 404, description = NO_SUCH_THING, body = Message),
        (status = 422, description = NOT_UNDERSTOOD, body = Unprocessable),
    ),
    extensions(("x-problems" = json!(PROBLEMS))),
)]
pub(crate) async fn rentabot_lock_some(api: Arc<Api>, call: Call) -> Result<Response, Problem> {
    answer(api, call).await
}

/// Lock a resource
#[utoipa::path(
    post,
    path = "/api/v1/resources/{resource_id}/lock",
    tag = "rent-a-bot",
    params(ResourceNumber, ChosenPool),
    request_body(content = Option<Terms>, description = LOCK_TERMS),
    responses(
        (status = 200, description = "It is locked.", body = Lock),
        (status = 400, description = NOT_ALLOWED, body = Message),
        (status = 403, description = LOCKED, body = Message),
        (status = 404, description = NO_SUCH_THING, body = Message),
        (status = 422, description = NOT_UNDERSTOOD, body = Unprocessable),
    ),
    extensions(("x-problems" = json!(PROBLEMS))),
)]
pub(crate) async fn rentabot_lock_one(api: Arc<Api>, call: Call) -> Result<Response, Problem> {
    answer(api, call).await
}

/// Unlock a resource
#[utoipa::path(
    post,
    path = "/api/v1/resources/{resource_id}/unlock",
    tag = "rent-a-bot",
    params(
        ResourceNumber,
        ("lock-token" = Option<String>, Query, description = LOCK_TOKEN),
        ChosenPool,
    ),
    responses(
        (status = 200, description = "It is unlocked.", body = Message),
        (status = 403, description = LOCKED, body = Message),
        (status = 404, description = NO_SUCH_THING, body = Message),
        (status = 422, description = NOT_UNDERSTOOD, body = Unprocessable),
    ),
    extensions(("x-problems" = json!(PROBLEMS))),
)]
pub(crate) async fn rentabot_unlock(api: Arc<Api>, call: Call) -> Result<Response, Problem> {
    answer(api, call).await
}

/// Give a lock more time
#[utoipa::path(
    post,
    path = "/api/v1/resources/{resource_id}/extend",
    tag = "rent-a-bot",
    params(
        ResourceNumber,
        ("lock-token" = String, Query, description = LOCK_TOKEN, example = "0"),
        ("additional-ttl" = i64, Query, minimum = 1, description = "For how long from now, in seconds.", example = 60),
        ChosenPool,
    ),
    responses(
        (status = 200, description = "It lasts longer.", body = Extension),
        (status = 400, description = NOT_ALLOWED, body = Message),
        (status = 403, description = LOCKED, body = Message),
        (status = 404, description = NO_SUCH_THING, body = Message),
        (status = 422, description = NOT_UNDERSTOOD, body = Unprocessable),
    ),
    extensions(("x-problems" = json!(PROBLEMS))),
)]
pub(crate) async fn rentabot_extend(api: Arc<Api>, call: Call) -> Result<Response, Problem> {
    answer(api, call).await
}

/// Reserve resources
#[utoipa::path(
    post,
    path = "/api/v1/reservations",
    tag = "rent-a-bot",
    params(ChosenPool),
    request_body(content = ReservationRequest, description = "What is to be reserved."),
    responses(
        (status = 201, description = "It waits, or is fulfilled.", body = Reservation),
        (status = 400, description = NOT_ALLOWED, body = Message),
        (status = 403, description = LOCKED, body = Message),
        (status = 404, description = NO_SUCH_THING, body = Message),
        (status = 422, description = NOT_UNDERSTOOD, body = Unprocessable),
    ),
    extensions(("x-problems" = json!(PROBLEMS))),
)]
pub(crate) async fn rentabot_reserve(api: Arc<Api>, call: Call) -> Result<Response, Problem> {
    answer(api, call).await
}

/// Every reservation
#[utoipa::path(
    get,
    path = "/api/v1/reservations",
    tag = "rent-a-bot",
    params(ChosenPool),
    responses(
        (status = 200, description = "The reservations.", body = Reservations),
        (status = 422, description = NOT_UNDERSTOOD, body = Unprocessable),
    ),
    extensions(("x-problems" = json!(PROBLEMS))),
)]
pub(crate) async fn rentabot_list_reservations(
    api: Arc<Api>,
    call: Call,
) -> Result<Response, Problem> {
    answer(api, call).await
}

/// One reservation
#[utoipa::path(
    get,
    path = "/api/v1/reservations/{reservation_id}",
    tag = "rent-a-bot",
    params(ReservationId, ChosenPool),
    responses(
        (status = 200, description = "The reservation.", body = Reservation),
        (status = 403, description = LOCKED, body = Message),
        (status = 404, description = NO_SUCH_THING, body = Message),
        (status = 422, description = NOT_UNDERSTOOD, body = Unprocessable),
    ),
    extensions(("x-problems" = json!(PROBLEMS))),
)]
pub(crate) async fn rentabot_show_reservation(
    api: Arc<Api>,
    call: Call,
) -> Result<Response, Problem> {
    answer(api, call).await
}

/// Claim what a reservation has
#[utoipa::path(
    post,
    path = "/api/v1/reservations/{reservation_id}/claim",
    tag = "rent-a-bot",
    params(ReservationId, ChosenPool),
    responses(
        (status = 200, description = "It is claimed.", body = Reservation),
        (status = 403, description = LOCKED, body = Message),
        (status = 404, description = NO_SUCH_THING, body = Message),
        (status = 409, description = WRONG_STATE, body = Message),
        (status = 410, description = "It was not claimed in time.", body = Message),
        (status = 422, description = NOT_UNDERSTOOD, body = Unprocessable),
    ),
    extensions(("x-problems" = json!(PROBLEMS))),
)]
pub(crate) async fn rentabot_claim(api: Arc<Api>, call: Call) -> Result<Response, Problem> {
    answer(api, call).await
}

/// Cancel a reservation
#[utoipa::path(
    delete,
    path = "/api/v1/reservations/{reservation_id}",
    tag = "rent-a-bot",
    params(ReservationId, ChosenPool),
    responses(
        (status = 204, description = "It is cancelled."),
        (status = 403, description = LOCKED, body = Message),
        (status = 404, description = NO_SUCH_THING, body = Message),
        (status = 409, description = WRONG_STATE, body = Message),
        (status = 422, description = NOT_UNDERSTOOD, body = Unprocessable),
    ),
    extensions(("x-problems" = json!(PROBLEMS))),
)]
pub(crate) async fn rentabot_cancel(api: Arc<Api>, call: Call) -> Result<Response, Problem> {
    answer(api, call).await
}

/// Whether the server runs.
#[derive(Serialize, ToSchema)]
#[schema(as = RentabotHealth)]
struct Health {
    /// `ok`; of `/readiness`, `ready` or `draining`.
    status: &'static str,
}

/// Whether it runs
#[utoipa::path(
    get,
    path = "/health",
    tag = "rent-a-bot",
    responses((status = 200, description = "It does.", body = Health)),
)]
pub(crate) async fn rentabot_health(_api: Arc<Api>, _call: Call) -> Result<Response, Problem> {
    Ok(json(&Health { status: "ok" }))
}

/// Whether it grants anything
#[utoipa::path(
    get,
    path = "/readiness",
    tag = "rent-a-bot",
    responses(
        (status = 200, description = "It does.", body = Health),
        (status = 503, description = "It is stopping.", body = Health),
    ),
)]
pub(crate) async fn rentabot_readiness(api: Arc<Api>, _call: Call) -> Result<Response, Problem> {
    if api.pools.iter().any(Broker::is_draining) {
        let mut response = json(&Health { status: "draining" });
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        return Ok(response);
    }
    Ok(json(&Health { status: "ready" }))
}
