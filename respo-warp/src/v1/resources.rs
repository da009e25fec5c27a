//! `GET /v1/resources`: the resources in some states, or that satisfy a selector; `GET /v1/resources/{name}`: one of
//! them.

use std::collections::BTreeSet;
use std::sync::Arc;

use respo::matcher::{Search, TooExpensive};
use respo::query::SELECTOR_PARAMETERS;
use respo::snapshot::Snapshot;
use respo::wire::{PooledResource, ResourceList, ResourceState};
use respo::{Label, Name, Selector};
use warp::reply::Response;

use crate::api::Api;
use crate::aside::aside;
use crate::body;
use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::{Kind, Problem, json};
use crate::v1::page::{self, Page};
use crate::v1::snapshots;

/// The states that can be asked for.
const STATES: [ResourceState; 6] = [
    ResourceState::Free,
    ResourceState::Leased,
    ResourceState::Orphaned,
    ResourceState::Retired,
    ResourceState::HeldBack,
    ResourceState::Collateral,
];

pub(crate) async fn list(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let wanted = Wanted::parse(&call.query)?;
    body::expect_none(&api, &mut call).await?;
    let pools = snapshots(&api, wanted.pool.as_deref()).await?;
    aside(move || match wanted.among(&pools) {
        Ok(list) => Ok(json(&list)),
        Err(error) => Err(Problem::malformed_parameter("where", &error.to_string())),
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
    /// In one of these states; none means any.
    states: BTreeSet<&'static str>,
    selector: Selector,
    page: Page<(bool, Name)>,
}

impl Wanted {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut wanted = Self {
            pool: None,
            states: BTreeSet::new(),
            selector: Selector::any(),
            page: Page::whole(),
        };
        let mut of_selector = Vec::new();
        let mut of_page = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            for (key, value) in form_urlencoded::parse(pair.as_bytes()) {
                match key.as_ref() {
                    "state" => wanted.take_states(&value)?,
                    "pool" if wanted.pool.is_some() => {
                        return Err(Problem::malformed_parameter("pool", "it is given twice"));
                    }
                    "pool" => wanted.pool = Some(value.into_owned()),
                    known if page::PARAMETERS.contains(&known) => of_page.push(pair),
                    known if SELECTOR_PARAMETERS.contains(&known) => of_selector.push(pair),
                    unknown => return Err(unknown_parameter(unknown)),
                }
            }
        }
        wanted.selector = of_selector.join("&").parse()?;
        let of_page = Parameters::parse(&of_page.join("&"), &page::PARAMETERS)?;
        wanted.page = Page::parse(&of_page)?;
        Ok(wanted)
    }

    /// One state, or a list of them.
    fn take_states(&mut self, value: &str) -> Result<(), Problem> {
        let list = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        for name in list.unwrap_or(value).split(',').map(str::trim) {
            let Some(state) = STATES.iter().find(|state| state.code() == name) else {
                let problem = format!("{name:?} is not a state; there is {}", states());
                return Err(Problem::malformed_parameter("state", &problem));
            };
            self.states.insert(state.code());
        }
        Ok(())
    }

    /// Those of the resources that are asked for, in their order.
    fn among(&self, pools: &[(Label, Arc<Snapshot>)]) -> Result<ResourceList, TooExpensive> {
        let mut search = Search::new(&self.selector);
        let mut taking = self.page.taking();
        for (pool, snapshot) in pools {
            // What decides is everything that is known of a resource; what is shown is what all may know.
            for (known, resource) in snapshot.resources() {
                let is_outside = snapshot.inventory.find(known.name.as_str()).is_none();
                let key = (is_outside, known.name.clone());
                let has_state =
                    self.states.is_empty() || self.states.contains(resource.state.code());
                if has_state && self.page.begins_before(pool, &key) && search.takes(known)? {
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

fn states() -> String {
    STATES.map(ResourceState::code).join(", ")
}
