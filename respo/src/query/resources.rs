//! The query string of a list of resources.

use std::collections::BTreeSet;

use form_urlencoded::parse;

use super::{QueryError, SELECTOR_PARAMETERS};
use crate::inventory::Resource;
use crate::matcher::{Search, TooExpensive};
use crate::selector::Selector;
use crate::wire::ResourceState;

/// The states that can be asked for.
pub const LISTED_STATES: [ResourceState; 6] = [
    ResourceState::Free,
    ResourceState::Leased,
    ResourceState::Orphaned,
    ResourceState::Retired,
    ResourceState::HeldBack,
    ResourceState::Collateral,
];

/// Which resources of a list are asked for: those in some states that satisfy a selector.
///
/// ```
/// use respo::query::ResourceQuery;
/// use respo::wire::ResourceState;
/// use respo::{Name, Resource};
/// let query = ResourceQuery::parse("state=[free,leased]&resource=bench-1")?;
/// let bench = Resource::new(Name::new("bench-1")?);
/// assert!(query.filter().takes(&bench, ResourceState::Free)?);
/// assert!(!query.filter().takes(&bench, ResourceState::Retired)?);
/// assert_eq!(ResourceQuery::parse("state=here").unwrap_err().parameter, "state");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct ResourceQuery {
    /// In one of these states; none means any.
    states: BTreeSet<&'static str>,
    selector: Selector,
}

impl ResourceQuery {
    /// Parses a query string of `state` and the parameters of a selector.
    ///
    /// # Errors
    /// [`QueryError`] names the first parameter that is unknown or has no valid value.
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        let mut wanted = Self::default();
        let mut of_selector = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            for (key, value) in parse(pair.as_bytes()) {
                match key.as_ref() {
                    "state" => wanted.take_states(&value)?,
                    known if SELECTOR_PARAMETERS.contains(&known) => of_selector.push(pair),
                    unknown => return Err(unknown_parameter(unknown)),
                }
            }
        }
        wanted.selector = of_selector.join("&").parse()?;
        Ok(wanted)
    }

    /// One state, or a list of them.
    fn take_states(&mut self, value: &str) -> Result<(), QueryError> {
        let list = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        for name in list.unwrap_or(value).split(',').map(str::trim) {
            let Some(state) = LISTED_STATES.iter().find(|state| state.code() == name) else {
                let states = LISTED_STATES.map(ResourceState::code).join(", ");
                let problem = format!("{name:?} is not a state; there is {states}");
                return Err(QueryError { parameter: "state".to_owned(), problem });
            };
            self.states.insert(state.code());
        }
        Ok(())
    }

    /// Looks at resources, one after the other, at a bounded cost.
    #[must_use]
    pub fn filter(&self) -> ResourceFilter<'_> {
        ResourceFilter { query: self, search: Search::new(&self.selector) }
    }
}

/// Says of resources, one after the other, whether they are asked for.
#[derive(Debug)]
pub struct ResourceFilter<'q> {
    query: &'q ResourceQuery,
    search: Search<'q>,
}

impl ResourceFilter<'_> {
    /// Whether this resource, of which everything is known, is asked for while it is in `state`.
    ///
    /// # Errors
    /// [`TooExpensive`] once the selector's condition has cost as much as it may.
    pub fn takes(
        &mut self,
        resource: &Resource,
        state: ResourceState,
    ) -> Result<bool, TooExpensive> {
        let states = &self.query.states;
        let has_state = states.is_empty() || states.contains(state.code());
        Ok(has_state && self.search.takes(resource)?)
    }
}

impl From<TooExpensive> for QueryError {
    fn from(error: TooExpensive) -> Self {
        Self { parameter: "where".to_owned(), problem: error.to_string() }
    }
}

fn unknown_parameter(name: &str) -> QueryError {
    let known = SELECTOR_PARAMETERS.join(", ");
    let problem = format!("there is none of this name; there is state, {known}");
    QueryError { parameter: name.to_owned(), problem }
}
