//! `POST /v1/leases`: asks for resources that are kept by being renewed.

use std::sync::Arc;
use std::time::Duration;

use respo::broker::{Broker, Ticket, TicketEvent};
use respo::openapi::LeaseRequest;
use respo::wire::{GrantedLease, PendingRequest};
use respo::{Hold, Label, LockQuery, Refusal, Request, RequestJsonError};
use warp::http::StatusCode;
use warp::reply::Response;

use crate::api::Api;
use crate::body;
use crate::call::Call;
use crate::idempotency;
use crate::lock_request;
use crate::problem::{Kind, Problem};
use crate::shared_parameters::PoolToLeaseFrom;
use crate::v1::answers::{self, Subject};
use crate::v1::requests;

/// How long a lease lives without being renewed, unless the request says, or the pool allows less.
const DEFAULT_TTL: Duration = Duration::from_secs(60);

/// Ask for resources, and keep them by renewing the lease
///
/// Granted at once, or queued: `Location` says where. The lease ends when it is not renewed for its `ttl`, which is
/// 60 seconds unless the request says so; so does a request that waits and that nobody asks for.
#[utoipa::path(
    post,
    path = "/v1/leases",
    tag = "Leases",
    params(
        PoolToLeaseFrom,
        ("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]+$", min_length = 1, max_length = 255,
            description = "The same key and request again give the same lease again, for 24 hours."),
    ),
    request_body(content = LeaseRequest, description = "What is asked for."),
    responses(
        (status = 201, description = "It was granted.", body = GrantedLease,
            headers(("Location" = String, description = "Where the lease is."))),
        (status = 202, description = "It waits.", body = PendingRequest, headers(
            ("Location" = String, description = "Where the request is."),
            ("Retry-After" = u64, description = "When to ask again, in seconds, so that the request goes on."),
        )),
    ),
    extensions(("x-problems" = json!([
        "pool_required", "no_such", "no_such_pool", "busy", "key_spent", "gone", "unsupported_media_type",
        "over_limit", "key_reused", "queue_full", "too_many_requests", "draining", "store_unavailable"
    ]))),
)]
pub(crate) async fn create_lease(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let key = idempotency::key(&call.headers)?;
    let (pool, mut request) = read(&api, &mut call).await?;
    let broker = api.pools.select(pool.as_ref().map(AsRef::as_ref))?;
    if request.ttl().is_none() {
        request.hold = Hold::Ttl { ttl: DEFAULT_TTL.min(broker.limits().max_ttl) };
    }
    // It ends with this call, and so does nothing that has a ttl: whoever follows a request keeps it.
    let session = broker.session();
    let ticket = match key {
        Some(key) => session.submit_once(request, &key).await,
        None => session.submit(request).await,
    };
    let ticket = ticket.map_err(|refusal| answers::explain(broker, refusal))?;
    tell(&api, broker, ticket).await
}

async fn read(api: &Api, call: &mut Call) -> Result<(Option<Label>, Request), Problem> {
    let pool = LockQuery::parse_beside_body(&call.query)?;
    let body = body::read_request(api, call).await?;
    if body.is_empty() {
        return Err(Problem::new(
            Kind::Malformed,
            "the body is empty; send the request in it as JSON, such as \
             {\"requirements\": [{\"resource\": \"bench-1\"}], \"ttl\": \"60s\"}",
        ));
    }
    lock_request::expect_json(&call.headers)?;
    let request = Request::from_json(&body)?;
    if !request.linger().is_zero() {
        let problem = "a lease of POST /v1/leases has no connection that it could outlive; say with ttl how \
                       long it lives without being renewed";
        let (path, problem) = ("linger".to_owned(), problem.to_owned());
        return Err(RequestJsonError { path, problem }.into());
    }
    Ok((pool, request))
}

/// Answers with what became of the request at once.
async fn tell(api: &Api, broker: &Broker, mut ticket: Ticket) -> Result<Response, Problem> {
    let (id, token) = (ticket.id(), ticket.token().clone());
    let subject = Subject { api, broker, id };
    loop {
        match ticket.next().await {
            Some(TicketEvent::Granted(grant)) => {
                let request = ticket.request().ok_or_else(Problem::internal)?;
                return Ok(subject.granted(StatusCode::CREATED, &token, &grant, request));
            }
            Some(TicketEvent::Queued(mut queued)) => {
                queued.token = Some(token.reveal().to_owned());
                let ttl = ticket.request().and_then(|request| request.ttl());
                return Ok(subject.pending(StatusCode::ACCEPTED, queued, ttl));
            }
            Some(TicketEvent::Draining { .. }) => {}
            // The same request came on another connection, with the same key.
            Some(TicketEvent::Ended(respo::EndReason::TakenOver)) => {
                return requests::now(&subject, &token, StatusCode::CREATED, StatusCode::ACCEPTED)
                    .await;
            }
            Some(TicketEvent::Ended(reason)) => return Err(Problem::ended(id, reason)),
            Some(TicketEvent::Restarting { .. }) | None => return Err(Refusal::Draining.into()),
        }
    }
}
