//! `GET` and `POST /inventory`, and `GET /v1/inventory/revisions`.

use std::sync::Arc;

use respo::Label;
use respo::wire::{InventoryAnswer, InventoryRevisions, PoolRevisions};
use respo::yaml::InventoryDocument;
use warp::http::HeaderValue;
use warp::http::header::CONTENT_TYPE;
use warp::reply::Response;

use crate::api::Api;
use crate::aside::aside;
use crate::authorization;
use crate::body;
use crate::call::Call;
use crate::inventory::{ReplaceError, read};
use crate::origin;
use crate::parameters::Parameters;
use crate::problem::{Problem, json};
use crate::shared_parameters::OnlyPool;

/// Which inventories there have been
///
/// The newest, which is in force, first; as many as the server was told to keep.
#[utoipa::path(
    get,
    path = "/v1/inventory/revisions",
    tag = "Inventory",
    params(OnlyPool),
    responses((status = 200, description = "The revisions of each pool.", body = InventoryRevisions)),
    security((), ("administrator_token" = [])),
    extensions(("x-problems" = json!(["unauthorized", "cross_origin", "no_such_pool", "store_unavailable"]))),
)]
pub(crate) async fn list_inventory_revisions(
    api: Arc<Api>,
    mut call: Call,
) -> Result<Response, Problem> {
    check_access(&api, &call)?;
    let parameters = Parameters::parse(&call.query, &["pool"])?;
    body::expect_none(&api, &mut call).await?;
    let brokers = match parameters.value("pool") {
        Some(_) => vec![api.pools.select(parameters.value("pool"))?],
        None => api.pools.iter().collect(),
    };
    let mut pools = Vec::new();
    for broker in brokers {
        let revisions = broker.revisions().await?;
        pools.push(PoolRevisions { name: broker.pool().clone(), revisions });
    }
    Ok(json(&InventoryRevisions { pools }))
}

fn check_access(api: &Api, call: &Call) -> Result<(), Problem> {
    authorization::check_admin(&call.headers, api.admin_token.as_ref())?;
    if api.admin_token.is_none() && api.loopback_only {
        origin::check_local(&call.headers, call.host.as_ref())?;
    }
    Ok(())
}

/// The inventory, or an earlier revision of it
///
/// With all properties.
#[utoipa::path(
    get,
    path = "/inventory",
    tag = "Inventory",
    params(
        ("revision" = Option<u64>, Query, description = "This revision; it needs `pool` where there are several."),
        OnlyPool,
    ),
    responses((status = 200, description = "The inventory.", body = ref("#/components/schemas/InventoryDocument"), content_type = "application/yaml")),
    security((), ("administrator_token" = [])),
    extensions(("x-problems" = json!([
        "pool_required", "unauthorized", "cross_origin", "no_such_pool", "no_such_revision", "store_unavailable"
    ]))),
)]
pub(crate) async fn show_inventory(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    check_access(&api, &call)?;
    let parameters = Parameters::parse(&call.query, &["revision", "pool"])?;
    body::expect_none(&api, &mut call).await?;
    let document = match parameters.number("revision")? {
        None if parameters.value("pool").is_none() => api.inventories.current().await,
        revision => {
            let broker = api.pools.select(parameters.value("pool"))?;
            let inventory = match revision {
                Some(revision) => broker.inventory_of(revision).await?,
                None => Arc::clone(&broker.snapshot().await.inventory),
            };
            let pools = vec![(broker.pool().clone(), inventory.as_ref().clone())];
            InventoryDocument::new(pools)
        }
    };
    Ok(yaml(aside(move || document.to_yaml()).await?))
}

/// Replace the inventory
///
/// The body is a whole inventory, which takes the place of the present one, or nothing changes. With `revision`,
/// and without a body, an earlier one is put in force again.
#[utoipa::path(
    post,
    path = "/inventory",
    tag = "Inventory",
    params(
        ("dry_run" = Option<bool>, Query, description = "Only says what would change."),
        ("revision" = Option<u64>, Query, description = "Puts this one in force again."),
        ("pool" = Option<Label>, Query, description = "The pool of the revision, where there are several; goes \
            with `revision` only."),
    ),
    request_body(
        content = ref("#/components/schemas/InventoryDocument"),
        content_type = "application/yaml",
        description = "The inventory.",
        example = "pool: {name: lab, resources: {bench-1: {location: office1, attributes: [can]}}}",
    ),
    responses((status = 200, description = "What has changed, or would.", body = InventoryAnswer)),
    security((), ("administrator_token" = [])),
    extensions(("x-problems" = json!([
        "pool_required", "unauthorized", "no_such_pool", "no_such_revision", "invalid_inventory", "draining",
        "store_unavailable"
    ]))),
)]
pub(crate) async fn replace_inventory(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    check_access(&api, &call)?;
    let parameters = Parameters::parse(&call.query, &["dry_run", "revision", "pool"])?;
    let dry_run = parameters.flag("dry_run")?;
    let answer = if let Some(revision) = parameters.number("revision")? {
        body::expect_none(&api, &mut call).await?;
        let broker = api.pools.select(parameters.value("pool"))?;
        api.inventories.put_back(broker, revision, dry_run).await?
    } else if parameters.value("pool").is_some() {
        let problem = "it goes with revision only; a document names its pools itself";
        return Err(Problem::malformed_parameter("pool", problem));
    } else {
        let body = body::read(&api, &mut call).await?;
        let document = aside(move || read(&body)).await??;
        api.inventories.replace(document, dry_run).await?
    };
    Ok(json(&answer))
}

fn yaml(text: String) -> Response {
    let mut response = Response::new(text.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/yaml"));
    response
}

impl From<ReplaceError> for Problem {
    fn from(error: ReplaceError) -> Self {
        match error {
            ReplaceError::Invalid(problems) => problems.into(),
            ReplaceError::Refused(refusal) => refusal.into(),
            ReplaceError::Failed => Self::internal(),
        }
    }
}
