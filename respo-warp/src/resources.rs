//! `GET /v1/resources`: the resources in some states, or that satisfy a selector.

use std::collections::BTreeSet;
use std::sync::Arc;

use respo::broker::Broker;
use respo::matcher::{Search, TooExpensive};
use respo::query::SELECTOR_PARAMETERS;
use respo::snapshot::Snapshot;
use respo::wire::{PooledResource, ResourceList, ResourceState};
use respo::{Label, Selector};
use warp::reply::Response;

use crate::api::Api;
use crate::aside::aside;
use crate::body;
use crate::call::Call;
use crate::problem::{Problem, json};

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
    let brokers: Vec<&Broker> = match &wanted.pool {
        Some(name) => vec![api.pools.select(Some(name))?],
        None => api.pools.iter().collect(),
    };
    let mut pools = Vec::new();
    for broker in brokers {
        pools.push((broker.pool().clone(), broker.snapshot().await));
    }
    aside(move || match wanted.among(&pools) {
        Ok(resources) => Ok(json(&ResourceList { resources })),
        Err(error) => Err(Problem::malformed_parameter("where", &error.to_string())),
    })
    .await?
}

/// Which resources are asked for.
#[derive(Debug, Default)]
struct Wanted {
    pool: Option<String>,
    /// In one of these states; none means any.
    states: BTreeSet<&'static str>,
    selector: Selector,
}

impl Wanted {
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut wanted = Self::default();
        let mut of_selector = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            for (key, value) in form_urlencoded::parse(pair.as_bytes()) {
                match key.as_ref() {
                    "state" => wanted.take_states(&value)?,
                    "pool" if wanted.pool.is_some() => {
                        return Err(Problem::malformed_parameter("pool", "it is given twice"));
                    }
                    "pool" => wanted.pool = Some(value.into_owned()),
                    known if SELECTOR_PARAMETERS.contains(&known) => of_selector.push(pair),
                    unknown => return Err(unknown_parameter(unknown)),
                }
            }
        }
        wanted.selector = of_selector.join("&").parse()?;
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
    fn among(&self, pools: &[(Label, Arc<Snapshot>)]) -> Result<Vec<PooledResource>, TooExpensive> {
        let mut search = Search::new(&self.selector);
        let mut found = Vec::new();
        for (pool, snapshot) in pools {
            // What decides is everything that is known of a resource; what is shown is what all may know.
            for (known, resource) in snapshot.resources() {
                let has_state =
                    self.states.is_empty() || self.states.contains(resource.state.code());
                if has_state && search.takes(known)? {
                    found.push(PooledResource { pool: pool.clone(), resource });
                }
            }
        }
        Ok(found)
    }
}

fn unknown_parameter(name: &str) -> Problem {
    let known = SELECTOR_PARAMETERS.join(", ");
    let problem = format!("there is none of this name; there is state, pool, {known}");
    Problem::malformed_parameter(name, &problem)
}

fn states() -> String {
    STATES.map(ResourceState::code).join(", ")
}
