//! Reading request bodies: never more than a limit, never longer than a deadline.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use warp::http::HeaderMap;
use warp::http::header::CONTENT_LENGTH;

use crate::api::Api;
use crate::call::Call;
use crate::problem::{Kind, Problem};

/// How much is read of a body where none belongs, before it is refused for its size.
const STRAY_BODY_LIMIT: u64 = 64 * 1024;

/// The longest request for a lease, in bytes. As JSON without blanks, one with all the requirements and keys that
/// there may be, 32 times 256, fits if its keys have 28 characters each.
///
/// Waiting requests are kept in memory, so this is far less than what an inventory may have.
const REQUEST_LIMIT: u64 = 256 * 1024;

/// The longest body of a call that says little, such as for how long, in bytes.
const FIELDS_LIMIT: u64 = 4 * 1024;

/// Reads the whole body.
pub(crate) async fn read(api: &Api, call: &mut Call) -> Result<Bytes, Problem> {
    read_within(call, api.max_body, api.body_timeout).await
}

/// Reads the whole body of a call that says in JSON what is to be leased.
pub(crate) async fn read_request(api: &Api, call: &mut Call) -> Result<Bytes, Problem> {
    read_within(call, REQUEST_LIMIT.min(api.max_body), api.body_timeout).await
}

/// Reads the whole body of a call that says little in it.
pub(crate) async fn read_fields(api: &Api, call: &mut Call) -> Result<Bytes, Problem> {
    read_within(call, FIELDS_LIMIT.min(api.max_body), api.body_timeout).await
}

/// Reads to the end of the body of a call that should have none.
///
/// To the end, for only then will the HTTP server look for what comes after it: another request, or
/// the end of the connection.
pub(crate) async fn expect_none(api: &Api, call: &mut Call) -> Result<(), Problem> {
    match read_stray(api, call).await? {
        0 => Ok(()),
        length => Err(Problem::new(
            Kind::Malformed,
            format!(
                "the request has a body of {length} bytes, and none belongs here; parameters go into the \
                 query string"
            ),
        )),
    }
}

/// Reads to the end of the body of a call that has none, unless it is of another type than it should be. The
/// length of what there was.
pub(crate) async fn read_stray(api: &Api, call: &mut Call) -> Result<usize, Problem> {
    let body = read_within(call, STRAY_BODY_LIMIT.min(api.max_body), api.body_timeout).await?;
    Ok(body.len())
}

async fn read_within(call: &mut Call, limit: u64, timeout: Duration) -> Result<Bytes, Problem> {
    // Refused before it is read, so that a client that waits for `100 Continue` sends nothing.
    if content_length(&call.headers).is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    match tokio::time::timeout(timeout, collect(call, limit)).await {
        Ok(result) => result,
        Err(_) => Err(Problem::new(
            Kind::Timeout,
            format!("the body did not arrive within {} seconds", timeout.as_secs_f32()),
        )),
    }
}

async fn collect(call: &mut Call, limit: u64) -> Result<Bytes, Problem> {
    let mut collected = BytesMut::new();
    while let Some(chunk) = call.body.next().await {
        let chunk = chunk.map_err(|error| {
            Problem::new(Kind::Malformed, format!("the body could not be read: {error}"))
        })?;
        // Both are lengths of something in memory, so they fit.
        if collected.len() as u64 + chunk.len() as u64 > limit {
            return Err(too_large(limit));
        }
        collected.extend_from_slice(&chunk);
    }
    Ok(collected.freeze())
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large(limit: u64) -> Problem {
    Problem::new(Kind::TooLarge, format!("the body is longer than {limit} bytes"))
}
