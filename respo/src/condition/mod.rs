//! Conditions: what a resource must satisfy, as an expression.
//!
//! A condition is written in the Common Expression Language, and is true or false of a resource:
//!
//! ```text
//! location == "office1" && "can" in attributes
//! properties.ram >= 8 || properties.gsm.operator.startsWith("GT")
//! entities.exists(e, "jtag" in entities[e].attributes && entities[e].properties.platform == "android")
//! ```
//!
//! | variable | what it is |
//! | --- | --- |
//! | `name` | a text |
//! | `location`, `description`, `endpoint` | a text, or `null` |
//! | `attributes` | a list of texts, in order |
//! | `properties` | a map |
//! | `entities` | a map from names to `{attributes, properties}` |
//!
//! There are the operators of the language; `has(properties.gsm)`; `all`, `exists`, `exists_one`, `filter`
//! and `map`, of which two may stand in one another; `size`, `contains`, `startsWith`, `endsWith`; and the
//! conversions `int`, `uint`, `double`, `string`. A map is gone through in the order of its keys.
//! There are no regular expressions, no times, and no map literals.
//!
//! What cannot be evaluated, such as a key that is not there, and what is neither true nor false, is not
//! satisfied.
//!
//! Everything is bounded: the text ([`MAX_CONDITION_CHARS`]), its depth ([`MAX_CONDITION_DEPTH`]), its parts
//! ([`MAX_CONDITION_NODES`]), and what one evaluation may cost ([`MAX_EVALUATION_COST`]), which is estimated
//! beforehand.
//!
//! Whoever may ask with a condition can find out properties by asking often enough, as with
//! [`WantedProperties`](crate::property::WantedProperties).

use std::cmp::Ordering;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

use cel::Value;
use cel::common::types::CelBool;
use cel::parser::Expression;

use crate::inventory::Resource;

mod check;
mod cost;
mod environment;
mod failure;
mod problem;
mod scan;
mod values;

use check::Checked;
pub use problem::ConditionError;

/// The longest condition, in characters.
pub const MAX_CONDITION_CHARS: usize = 1024;
/// The most operators, calls, dots and brackets that may stand in one another.
pub const MAX_CONDITION_DEPTH: usize = 24;
/// The most parts of a condition: operators, calls, variables, literals.
pub const MAX_CONDITION_NODES: usize = 512;
/// The most of `all`, `exists`, `exists_one`, `filter` and `map` that may stand in one another.
pub const MAX_CONDITION_LOOPS: usize = 2;
/// What the evaluation of a condition may cost for one resource. One unit is a part of the condition that is
/// evaluated once, or a value that is built, copied or compared: about 0.1 µs, so that this is about 0.1 s.
pub const MAX_EVALUATION_COST: u64 = 1_000_000;

/// An expression that must be true of a resource. Two with the same text are equal.
///
/// ```
/// use respo::{Condition, Name, Resource};
///
/// let condition = Condition::new(r#"name.startsWith("bench-") && location == null"#).unwrap();
/// let resource = Resource::new(Name::new("bench-1").unwrap());
/// assert_eq!(condition.accepts(&resource), Ok(true));
///
/// let error = Condition::new("nam == 'bench-1'").unwrap_err();
/// assert!(error.to_string().starts_with("there is no variable \"nam\" at character 1: ^nam == 'bench-1'"));
/// ```
#[derive(Clone)]
pub struct Condition {
    text: Arc<str>,
    checked: Arc<Checked>,
}

impl Condition {
    /// Compiles an expression.
    ///
    /// # Errors
    /// [`ConditionError`] says what is wrong with it, and where.
    pub fn new(text: impl AsRef<str>) -> Result<Self, ConditionError> {
        let text = text.as_ref();
        scan::scan(text)?;
        let (expression, places) = environment::parse(text)?;
        let checked = check::check(text, expression, &places)?;
        Ok(Self { text: text.into(), checked: Arc::new(checked) })
    }

    /// The text of the expression.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it is true of `resource`.
    ///
    /// # Errors
    /// Why it cannot be evaluated for this resource: it is not satisfied then. Says nothing of the values
    /// of properties.
    pub fn accepts(&self, resource: &Resource) -> Result<bool, String> {
        if self.cost(resource).is_none() {
            return Err("it is too expensive to evaluate".to_owned());
        }
        // Whatever the library does, the engine goes on. Nothing is left behind: all that it works on ends here.
        let outcome = panic::catch_unwind(AssertUnwindSafe(|| self.evaluate(resource)));
        outcome.unwrap_or_else(|_| Err("it cannot be evaluated".to_owned()))
    }

    fn evaluate(&self, resource: &Resource) -> Result<bool, String> {
        let context = values::context(resource, &self.checked.variables);
        let result = Value::resolve_val(self.expression(), &context);
        let value = result.map_err(|error| failure::describe(&error, &self.text))?;
        match value.downcast_ref::<CelBool>() {
            Some(truth) => Ok(*truth.inner()),
            None => Err(format!("it is {}, neither true nor false", failure::type_of(&*value))),
        }
    }

    /// An upper bound of what its evaluation costs, in the units of [`MAX_EVALUATION_COST`]; `None` if that is
    /// more, so that it is not evaluated.
    pub(crate) fn cost(&self, resource: &Resource) -> Option<u64> {
        let cost = cost::estimate(self.expression(), resource, &self.checked.variables);
        (cost <= MAX_EVALUATION_COST).then_some(cost)
    }

    fn expression(&self) -> &Expression {
        &self.checked.expression
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Condition {}

impl PartialOrd for Condition {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Condition {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
