//! `DELETE /v1/leases/{id}`: the holder gives its lease, or its place in the queue, back.

use std::sync::Arc;

use respo::{Label, RequestId};
use warp::http::StatusCode;
use warp::reply::Response;

use crate::api::Api;
use crate::authorization::bearer;
use crate::body;
use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::{Kind, Problem};

/// End a lease, or leave the queue
///
/// Ends a lease, or a request that waits, at once, whatever its linger.
#[utoipa::path(
    delete,
    path = "/v1/leases/{id}",
    tag = "Leases",
    params(
        ("id" = RequestId, Path, description = "The request or lease.", example = 1),
        ("pool" = Option<Label>, Query, description = "Where it is, if there are several pools."),
    ),
    responses((status = 204, description = "It has ended.")),
    security(("lease_token" = [])),
    extensions(("x-problems" = json!([
        "pool_required", "wrong_token", "no_request", "no_such_pool", "draining", "store_unavailable"
    ]))),
)]
pub(crate) async fn release_lease(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let parameters = Parameters::parse(&call.query, &["pool"])?;
    body::expect_none(&api, &mut call).await?;
    let broker = api.pools.select(parameters.value("pool"))?;
    let token = bearer(&call.headers).ok_or_else(|| {
        Problem::new(
            Kind::WrongToken,
            "this needs the lease's token, as Authorization: Bearer TOKEN",
        )
    })?;
    broker.release(call.id()?, &token).await?;
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
