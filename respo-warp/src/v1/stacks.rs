//! `GET /v1/stacks`: which resources are wired together.

use std::sync::Arc;

use respo::wire::{PooledStack, StackList};
use warp::reply::Response;

use crate::api::Api;
use crate::aside::aside;
use crate::body;
use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::{Problem, json};
use crate::shared_parameters::OnlyPool;
use crate::v1::snapshots;

/// Which resources are wired together
#[utoipa::path(
    get,
    path = "/v1/stacks",
    tag = "Resources",
    params(OnlyPool),
    responses((status = 200, description = "The stacks.", body = StackList)),
    extensions(("x-problems" = json!(["no_such_pool"]))),
)]
pub(crate) async fn list_stacks(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let parameters = Parameters::parse(&call.query, &["pool"])?;
    body::expect_none(&api, &mut call).await?;
    let pools = snapshots(&api, parameters.value("pool")).await?;
    aside(move || {
        let mut stacks = Vec::new();
        for (pool, snapshot) in pools {
            let of_pool = snapshot.inventory.stacks().iter();
            stacks.extend(
                of_pool.map(|stack| PooledStack { pool: pool.clone(), members: stack.clone() }),
            );
        }
        json(&StackList { stacks })
    })
    .await
}
