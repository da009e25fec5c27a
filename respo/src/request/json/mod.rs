//! A request as JSON: what clients send, and what stores write down.
//!
//! It reads back equal. What is not valid is not read: unknown keys, keys that are given twice, and
//! whatever a query string could not say either.

mod error;
mod properties;
mod read;
mod values;
mod write;

pub use error::RequestJsonError;

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Request, requirement};
use read::Unchecked;

impl Request {
    /// Reads a request that a client has sent as JSON.
    ///
    /// Every key may be left out but `requirements`. `resource`, `attributes` and `keys` take one text or a
    /// list. A property is compared with a text, a number, `true`, `false` or `null`, or must contain a
    /// list of these; maps in maps are the same as paths with dots. `keys` goes with `count` and `stack` only.
    ///
    /// ```
    /// use respo::Request;
    /// let json = br#"{
    ///     "requirements": [
    ///         {
    ///             "count": 2, "location": "office1", "attributes": ["can"], "stack": "cell",
    ///             "entities": [{"attributes": ["jtag"], "properties": {"platform": "android"}}],
    ///             "properties": {"gsm": {"operator": "GTE"}}, "where": "size(entities) > 1"
    ///         },
    ///         {"keys": ["phone-1", "phone-2"], "stack": "cell"}
    ///     ],
    ///     "priority": 5, "description": "nightly", "name": "ci-7", "tags": {"build": "88"},
    ///     "wait": "10m", "linger": "30s", "max_duration": "2h"
    /// }"#;
    /// assert_eq!(Request::from_json(json)?.requested(), 3);
    ///
    /// let error = Request::from_json(br#"{"requirements": [{"atributes": ["can"]}]}"#).unwrap_err();
    /// assert_eq!(error.path, "requirements[0].atributes");
    /// # Ok::<(), respo::RequestJsonError>(())
    /// ```
    ///
    /// # Errors
    /// [`RequestJsonError`] names the first mistake.
    pub fn from_json(json: &[u8]) -> Result<Self, RequestJsonError> {
        // To know at each moment where one is costs as much as reading does, and few requests have a mistake.
        let Unchecked(request) = match serde_json::from_slice(json) {
            Ok(request) => request,
            Err(_) => read_with_places(json)?,
        };
        requirement::check(&request.requirements)?;
        if request.max_duration == Some(Duration::ZERO) {
            let problem = "it must be longer than nothing".to_owned();
            return Err(RequestJsonError { path: "max_duration".to_owned(), problem });
        }
        Ok(request)
    }
}

fn read_with_places(json: &[u8]) -> Result<Unchecked, RequestJsonError> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let request = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| RequestJsonError::at(error.path(), error.inner()))?;
    deserializer.end().map_err(|error| RequestJsonError::syntax(&error))?;
    Ok(request)
}

impl Serialize for Request {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write::document(self).serialize(serializer)
    }
}

/// For what was written down before. What clients send is better read by [`Request::from_json`], which says
/// where a mistake is.
impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Unchecked(request) = Unchecked::deserialize(deserializer)?;
        requirement::check(&request.requirements)
            .map_err(|error| de::Error::custom(RequestJsonError::from(error)))?;
        Ok(request)
    }
}
