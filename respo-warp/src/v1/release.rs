//! `DELETE /v1/leases/{id}`, `DELETE /v1/requests/{id}`: the holder gives its lease, a part of it, or its place in
//! the queue back; or an administrator takes it.

use std::sync::Arc;

use respo::{Name, RequestId};
use warp::http::StatusCode;
use warp::reply::Response;

use crate::api::Api;
use crate::authorization::{Credential, credential, no_token};
use crate::body;
use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::shared_parameters::{LeaseId, PoolOfIt};

/// End a lease, or release some resources of it
///
/// With the token of the lease, or the administrator's. A request that waits ends, too.
#[utoipa::path(
    delete,
    path = "/v1/leases/{id}",
    tag = "Leases",
    params(
        LeaseId,
        ("resource" = Option<Vec<Name>>, Query, description = "Only these."),
        PoolOfIt,
    ),
    responses((status = 204, description = "It is done.")),
    security(("lease_token" = []), ("administrator_token" = [])),
    extensions(("x-problems" = json!([
        "pool_required", "wrong_token", "no_request", "no_such_pool", "not_held", "not_granted", "draining",
        "store_unavailable"
    ]))),
)]
pub(crate) async fn release_lease(api: Arc<Api>, call: Call) -> Result<Response, Problem> {
    let id = call.id()?;
    let parameters = Parameters::parse_lists(&call.query, &["pool", "resource"], &["resource"])?;
    end(&api, id, &parameters, call).await
}

/// Leave the queue
///
/// Ends the request, which may have been granted meanwhile. With its token, or the administrator's.
#[utoipa::path(
    delete,
    path = "/v1/requests/{id}",
    tag = "Leases",
    params(LeaseId, PoolOfIt),
    responses((status = 204, description = "It has ended.")),
    security(("lease_token" = []), ("administrator_token" = [])),
    extensions(("x-problems" = json!([
        "pool_required", "wrong_token", "no_request", "no_such_pool", "draining", "store_unavailable"
    ]))),
)]
pub(crate) async fn cancel_request(api: Arc<Api>, call: Call) -> Result<Response, Problem> {
    let id = call.id()?;
    let parameters = Parameters::parse(&call.query, &["pool"])?;
    end(&api, id, &parameters, call).await
}

async fn end(
    api: &Api,
    id: RequestId,
    parameters: &Parameters,
    mut call: Call,
) -> Result<Response, Problem> {
    let resources = names(parameters.values("resource"))?;
    body::expect_none(api, &mut call).await?;
    let broker = api.pools.select(parameters.value("pool"))?;
    match credential(&call.headers, api.admin_token.as_ref()) {
        Credential::None => return Err(no_token()),
        Credential::Administrator if !resources.is_empty() => {
            let problem = "an administrator ends a lease as a whole";
            return Err(Problem::malformed_parameter("resource", problem));
        }
        Credential::Administrator => broker.revoke(id).await?,
        Credential::Token(token) if resources.is_empty() => broker.release(id, &token).await?,
        Credential::Token(token) => broker.release_part(id, &resources, &token).await?,
    }
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// The names, each value one of them or a list.
fn names(values: &[String]) -> Result<Vec<Name>, Problem> {
    let mut names = Vec::new();
    for value in values {
        let list = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        for name in list.unwrap_or(value).split(',') {
            let name = Name::new(name.trim());
            let name =
                name.map_err(|error| Problem::malformed_parameter("resource", &error.to_string()))?;
            names.push(name);
        }
    }
    Ok(names)
}
