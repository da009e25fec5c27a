//! `GET /v1/resources`: the resources in some states, or that satisfy a selector; `GET /v1/resources/{name}`: one of
//! them.

use std::sync::Arc;

use respo::matcher::TooExpensive;
use respo::query::{ResourceQuery, SELECTOR_PARAMETERS};
use respo::snapshot::Snapshot;
use respo::wire::{PooledResource, ResourceList};
use respo::{Label, Name, QueryError};
use warp::reply::Response;

use crate::api::Api;
use crate::aside::aside;
use crate::body;
use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::{Kind, Problem, json};
use crate::v1::page::{self, Page};
use crate::v1::snapshots;

pub(crate) async fn list(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let wanted = Wanted::parse(&call.query)?;
    body::expect_none(&api, &mut call).await?;
    let pools = snapshots(&api, wanted.pool.as_deref()).await?;
    aside(move || match wanted.among(&pools) {
        Ok(list) => Ok(json(&list)),
        Err(error) => Err(QueryError::from(error).into()),
    })
    .await?
}

/// One resource as everyone may know it.
pub(crate) async fn show(api: Arc<Api>, name: String, mut call: Call) -> Result<Response, Problem> {
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
    fn among(&self, pools: &[(Label, Arc<Snapshot>)]) -> Result<ResourceList, TooExpensive> {
        let mut filter = self.resources.filter();
        let mut taking = self.page.taking();
        for (pool, snapshot) in pools {
            // What decides is everything that is known of a resource; what is shown is what all may know.
            for (known, resource) in snapshot.resources() {
                let is_outside = snapshot.inventory.find(known.name.as_str()).is_none();
                let key = (is_outside, known.name.clone());
                if self.page.begins_before(pool, &key) && filter.takes(known, resource.state)? {
                    taking.take(pool, key, || PooledResource { pool: pool.clone(), resource });
                }
                if taking.is_full() {
                    break;
                }
            }
        }
        let (resources, next) = taking.finish();
        Ok(ResourceList { resources, next })
    }
}

fn unknown_parameter(name: &str) -> Problem {
    let known = [&SELECTOR_PARAMETERS[..], &page::PARAMETERS].concat().join(", ");
    let problem = format!("there is none of this name; there is state, pool, {known}");
    Problem::malformed_parameter(name, &problem)
}
