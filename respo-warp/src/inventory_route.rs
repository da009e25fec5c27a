//! `GET` and `POST /inventory`.

use std::sync::Arc;

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
    authorization::check_admin(&call.headers, api.admin_token.as_ref())?;
    if api.admin_token.is_none() && api.loopback_only {
        origin::check_local(&call.headers, call.host.as_ref())?;
    }
    if call.method != Method::POST {
        Parameters::parse(&call.query, &[])?;
        body::expect_none(&api, &mut call).await?;
        let current = api.inventories.current().await;
        return Ok(yaml(aside(move || current.to_yaml()).await?));
    }
    let dry_run = Parameters::parse(&call.query, &["dry_run"])?.flag("dry_run")?;
    let body = body::read(&api, &mut call).await?;
    let document = aside(move || read(&body)).await??;
    let answer = api.inventories.replace(document, dry_run).await?;
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
