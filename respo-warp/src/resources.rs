//! `GET /v1/resources`: the resources in some states, or that satisfy a selector.

use std::collections::BTreeSet;
use std::sync::Arc;

use respo::broker::Broker;
use respo::matcher::{Search, TooExpensive};
use respo::query::SELECTOR_PARAMETERS;
use respo::snapshot::Snapshot;
use respo::wire::{PooledResource, ResourceList, ResourceState};
use respo::{Label, Name, Selector, Word};
use warp::reply::Response;

use crate::api::Api;
use crate::aside::aside;
use crate::body;
use crate::call::Call;
use crate::problem::{Problem, json};

/// The resources in some states, or that match
///
/// All that is said must hold. Properties are looked at, and not shown.
#[utoipa::path(
    get,
    path = "/v1/resources",
    tag = "Resources",
    params(
        ("pool" = Option<Label>, Query, description = "Of this pool only."),
        ("state" = Option<Vec<ResourceState>>, Query, description = "In one of these states."),
        ("resource" = Option<Vec<Name>>, Query, description = "One of these names."),
        ("location" = Option<Label>, Query, description = "At this location."),
        ("attributes" = Option<Vec<Word>>, Query, description = "With all of these attributes."),
        ("entities" = Option<Vec<String>>, Query, description = "Entity patterns, each a list such as \
            `[jtag,{platform=android}]` of attributes and of properties in braces; each is matched by an entity \
            of its own.", example = json!(["[arm64]"])),
        ("entity_properties" = Option<Vec<String>>, Query, description = "The same as `entities`.",
            example = json!(["[arm64]"])),
        ("property" = Option<Vec<String>>, Query, description = "`PATH=VALUE`: with all of these properties.",
            example = json!(["gsm.operator=GTE"])),
        ("where" = Option<String>, Query, format = "cel", description = "An expression that is true of it, in the \
            Common Expression Language.", example = "size(entities) > 0"),
    ),
    responses((status = 200, description = "The resources.", body = ResourceList)),
    extensions(("x-problems" = json!(["no_such_pool"]))),
)]
pub(crate) async fn list_resources(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
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
            let Some(state) = ResourceState::ALL.iter().find(|state| state.code() == name) else {
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
    ResourceState::ALL.map(ResourceState::code).join(", ")
}
