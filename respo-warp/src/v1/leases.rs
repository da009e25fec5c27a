//! `GET /v1/leases`: everything that is leased; `GET /v1/leases/{id}`: one lease; and whether a fence is its own.

use std::sync::Arc;

use respo::wire::{LeaseList, VerifiedLease};
use respo::{Fence, Label, Name, Refusal, RequestId, Snapshot};
use warp::http::StatusCode;
use warp::reply::Response;

use crate::api::Api;
use crate::aside::aside;
use crate::authorization::{Credential, credential};
use crate::body;
use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::{Kind, Problem, json};
use crate::v1::answers::Subject;
use crate::v1::page::Page;
use crate::v1::snapshots;

/// The leases in the order of their ids, pool by pool.
pub(crate) async fn list(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
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

/// One lease: as everyone may know it, or, with its token, as its holder sees it.
pub(crate) async fn show(
    api: Arc<Api>,
    id: RequestId,
    mut call: Call,
) -> Result<Response, Problem> {
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

/// Whether the lease is in force and the fence is its own: for a device that is presented both.
pub(crate) async fn verify(
    api: Arc<Api>,
    id: RequestId,
    mut call: Call,
) -> Result<Response, Problem> {
    let parameters = Parameters::parse(&call.query, &["pool", "fence", "resource"])?;
    let fence = parameters.number("fence")?.map(Fence).ok_or_else(|| {
        Problem::malformed_parameter("fence", "it is missing; it is the fence that was presented")
    })?;
    let resource: Option<Name> = parameters.parsed("resource")?;
    body::expect_none(&api, &mut call).await?;
    let broker = api.pools.select(parameters.value("pool"))?;
    let snapshot = broker.snapshot().await;
    let lease = snapshot.lease(id).ok_or(Refusal::NoRequest(id))?;
    let holding = &lease.holding;
    if holding.fence != fence {
        let detail = format!("the fence of lease {id} is {}, and not {fence}", holding.fence);
        return Err(Problem::new(Kind::StaleFence, detail).with("fence", holding.fence));
    }
    let held = lease.resources.iter().flatten().map(|held| held.name.clone());
    let resources: Vec<Name> = held.collect();
    if let Some(other) = resource.filter(|resource| !resources.contains(resource)) {
        return Err(Refusal::NotHeld(other).into());
    }
    let (holder, expires) = (holding.holder.clone(), holding.expires);
    Ok(json(&VerifiedLease { id, fence, holder, resources, expires }))
}
