//! What is done to a lease while it goes on: renewing and extending it, passing it on, letting others act on it.

use std::sync::Arc;

use respo::broker::Broker;
use respo::wire::{IssuedToken, RenewedLease};
use respo::{HumanDuration, Label, RequestId, Token};
use serde::Deserialize;
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use crate::api::Api;
use crate::authorization::lease_token;
use crate::body;
use crate::call::Call;
use crate::fields::Fields;
use crate::parameters::Parameters;
use crate::problem::{Problem, json};
use crate::shared_parameters::{LeaseId, PoolOfIt};
use crate::v1::answers::explain;

/// For how long.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it says what `Fields` reads")]
struct Renewal {
    /// For how long from now.
    ttl: Option<HumanDuration>,
}

/// By how much.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it says what `Fields` reads")]
struct Extension {
    /// By how much.
    by: HumanDuration,
}

/// To whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it says what `Fields` reads")]
struct Transfer {
    /// The name of the new holder.
    to: Label,
}

/// Whom.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it says what `Fields` reads")]
struct Permission {
    /// The name of whoever may act on the lease.
    who: Label,
}

const DURATION: &str = "a duration such as \"30s\" or \"2h\"";
const HOLDER: &str = "the name of a holder, such as \"bob\"";

/// Renew a lease
///
/// It lives for its `ttl`, or for another one, from now. Its end never comes nearer by that.
#[utoipa::path(
    post,
    path = "/v1/leases/{id}/renew",
    tag = "Leases",
    params(LeaseId, PoolOfIt),
    request_body(content = Option<Renewal>, description = "For how long, if not for its own ttl."),
    responses((status = 200, description = "It has a new end.", body = RenewedLease)),
    security(("lease_token" = [])),
    extensions(("x-problems" = json!([
        "pool_required", "wrong_token", "no_request", "no_such_pool", "gone", "draining", "store_unavailable",
        "unsupported_media_type", "not_renewable", "over_limit"
    ]))),
)]
pub(crate) async fn renew_lease(api: Arc<Api>, call: Call) -> Result<Response, Problem> {
    renew(api, call).await
}

/// Renew a request
///
/// What waits lives on for its `ttl`, or for another one, from now.
#[utoipa::path(
    post,
    path = "/v1/requests/{id}/renew",
    tag = "Leases",
    params(LeaseId, PoolOfIt),
    request_body(content = Option<Renewal>, description = "For how long, if not for its own ttl."),
    responses((status = 200, description = "It has a new end.", body = RenewedLease)),
    security(("lease_token" = [])),
    extensions(("x-problems" = json!([
        "pool_required", "wrong_token", "no_request", "no_such_pool", "gone", "draining", "store_unavailable",
        "unsupported_media_type", "not_renewable", "over_limit"
    ]))),
)]
pub(crate) async fn renew_request(api: Arc<Api>, call: Call) -> Result<Response, Problem> {
    renew(api, call).await
}

async fn renew(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let id = call.id()?;
    let (broker, token, mut fields) = asked(&api, &mut call, &["ttl"]).await?;
    let ttl: Option<HumanDuration> = fields.take("ttl", DURATION)?;
    let renewed = broker.renew(id, &token, ttl.map(|HumanDuration(ttl)| ttl)).await;
    let expires = renewed.map_err(|refusal| explain(broker, refusal))?;
    Ok(json(&RenewedLease { id, expires }))
}

/// Give a lease more time
///
/// Every end that it has moves, as far as the pool allows.
#[utoipa::path(
    post,
    path = "/v1/leases/{id}/extend",
    tag = "Leases",
    params(LeaseId, PoolOfIt),
    request_body(content = Extension, description = "By how much."),
    responses((status = 200, description = "It has a new end.", body = RenewedLease)),
    security(("lease_token" = [])),
    extensions(("x-problems" = json!([
        "pool_required", "wrong_token", "no_request", "no_such_pool", "gone", "draining", "store_unavailable",
        "unsupported_media_type", "not_granted", "not_renewable", "over_limit"
    ]))),
)]
pub(crate) async fn extend_lease(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let id = call.id()?;
    let (broker, token, mut fields) = asked(&api, &mut call, &["by"]).await?;
    let HumanDuration(by) = fields.require("by", DURATION)?;
    let extended = broker.extend(id, &token, by).await;
    let expires = extended.map_err(|refusal| explain(broker, refusal))?;
    Ok(json(&RenewedLease { id, expires }))
}

/// Pass a lease on to another holder
///
/// The answer has a token for the new holder. The present one is void.
#[utoipa::path(
    post,
    path = "/v1/leases/{id}/transfer",
    tag = "Leases",
    params(LeaseId, PoolOfIt),
    request_body(content = Transfer, description = "To whom."),
    responses((status = 200, description = "It is the other's.", body = IssuedToken)),
    security(("lease_token" = [])),
    extensions(("x-problems" = json!([
        "pool_required", "wrong_token", "no_request", "no_such_pool", "gone", "draining", "store_unavailable",
        "unsupported_media_type", "guest_token", "not_granted", "over_limit"
    ]))),
)]
pub(crate) async fn transfer_lease(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let id = call.id()?;
    let (broker, token, mut fields) = asked(&api, &mut call, &["to"]).await?;
    let holder: Label = fields.require("to", HOLDER)?;
    let token = broker.transfer(id, &token, holder.clone()).await;
    let token = token.map_err(|refusal| explain(broker, refusal))?;
    Ok(issued(id, holder, &token))
}

/// Let somebody else act on a lease
///
/// The answer has a token for them, which may look at the lease, renew, extend and release it.
#[utoipa::path(
    post,
    path = "/v1/leases/{id}/allow",
    tag = "Leases",
    params(LeaseId, PoolOfIt),
    request_body(content = Permission, description = "Whom."),
    responses((status = 200, description = "They may.", body = IssuedToken)),
    security(("lease_token" = [])),
    extensions(("x-problems" = json!([
        "pool_required", "wrong_token", "no_request", "no_such_pool", "gone", "draining", "store_unavailable",
        "unsupported_media_type", "guest_token", "not_granted", "too_many_guests"
    ]))),
)]
pub(crate) async fn allow_guest(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let id = call.id()?;
    let (broker, token, mut fields) = asked(&api, &mut call, &["who"]).await?;
    let holder: Label = fields.require("who", HOLDER)?;
    let token = broker.allow(id, &token, holder.clone()).await;
    let token = token.map_err(|refusal| explain(broker, refusal))?;
    Ok(issued(id, holder, &token))
}

/// Let somebody else not act on a lease any more
#[utoipa::path(
    delete,
    path = "/v1/leases/{id}/allow/{who}",
    tag = "Leases",
    params(
        LeaseId,
        ("who" = Label, Path, description = "Who.", example = "bob"),
        PoolOfIt,
    ),
    responses((status = 204, description = "They may not.")),
    security(("lease_token" = [])),
    extensions(("x-problems" = json!([
        "pool_required", "wrong_token", "no_request", "no_such_pool", "gone", "draining", "store_unavailable",
        "guest_token", "not_granted", "no_guest"
    ]))),
)]
pub(crate) async fn disallow_guest(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let id = call.id()?;
    let who = Label::new(call.argument("who")?).map_err(|_| Problem::not_found())?;
    let parameters = Parameters::parse(&call.query, &["pool"])?;
    body::expect_none(&api, &mut call).await?;
    let broker = api.pools.select(parameters.value("pool"))?;
    let token = lease_token(&call.headers)?;
    let disallowed = broker.disallow(id, &token, who).await;
    disallowed.map_err(|refusal| explain(broker, refusal))?;
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

/// The pool that a call is about, the token that it has, and what its body says.
async fn asked<'a>(
    api: &'a Api,
    call: &mut Call,
    known: &[&str],
) -> Result<(&'a Broker, Token, Fields), Problem> {
    let parameters = Parameters::parse(&call.query, &["pool"])?;
    let fields = Fields::read(api, call, known).await?;
    let broker = api.pools.select(parameters.value("pool"))?;
    Ok((broker, lease_token(&call.headers)?, fields))
}

fn issued(id: RequestId, holder: Label, token: &Token) -> Response {
    json(&IssuedToken { id, holder, token: token.reveal().to_owned() })
}
