//! What is done to a lease while it goes on: renewing and extending it, passing it on, letting others act on it.

use std::sync::Arc;

use respo::broker::Broker;
use respo::wire::{IssuedToken, RenewedLease};
use respo::{HumanDuration, Label, RequestId, Token};
use warp::http::StatusCode;
use warp::reply::Response;

use crate::api::Api;
use crate::authorization::lease_token;
use crate::body;
use crate::call::Call;
use crate::fields::Fields;
use crate::parameters::Parameters;
use crate::problem::{Problem, json};
use crate::v1::answers::explain;

const DURATION: &str = "a duration such as \"30s\" or \"2h\"";
const HOLDER: &str = "the name of a holder, such as \"bob\"";

/// `POST …/renew`: it lives for its ttl, or for another one, from now.
pub(crate) async fn renew(
    api: Arc<Api>,
    id: RequestId,
    mut call: Call,
) -> Result<Response, Problem> {
    let (broker, token, mut fields) = asked(&api, &mut call, &["ttl"]).await?;
    let ttl: Option<HumanDuration> = fields.take("ttl", DURATION)?;
    let renewed = broker.renew(id, &token, ttl.map(|HumanDuration(ttl)| ttl)).await;
    let expires = renewed.map_err(|refusal| explain(broker, refusal))?;
    Ok(json(&RenewedLease { id, expires }))
}

/// `POST …/extend`: every end that it has moves.
pub(crate) async fn extend(
    api: Arc<Api>,
    id: RequestId,
    mut call: Call,
) -> Result<Response, Problem> {
    let (broker, token, mut fields) = asked(&api, &mut call, &["by"]).await?;
    let HumanDuration(by) = fields.require("by", DURATION)?;
    let extended = broker.extend(id, &token, by).await;
    let expires = extended.map_err(|refusal| explain(broker, refusal))?;
    Ok(json(&RenewedLease { id, expires }))
}

/// `POST …/transfer`: it is another holder's.
pub(crate) async fn transfer(
    api: Arc<Api>,
    id: RequestId,
    mut call: Call,
) -> Result<Response, Problem> {
    let (broker, token, mut fields) = asked(&api, &mut call, &["to"]).await?;
    let holder: Label = fields.require("to", HOLDER)?;
    let token = broker.transfer(id, &token, holder.clone()).await;
    let token = token.map_err(|refusal| explain(broker, refusal))?;
    Ok(issued(id, holder, &token))
}

/// `POST …/allow`: somebody else may act on it.
pub(crate) async fn allow(
    api: Arc<Api>,
    id: RequestId,
    mut call: Call,
) -> Result<Response, Problem> {
    let (broker, token, mut fields) = asked(&api, &mut call, &["who"]).await?;
    let holder: Label = fields.require("who", HOLDER)?;
    let token = broker.allow(id, &token, holder.clone()).await;
    let token = token.map_err(|refusal| explain(broker, refusal))?;
    Ok(issued(id, holder, &token))
}

/// `DELETE …/allow/{who}`: somebody else may not act on it any more.
pub(crate) async fn disallow(
    api: Arc<Api>,
    id: RequestId,
    who: Label,
    mut call: Call,
) -> Result<Response, Problem> {
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
