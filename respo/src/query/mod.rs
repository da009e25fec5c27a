//! The query-string form of selectors and requests: what `POST /lock?…` takes.
//!
//! ```
//! use respo::LockQuery;
//! let query = LockQuery::parse("attributes=lin,can&entities=[[jtag],[arm64,{soc=imx8}]]&wait=10m")?;
//! assert_eq!(query.to_string(), "attributes=[can,lin]&entities=[[jtag],[arm64,{soc=imx8}]]&wait=10m");
//! let error = LockQuery::parse("colour=red").unwrap_err();
//! assert_eq!(error.parameter, "colour");
//! # Ok::<(), respo::QueryError>(())
//! ```
//!
//! A request with several requirements gives each of them in its [text form](crate::request::text):
//!
//! ```
//! use respo::{LockAction, LockQuery};
//! let query = "requirement=2+location=office1&requirement=1+of+relay-1,relay-2&priority=5";
//! match LockQuery::parse(query)?.action {
//!     LockAction::Request(request) => assert_eq!(request.requested(), 3),
//!     LockAction::Resume(_) => unreachable!(),
//! }
//! # Ok::<(), respo::QueryError>(())
//! ```

mod pairs;
mod read;
mod resources;
mod tag;
mod write;

pub use read::SELECTOR_PARAMETERS;
pub use resources::{LISTED_STATES, ResourceFilter, ResourceQuery};
pub(crate) use write::bracketed;

use crate::names::Label;
use crate::request::Request;
use crate::request::draft::once;
use crate::token::Token;

/// Every parameter of `POST /lock`.
pub const LOCK_PARAMETERS: [&str; 20] = [
    "count",
    "resource",
    "location",
    "attributes",
    "entity_properties",
    "entities",
    "property",
    "where",
    "keys",
    "stack",
    "requirement",
    "priority",
    "description",
    "name",
    "tag",
    "wait",
    "linger",
    "max_duration",
    "pool",
    "resume",
];

/// A parameter that cannot be taken, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("parameter {parameter:?}: {problem}")]
pub struct QueryError {
    /// The parameter's name, as it was given.
    pub parameter: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

/// What `POST /lock` is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockQuery {
    /// The pool, if named.
    pub pool: Option<Label>,
    /// A new request, or the token of an earlier one.
    pub action: LockAction,
}

/// What a lock query wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockAction {
    /// To make this request.
    Request(Request),
    /// To go on with the request of this token.
    Resume(Token),
}

impl LockQuery {
    /// Parses a query string, without its `?`.
    ///
    /// # Errors
    /// [`QueryError`] names the first parameter that is unknown, given twice where one value is
    /// expected, does not go with another, or has no valid value.
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        read::lock_query(query)
    }

    /// Parses the query string beside a body that says the request as JSON
    /// ([`Request::from_json`]). It may name the pool.
    ///
    /// ```
    /// use respo::LockQuery;
    /// assert_eq!(LockQuery::parse_beside_body("pool=lab")?.unwrap().as_str(), "lab");
    /// let error = LockQuery::parse_beside_body("pool=lab&wait=0").unwrap_err();
    /// assert!(error.problem.contains("body"));
    /// # Ok::<(), respo::QueryError>(())
    /// ```
    ///
    /// # Errors
    /// [`QueryError`] for every parameter but `pool`, for a pool that is named twice and for one that is
    /// not a label.
    pub fn parse_beside_body(query: &str) -> Result<Option<Label>, QueryError> {
        let mut pool = None;
        pairs::each(query, |key, value| match key {
            "pool" => once(&mut pool, crate::request::draft::parse(value)?),
            "resume" => {
                Err("it takes up an earlier request as it is; leave the body out".to_owned())
            }
            _ if LOCK_PARAMETERS.contains(&key) => Err(format!(
                "it belongs into the body, which says the request here; beside a body there is pool \
                 only. There it is {}",
                place_in_body(key)
            )),
            _ => Err("there is none of this name; beside a body there is pool only".to_owned()),
        })?;
        Ok(pool)
    }
}

/// Where the JSON of a request says what a parameter says.
fn place_in_body(parameter: &str) -> String {
    match parameter {
        "requirement" => "requirements".to_owned(),
        "tag" => "tags".to_owned(),
        "property" => "requirements[0].properties".to_owned(),
        "entity_properties" => "requirements[0].entities".to_owned(),
        "priority" | "description" | "name" | "wait" | "linger" | "max_duration" => {
            parameter.to_owned()
        }
        of_requirement => format!("requirements[0].{of_requirement}"),
    }
}
