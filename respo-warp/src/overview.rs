//! `GET /`: every resource and every waiting request, in the form that the client likes best.

use std::sync::Arc;

use respo::broker::Broker;
use respo::view::OverviewView;
use respo::wire::Overview;
use warp::http::HeaderValue;
use warp::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY};
use warp::reply::Response;

use crate::api::Api;
use crate::aside::aside;
use crate::body;
use crate::call::Call;
use crate::negotiation::{Form, choose};
use crate::overview_page;
use crate::overview_table;
use crate::parameters::Parameters;
use crate::problem::{Problem, json};
use crate::shared_parameters::OnlyPool;

/// Every resource and every waiting request
///
/// A page where the client accepts `text/html`, JSON for `Accept: application/json`, a table otherwise. No
/// properties, no tokens.
#[utoipa::path(
    get,
    path = "/",
    tag = "Resources",
    params(OnlyPool),
    responses((
        status = 200,
        description = "The pools.",
        content((Overview = "application/json"), (String = "text/html"), (String = "text/plain"))
    )),
    extensions(("x-problems" = json!(["no_such_pool"]))),
)]
pub(crate) async fn show_overview(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let parameters = Parameters::parse(&call.query, &["pool"])?;
    body::expect_none(&api, &mut call).await?;
    let brokers: Vec<&Broker> = match parameters.value("pool") {
        Some(name) => vec![api.pools.select(Some(name))?],
        None => api.pools.iter().collect(),
    };
    let mut pools = Vec::new();
    for broker in &brokers {
        pools.push((broker.pool().clone(), broker.snapshot().await));
    }
    // Read after the snapshots, so that nothing in them lies in the future.
    let time = brokers.iter().map(|broker| broker.now()).max().unwrap_or_default();
    let (version, form) = (api.version.clone(), choose(&call.headers));
    let mut response = aside(move || {
        if let Form::Json = form {
            let pools = pools.iter().map(|(pool, snapshot)| snapshot.view(pool)).collect();
            return json(&OverviewView { version: &version, time, pools });
        }
        let pools = pools.iter().map(|(pool, snapshot)| snapshot.overview(pool)).collect();
        let overview = Overview { version, time, pools };
        match form {
            Form::Html => page(&overview),
            _ => table(&overview),
        }
    })
    .await?;
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

fn page(overview: &Overview) -> Response {
    let mut response = Response::new(overview_page::render(overview).into());
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
    response
}

fn table(overview: &Overview) -> Response {
    let mut response = Response::new(overview_table::render(overview).into());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
