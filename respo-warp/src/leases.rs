//! `DELETE /v1/leases/{id}`: the holder gives its lease, or its place in the queue, back.

use std::sync::Arc;

use respo::RequestId;
use warp::http::StatusCode;
use warp::reply::Response;

use crate::api::Api;
use crate::authorization::bearer;
use crate::body;
use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::{Kind, Problem};

pub(crate) async fn release(api: Arc<Api>, id: u64, mut call: Call) -> Result<Response, Problem> {
    let parameters = Parameters::parse(&call.query, &["pool"])?;
    body::expect_none(&api, &mut call).await?;
    let broker = api.pools.select(parameters.value("pool"))?;
    let token = bearer(&call.headers).ok_or_else(|| {
        Problem::new(
            Kind::WrongToken,
            "this needs the lease's token, as Authorization: Bearer TOKEN",
        )
    })?;
    broker.release(RequestId(id), &token).await?;
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
