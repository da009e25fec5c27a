//! `GET /docs`: what the routes take and answer, as a page for people.

mod page;
mod words;

use std::sync::Arc;

use warp::http::HeaderValue;
use warp::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use warp::reply::Response;

use crate::api::Api;
use crate::aside::aside;
use crate::body;
use crate::call::Call;
use crate::openapi::of_version;
use crate::parameters::Parameters;
use crate::problem::Problem;

/// This page
///
/// The OpenAPI document for people. It needs no script, and loads nothing from elsewhere.
#[utoipa::path(
    get,
    path = "/docs",
    tag = "Server",
    responses((status = 200, description = "A page.", body = String, content_type = "text/html")),
)]
pub(crate) async fn show_docs(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    Parameters::parse(&call.query, &[])?;
    body::expect_none(&api, &mut call).await?;
    let page = aside(move || page::render(&of_version(&api.version))).await?;
    let mut response = Response::new(page.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    // The page needs nothing but its own style, so nothing else can be made to run in it.
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'",
        ),
    );
    Ok(response)
}
