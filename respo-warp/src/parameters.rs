//! The query parameters of the routes other than `/lock`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use respo::HumanDuration;

use crate::problem::Problem;

/// The parameters of a call, each known to its route.
#[derive(Debug)]
pub(crate) struct Parameters(BTreeMap<String, Vec<String>>);

impl Parameters {
    /// Parses a query string and refuses what is not among `known`, and what is given twice.
    pub(crate) fn parse(query: &str, known: &[&str]) -> Result<Self, Problem> {
        Self::parse_lists(query, known, &[])
    }

    /// The same where those of `known` that are among `lists` may be given more than once.
    pub(crate) fn parse_lists(
        query: &str,
        known: &[&str],
        lists: &[&str],
    ) -> Result<Self, Problem> {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            if !known.contains(&key.as_ref()) {
                return Err(Problem::malformed_parameter(&key, &unknown(known)));
            }
            let of_key = values.entry(key.to_string()).or_default();
            if !of_key.is_empty() && !lists.contains(&key.as_ref()) {
                return Err(Problem::malformed_parameter(&key, "it is given twice"));
            }
            of_key.push(value.into_owned());
        }
        Ok(Self(values))
    }

    /// The value of a parameter.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.values(name).first().map(String::as_str)
    }

    /// Every value of a parameter that may be given more than once.
    pub(crate) fn values(&self, name: &str) -> &[String] {
        self.0.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The value of a parameter as what it stands for.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(
        &self,
        name: &str,
    ) -> Result<Option<T>, Problem> {
        let parse = |value: &str| {
            value
                .parse()
                .map_err(|error: T::Err| Problem::malformed_parameter(name, &error.to_string()))
        };
        self.value(name).map(parse).transpose()
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

    /// The duration that is the value of a parameter, which is at most `most`.
    pub(crate) fn duration(&self, name: &str, most: Duration) -> Result<Option<Duration>, Problem> {
        let Some(HumanDuration(duration)) = self.parsed(name)? else {
            return Ok(None);
        };
        if duration > most {
            let problem = format!(
                "{} is longer than the longest, {}",
                HumanDuration(duration),
                HumanDuration(most)
            );
            return Err(Problem::malformed_parameter(name, &problem));
        }
        Ok(Some(duration))
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
