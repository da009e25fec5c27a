//! The query parameters of the routes other than `/lock`.

use std::collections::BTreeMap;

use crate::problem::Problem;

/// The parameters of a call, each known to its route and given at most once.
#[derive(Debug)]
pub(crate) struct Parameters(BTreeMap<String, String>);

impl Parameters {
    /// Parses a query string and refuses what is not among `known`.
    pub(crate) fn parse(query: &str, known: &[&str]) -> Result<Self, Problem> {
        let mut values = BTreeMap::new();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            if !known.contains(&key.as_ref()) {
                return Err(Problem::malformed_parameter(&key, &unknown(known)));
            }
            if values.insert(key.to_string(), value.into_owned()).is_some() {
                return Err(Problem::malformed_parameter(&key, "it is given twice"));
            }
        }
        Ok(Self(values))
    }

    /// The value of a parameter.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The whole number that is the value of a parameter.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let parse = |value: &str| {
            value.parse().map_err(|_| {
                Problem::malformed_parameter(name, &format!("{value:?} is not a whole number"))
            })
        };
        self.value(name).map(parse).transpose()
    }

    /// Whether a parameter is `true`; it is `false` unless it is given.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Problem> {
        match self.value(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => Err(Problem::malformed_parameter(
                name,
                &format!("{other:?} is neither true nor false"),
            )),
        }
    }
}

fn unknown(known: &[&str]) -> String {
    match known {
        [] => "there is none of this name; this path takes no parameters".to_owned(),
        _ => format!("there is none of this name; there is {}", known.join(", ")),
    }
}
