//! `GET /v1/resources`: the resources in some states, or that satisfy a selector; `GET /v1/resources/{name}`: one of
//! them.

use std::sync::Arc;

use respo::matcher::TooExpensive;
use respo::query::{ResourceQuery, SELECTOR_PARAMETERS};
use respo::snapshot::Snapshot;
use respo::view::{PooledResourceView, ResourceListView};
use respo::wire::{PooledResource, ResourceList, ResourceState};
use respo::{Label, Name, QueryError};
use warp::reply::Response;

use crate::api::Api;
use crate::aside::aside;
use crate::body;
use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::{Kind, Problem, json};
use crate::shared_parameters::{OnlyPool, PageLimit, PoolOfIt, Selection};
use crate::v1::page::{self, Page};
use crate::v1::snapshots;

/// The resources in some states, or that match
///
/// All that is said must hold. Properties are looked at, and not shown.
#[utoipa::path(
    get,
    path = "/v1/resources",
    tag = "Resources",
    params(
        OnlyPool,
        ("state" = Option<Vec<ResourceState>>, Query, description = "In one of these states."),
        Selection,
        PageLimit,
        ("after" = Option<String>, Query, pattern = "^(inside|outside)_[A-Za-z0-9._:/-]{1,128}~", description = "`next` of the page before."),
    ),
    responses((status = 200, description = "The resources.", body = ResourceList)),
    extensions(("x-problems" = json!(["no_such_pool"]))),
)]
pub(crate) async fn list_resources(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let wanted = Wanted::parse(&call.query)?;
    body::expect_none(&api, &mut call).await?;
    let pools = snapshots(&api, wanted.pool.as_deref()).await?;
    aside(move || match wanted.among(&pools) {
        Ok(list) => Ok(json(&list)),
        Err(error) => Err(QueryError::from(error).into()),
    })
    .await?
}

/// One resource
///
/// As everyone may know it: without its properties.
#[utoipa::path(
    get,
    path = "/v1/resources/{name}",
    tag = "Resources",
    params(
        ("name" = Name, Path, description = "Its name.", example = "bench-1"),
        PoolOfIt,
    ),
    responses((status = 200, description = "The resource.", body = PooledResource)),
    extensions(("x-problems" = json!(["pool_required", "no_such_pool", "no_such_resource"]))),
)]
pub(crate) async fn show_resource(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let name = call.argument("name")?.to_owned();
    let parameters = Parameters::parse(&call.query, &["pool"])?;
    body::expect_none(&api, &mut call).await?;
    let broker = api.pools.select(parameters.value("pool"))?;
    let Some(resource) = broker.snapshot().await.resource(&name) else {
        let detail =
            format!("there is no resource {name:?} in the pool {:?}", broker.pool().as_str());
        return Err(Problem::new(Kind::NoSuchResource, detail));
    };
    Ok(json(&PooledResource { pool: broker.pool().clone(), resource }))
}

/// Which resources are asked for.
#[derive(Debug)]
struct Wanted {
    pool: Option<String>,
    resources: ResourceQuery,
    page: Page<(bool, Name)>,
}

impl Wanted {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut pool = None;
        let (mut of_resources, mut of_page) = (Vec::new(), Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            for (key, value) in form_urlencoded::parse(pair.as_bytes()) {
                match key.as_ref() {
                    "pool" if pool.is_some() => {
                        return Err(Problem::malformed_parameter("pool", "it is given twice"));
                    }
                    "pool" => pool = Some(value.into_owned()),
                    known if page::PARAMETERS.contains(&known) => of_page.push(pair),
                    "state" => of_resources.push(pair),
                    known if SELECTOR_PARAMETERS.contains(&known) => of_resources.push(pair),
                    unknown => return Err(unknown_parameter(unknown)),
                }
            }
        }
        let of_page = Parameters::parse(&of_page.join("&"), &page::PARAMETERS)?;
        let resources = ResourceQuery::parse(&of_resources.join("&"))?;
        Ok(Self { pool, resources, page: Page::parse(&of_page)? })
    }

    /// Those of the resources that are asked for, in their order.
    fn among<'s>(
        &self,
        pools: &'s [(Label, Arc<Snapshot>)],
    ) -> Result<ResourceListView<'s>, TooExpensive> {
        let mut filter = self.resources.filter();
        let mut taking = self.page.taking();
        for (pool, snapshot) in pools {
            // What decides is everything that is known of a resource; what is shown is what all may know.
            for (place, (known, resource)) in snapshot.resources().enumerate() {
                // Those that are not in the inventory come behind those that are.
                let is_outside = place >= snapshot.inventory.len();
                let key = (is_outside, known.name.clone());
                if self.page.begins_before(pool, &key) && filter.takes(known, resource.state())? {
                    taking.take(pool, key, || PooledResourceView { pool, resource });
                }
                if taking.is_full() {
                    break;
                }
            }
        }
        let (resources, next) = taking.finish();
        Ok(ResourceListView { resources, next })
    }
}

fn unknown_parameter(name: &str) -> Problem {
    let known = [&SELECTOR_PARAMETERS[..], &page::PARAMETERS].concat().join(", ");
    let problem = format!("there is none of this name; there is state, pool, {known}");
    Problem::malformed_parameter(name, &problem)
}
