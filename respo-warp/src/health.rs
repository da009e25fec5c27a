//! `GET /healthz`: whether the server takes requests.

use std::sync::Arc;

use respo::broker::Broker;
use serde_json::json as document;
use warp::http::StatusCode;
use warp::reply::Response;

use crate::api::Api;
use crate::body;
use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::{Problem, json};

pub(crate) async fn check(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    Parameters::parse(&call.query, &[])?;
    body::expect_none(&api, &mut call).await?;
    if api.pools.iter().any(Broker::is_draining) {
        let mut response = json(&document!({"status": "draining"}));
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        return Ok(response);
    }
    Ok(json(&document!({"status": "ok"})))
}
