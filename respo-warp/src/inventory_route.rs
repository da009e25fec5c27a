//! `GET` and `POST /inventory`.

use std::sync::Arc;

use bytes::Bytes;
use respo::yaml::InventoryDocument;
use warp::http::header::CONTENT_TYPE;
use warp::http::{HeaderValue, Method};
use warp::reply::Response;

use crate::api::Api;
use crate::authorization;
use crate::body;
use crate::call::Call;
use crate::inventory::{ReplaceError, log, read};
use crate::origin;
use crate::parameters::Parameters;
use crate::problem::{Problem, json};

pub(crate) async fn answer(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    authorization::check_admin(&call.headers, api.admin_token.as_ref())?;
    if api.admin_token.is_none() && api.loopback_only {
        origin::check_local(&call.headers, call.host.as_ref())?;
    }
    if call.method != Method::POST {
        Parameters::parse(&call.query, &[])?;
        body::expect_none(&api, &mut call).await?;
        return Ok(yaml(api.inventories.current().await.to_yaml()));
    }
    let dry_run = Parameters::parse(&call.query, &["dry_run"])?.flag("dry_run")?;
    let document = parse_aside(body::read(&api, &mut call).await?).await?;
    let answer = api.inventories.replace(document, dry_run).await?;
    if !dry_run {
        log(&answer);
    }
    Ok(json(&answer))
}

/// Reads a document on a thread of its own, for a large one takes a while.
async fn parse_aside(body: Bytes) -> Result<InventoryDocument, Problem> {
    match tokio::task::spawn_blocking(move || read(&body)).await {
        Ok(result) => Ok(result?),
        Err(error) => {
            tracing::error!(%error, "the inventory parser failed");
            Err(Problem::internal())
        }
    }
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
        }
    }
}
