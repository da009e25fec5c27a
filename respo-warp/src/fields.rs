//! Small bodies of JSON: a map of texts, such as `{"ttl": "30s"}`.

use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::str::FromStr;

use respo::RequestJsonError;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::api::Api;
use crate::body;
use crate::call::Call;
use crate::lock_request;
use crate::problem::Problem;

/// What a body says, each key known to its route and given once.
#[derive(Debug)]
pub(crate) struct Fields(BTreeMap<String, Value>);

impl Fields {
    /// Reads the body of a call; without one, nothing is said. What is not among `known` is refused.
    pub(crate) async fn read(api: &Api, call: &mut Call, known: &[&str]) -> Result<Self, Problem> {
        let body = body::read_fields(api, call).await?;
        if body.is_empty() {
            return Ok(Self(BTreeMap::new()));
        }
        lock_request::expect_json(&call.headers)?;
        Self::parse(&body, known)
    }

    fn parse(body: &[u8], known: &[&str]) -> Result<Self, Problem> {
        let Pairs(pairs) = serde_json::from_slice(body).map_err(|error| {
            mistake("", format!("it is not a map of {}: {error}", known.join(", ")))
        })?;
        let mut fields = BTreeMap::new();
        for (key, value) in pairs {
            if !known.contains(&key.as_str()) {
                let known = known.join(", ");
                return Err(mistake(&key, format!("there is none of this name; there is {known}")));
            }
            if fields.insert(key.clone(), value).is_some() {
                return Err(mistake(&key, "it is given twice".to_owned()));
            }
        }
        Ok(Self(fields))
    }

    /// The value of a key; `what` says what it should be, such as `a duration such as "30s"`.
    pub(crate) fn take<T: FromStr<Err: Display>>(
        &mut self,
        key: &str,
        what: &str,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.0.remove(key) else {
            return Ok(None);
        };
        let Value::String(text) = value else {
            return Err(mistake(key, format!("it is {value}, and should be {what}")));
        };
        text.parse().map(Some).map_err(|error: T::Err| mistake(key, error.to_string()))
    }

    /// The same for a key that must be there.
    pub(crate) fn require<T: FromStr<Err: Display>>(
        &mut self,
        key: &str,
        what: &str,
    ) -> Result<T, Problem> {
        self.take(key, what)?.ok_or_else(|| {
            mistake("", format!("the key {key} is missing; the body is JSON with {key}: {what}"))
        })
    }
}

fn mistake(path: &str, problem: String) -> Problem {
    RequestJsonError { path: path.to_owned(), problem }.into()
}

/// The pairs of a map, in their order.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PairsVisitor)
    }
}

struct PairsVisitor;

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Pairs(pairs))
    }
}
