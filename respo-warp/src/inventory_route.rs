//! `GET` and `POST /inventory`, and `GET /v1/inventory/revisions`.

use std::sync::Arc;

use respo::wire::{InventoryRevisions, PoolRevisions};
use respo::yaml::InventoryDocument;
use warp::http::header::CONTENT_TYPE;
use warp::http::{HeaderValue, Method};
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

pub(crate) async fn answer(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    check_access(&api, &call)?;
    if call.method == Method::POST {
        replace(&api, &mut call).await
    } else {
        show(&api, &mut call).await
    }
}

/// Which inventories there have been.
pub(crate) async fn revisions(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
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

async fn show(api: &Api, call: &mut Call) -> Result<Response, Problem> {
    let parameters = Parameters::parse(&call.query, &["revision", "pool"])?;
    body::expect_none(api, call).await?;
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

async fn replace(api: &Api, call: &mut Call) -> Result<Response, Problem> {
    let parameters = Parameters::parse(&call.query, &["dry_run", "revision", "pool"])?;
    let dry_run = parameters.flag("dry_run")?;
    let answer = if let Some(revision) = parameters.number("revision")? {
        body::expect_none(api, call).await?;
        let broker = api.pools.select(parameters.value("pool"))?;
        api.inventories.put_back(broker, revision, dry_run).await?
    } else if parameters.value("pool").is_some() {
        let problem = "it goes with revision only; a document names its pools itself";
        return Err(Problem::malformed_parameter("pool", problem));
    } else {
        let body = body::read(api, call).await?;
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
