//! `GET /v1/leases`: everything that is leased; `GET /v1/leases/{id}`: one lease; and whether a fence is its own.

use std::sync::Arc;

use respo::wire::{GrantedLease, LeaseList, LeaseOverview, VerifiedLease};
use respo::{Fence, Label, Name, Refusal, RequestId, Snapshot};
use utoipa::ToSchema;
use warp::http::StatusCode;
use warp::reply::Response;

use crate::api::Api;
use crate::aside::aside;
use crate::authorization::{Credential, credential};
use crate::body;
use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::{Kind, Problem, json};
use crate::shared_parameters::{LeaseId, OnlyHolder, OnlyPool, PageLimit, PoolOfIt};
use crate::v1::answers::Subject;
use crate::v1::page::Page;
use crate::v1::snapshots;

/// A lease as its holder sees it, or as everyone may know it.
#[derive(ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it says what there is in one answer or the other")]
pub(crate) enum OneLease {
    Holder(GrantedLease),
    Everyone(LeaseOverview),
}

/// Everything that is leased
///
/// In the order of the ids, pool by pool. No properties, no tokens.
#[utoipa::path(
    get,
    path = "/v1/leases",
    tag = "Leases",
    params(
        OnlyPool,
        OnlyHolder,
        PageLimit,
        ("after" = Option<String>, Query, pattern = "^[0-9]{1,19}~", description = "`next` of the page before."),
    ),
    responses((status = 200, description = "The leases.", body = LeaseList)),
    extensions(("x-problems" = json!(["no_such_pool"]))),
)]
pub(crate) async fn list_leases(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
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
    page: &Page<RequestId>,
) -> LeaseList {
    let mut taking = page.taking();
    for (pool, snapshot) in pools {
        for lease in &snapshot.leases {
            let is_wanted = holder.is_none() || lease.holding.holder.as_ref() == holder;
            if is_wanted && page.begins_before(pool, &lease.holding.id) {
                taking.take(pool, lease.holding.id, || lease.overview(pool));
            }
            if taking.is_full() {
                break;
            }
        }
    }
    let (leases, next) = taking.finish();
    LeaseList { leases, next }
}

/// One lease
///
/// As everyone may know it, or, with its token, as its holder sees it.
#[utoipa::path(
    get,
    path = "/v1/leases/{id}",
    tag = "Leases",
    params(LeaseId, PoolOfIt),
    responses((status = 200, description = "The lease.", body = OneLease)),
    security((), ("lease_token" = [])),
    extensions(("x-problems" = json!([
        "pool_required", "wrong_token", "no_request", "no_such_pool", "not_granted", "gone", "draining",
        "store_unavailable"
    ]))),
)]
pub(crate) async fn show_lease(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let id = call.id()?;
    let parameters = Parameters::parse(&call.query, &["pool"])?;
    body::expect_none(&api, &mut call).await?;
    let broker = api.pools.select(parameters.value("pool"))?;
    let subject = Subject { api: &api, broker, id };
    if let Credential::Token(token) = credential(&call.headers, api.admin_token.as_ref()) {
        let standing = broker.look_up(id, &token).await;
        let standing = standing.map_err(|refusal| subject.explain(refusal))?;
        let grant = standing.grant.ok_or(Refusal::NotGranted(id))?;
        return Ok(subject.granted(StatusCode::OK, &token, &grant, &standing.request));
    }
    let snapshot = broker.snapshot().await;
    match snapshot.lease(id) {
        Some(lease) => Ok(json(&lease.overview(broker.pool()))),
        None if snapshot.waiting_request(id).is_some() => Err(Refusal::NotGranted(id).into()),
        None => Err(subject.explain(Refusal::NoRequest(id))),
    }
}

/// Whether a lease is in force and a fence is its own
///
/// For a device that is presented both.
#[utoipa::path(
    get,
    path = "/v1/leases/{id}/verify",
    tag = "Leases",
    params(
        LeaseId,
        ("fence" = Fence, Query, description = "The fence that was presented.", example = 1),
        ("resource" = Option<Name>, Query, description = "What the lease must hold, too."),
        PoolOfIt,
    ),
    responses((status = 200, description = "It is.", body = VerifiedLease)),
    extensions(("x-problems" = json!(["pool_required", "no_request", "no_such_pool", "not_held", "stale_fence"]))),
)]
pub(crate) async fn verify_lease(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let id = call.id()?;
    let parameters = Parameters::parse(&call.query, &["pool", "fence", "resource"])?;
    let fence = parameters.number("fence")?.map(Fence).ok_or_else(|| {
        Problem::malformed_parameter("fence", "it is missing; it is the fence that was presented")
    })?;
    let resource: Option<Name> = parameters.parsed("resource")?;
    body::expect_none(&api, &mut call).await?;
    let broker = api.pools.select(parameters.value("pool"))?;
    let standing = broker.standing(id).await?;
    let grant = standing.grant.ok_or(Refusal::NoRequest(id))?;
    if grant.fence != fence {
        let detail = format!("the fence of lease {id} is {}, and not {fence}", grant.fence);
        return Err(Problem::new(Kind::StaleFence, detail).with("fence", grant.fence));
    }
    let held = grant.resources.iter().flatten().map(|held| held.name.clone());
    let resources: Vec<Name> = held.collect();
    if let Some(other) = resource.filter(|resource| !resources.contains(resource)) {
        return Err(Refusal::NotHeld(other).into());
    }
    let (holder, expires) = (standing.request.holder.clone(), grant.expires);
    Ok(json(&VerifiedLease { id, fence, holder, resources, expires }))
}
