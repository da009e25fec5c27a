//! `GET /healthz`: whether the server takes requests.

use std::sync::Arc;

use respo::broker::Broker;
use serde::Serialize;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use crate::api::Api;
use crate::body;
use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::{Problem, json};

/// The health of the server.
#[derive(Serialize, ToSchema)]
struct Health {
    status: Status,
}

/// Whether it takes requests, or is about to stop.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Ok,
    Draining,
}

/// Whether the server takes requests
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "Server",
    responses(
        (status = 200, description = "It does.", body = Health, example = json!({"status": "ok"})),
        (status = 503, description = "It is stopping.", body = Health, example = json!({"status": "draining"})),
    ),
)]
pub(crate) async fn check_health(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    Parameters::parse(&call.query, &[])?;
    body::expect_none(&api, &mut call).await?;
    if api.pools.iter().any(Broker::is_draining) {
        let mut response = json(&Health { status: Status::Draining });
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        return Ok(response);
    }
    Ok(json(&Health { status: Status::Ok }))
}
