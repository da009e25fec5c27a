//! `GET /v1/requests`: everything that waits; `GET /v1/requests/{id}`: what became of one request.

use std::cmp::Reverse;
use std::sync::Arc;

use respo::wire::{PendingRequest, PooledRequest, RequestList};
use respo::{HumanDuration, Label, Priority, Refusal, RequestId, Snapshot, Token};
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use crate::api::Api;
use crate::aside::aside;
use crate::authorization::{Credential, credential, no_token};
use crate::body;
use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::{Problem, json};
use crate::shared_parameters::{LeaseId, OnlyHolder, OnlyPool, PageLimit, PoolOfIt};
use crate::v1::answers::Subject;
use crate::v1::follow::{self, Poll};
use crate::v1::leases::OneLease;
use crate::v1::page::Page;
use crate::v1::snapshots;

/// How often the snapshot is looked into for the place of a request of which it does not tell yet. Each look
/// waits for the next one, for a while.
const LOOKS: usize = 40;

/// A waiting request as its client sees it, or as everyone may know it.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it says what there is in one answer or the other")]
enum OneRequest {
    Client(PendingRequest),
    Everyone(PooledRequest),
}

/// Everything that waits
///
/// In the order in which it will be served, pool by pool. No tokens.
#[utoipa::path(
    get,
    path = "/v1/requests",
    tag = "Leases",
    params(
        OnlyPool,
        OnlyHolder,
        PageLimit,
        ("after" = Option<String>, Query, pattern = "^-?[0-9]{1,4}_[0-9]{1,19}~", description = "`next` of the page before."),
    ),
    responses((status = 200, description = "The waiting requests.", body = RequestList)),
    extensions(("x-problems" = json!(["no_such_pool"]))),
)]
pub(crate) async fn list_requests(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let parameters = Parameters::parse(&call.query, &["pool", "holder", "limit", "after"])?;
    let page = Page::parse(&parameters)?;
    let holder: Option<Label> = parameters.parsed("holder")?;
    body::expect_none(&api, &mut call).await?;
    let pools = snapshots(&api, parameters.value("pool")).await?;
    aside(move || json(&among(&pools, holder.as_ref(), &page))).await
}

fn among(
    pools: &[(Label, Arc<Snapshot>)],
    holder: Option<&Label>,
    page: &Page<(Reverse<Priority>, RequestId)>,
) -> RequestList {
    let mut taking = page.taking();
    for (pool, snapshot) in pools {
        for waiting in &snapshot.waiting {
            let request = &waiting.request;
            let is_wanted = holder.is_none() || request.holder.as_ref() == holder;
            let key = (Reverse(request.priority), waiting.id);
            if is_wanted && page.begins_before(pool, &key) {
                taking.take(pool, key, || PooledRequest {
                    pool: pool.clone(),
                    request: snapshot.waiting_overview(waiting),
                });
            }
            if taking.is_full() {
                break;
            }
        }
    }
    let (requests, next) = taking.finish();
    RequestList { requests, next }
}

/// One request
///
/// As everyone may know it, or, with its token, as its client sees it. Asking for it with the token keeps it alive,
/// and with `wait` the answer comes when it has been granted or has another place, or the time is over.
#[utoipa::path(
    get,
    path = "/v1/requests/{id}",
    tag = "Leases",
    params(
        LeaseId,
        ("wait" = Option<HumanDuration>, Query, description = "How long to wait for the answer: at most 60 seconds."),
        ("position" = Option<u64>, Query, description = "The place that the client knows of; goes with `wait` only."),
        PoolOfIt,
    ),
    responses(
        (status = 200, description = "It waits.", body = OneRequest),
        (status = 303, description = "It has been granted.", body = OneLease,
            headers(("Location" = String, description = "Where the lease is."))),
    ),
    security((), ("lease_token" = [])),
    extensions(("x-problems" = json!([
        "pool_required", "wrong_token", "no_request", "no_such_pool", "gone", "draining", "store_unavailable"
    ]))),
)]
pub(crate) async fn show_request(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let id = call.id()?;
    let parameters = Parameters::parse(&call.query, &["pool", "wait", "position"])?;
    let poll = Poll::parse(&parameters)?;
    body::expect_none(&api, &mut call).await?;
    let broker = api.pools.select(parameters.value("pool"))?;
    let subject = Subject { api: &api, broker, id };
    match credential(&call.headers, api.admin_token.as_ref()) {
        Credential::Token(token) => {
            follow::follow(&subject, &token, poll, call.disconnected()).await
        }
        Credential::None if poll.is_asked_for() => Err(no_token()),
        Credential::Administrator if poll.is_asked_for() => Err(Refusal::WrongToken.into()),
        Credential::None | Credential::Administrator => public(&subject).await,
    }
}

/// What everyone may know of it.
async fn public(subject: &Subject<'_>) -> Result<Response, Problem> {
    let pool = subject.broker.pool();
    let snapshot = subject.broker.snapshot().await;
    if let Some(waiting) = snapshot.waiting_request(subject.id) {
        let request = snapshot.waiting_overview(waiting);
        return Ok(json(&PooledRequest { pool: pool.clone(), request }));
    }
    match snapshot.lease(subject.id) {
        Some(lease) => Ok(subject.at("leases", StatusCode::SEE_OTHER, json(&lease.overview(pool)))),
        None => Err(subject.explain(Refusal::NoRequest(subject.id))),
    }
}

/// How the request stands now: with one status if it has been granted, with another while it waits.
pub(crate) async fn now(
    subject: &Subject<'_>,
    token: &Token,
    granted: StatusCode,
    waiting: StatusCode,
) -> Result<Response, Problem> {
    for _ in 0..LOOKS {
        let standing = subject.broker.look_up(subject.id, token).await;
        let standing = standing.map_err(|refusal| subject.explain(refusal))?;
        if let Some(grant) = &standing.grant {
            return Ok(subject.granted(granted, token, grant, &standing.request));
        }
        if let Some(mut queued) = subject.broker.snapshot().await.queued(subject.id) {
            // Whoever has made the request is told the token; who comes back has it.
            queued.token = (waiting == StatusCode::ACCEPTED).then(|| token.reveal().to_owned());
            return Ok(subject.pending(waiting, queued, standing.request.ttl()));
        }
    }
    tracing::error!(id = %subject.id, "the snapshot does not tell of a waiting request");
    Err(Problem::internal())
}
