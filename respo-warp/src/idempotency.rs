//! The header `Idempotency-Key`.

use respo::IdempotencyKey;
use warp::http::HeaderMap;

use crate::problem::{Kind, Problem};

const NAME: &str = "idempotency-key";

/// The key of a call, if it has one.
pub(crate) fn key(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = headers.get_all(NAME).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(malformed("the header is there twice; one key is for one request"));
    }
    let text = value.to_str().unwrap_or_default();
    IdempotencyKey::new(text).map(Some).map_err(|error| malformed(&error.to_string()))
}

fn malformed(problem: &str) -> Problem {
    Problem::new(Kind::Malformed, format!("Idempotency-Key: {problem}"))
}
