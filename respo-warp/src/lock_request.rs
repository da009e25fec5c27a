//! What `POST /lock` is asked for: in the query string, or in a body of JSON.

use respo::query::LockAction;
use respo::{LockQuery, Request, RequestJsonError};
use warp::http::HeaderMap;
use warp::http::header::CONTENT_TYPE;

use crate::api::Api;
use crate::body;
use crate::call::Call;
use crate::problem::{Kind, Problem};

/// Reads what is asked for, and the body to its end: what comes behind it is then seen.
pub(crate) async fn read(api: &Api, call: &mut Call) -> Result<LockQuery, Problem> {
    if expect_json(&call.headers).is_err() {
        let query = LockQuery::parse(&call.query)?;
        return match body::read_stray(api, call).await? {
            0 => Ok(query),
            _ => Err(unsupported(media_type(&call.headers).as_deref())),
        };
    }
    let pool = LockQuery::parse_beside_body(&call.query)?;
    let body = body::read_request(api, call).await?;
    if body.is_empty() {
        // Taken for a request without a body, it would lease whatever there is.
        return Err(Problem::new(
            Kind::Malformed,
            "the body is empty, and Content-Type says that it is JSON; send the request in it, or leave the \
             header out and say in the query string what is asked for",
        ));
    }
    let request = Request::from_json(&body)?;
    if request.ttl().is_some() {
        let problem = "a lease of POST /lock is kept by its connection; POST /v1/leases gives one that is kept by \
                       being renewed, and linger is how long this one outlives its connection";
        let (path, problem) = ("ttl".to_owned(), problem.to_owned());
        return Err(RequestJsonError { path, problem }.into());
    }
    Ok(LockQuery { pool, action: LockAction::Request(request) })
}

/// Refuses a body that is not said to be JSON.
pub(crate) fn expect_json(headers: &HeaderMap) -> Result<(), Problem> {
    let media_type = media_type(headers);
    let is_json =
        media_type.as_deref().is_some_and(|it| it.eq_ignore_ascii_case("application/json"));
    if is_json { Ok(()) } else { Err(unsupported(media_type.as_deref())) }
}

/// The type of the body, without parameters such as `charset`.
fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    value.split(';').next().map(|name| name.trim().to_owned())
}

fn unsupported(media_type: Option<&str>) -> Problem {
    let given = match media_type {
        None => "the body has no Content-Type".to_owned(),
        Some(given) if given.eq_ignore_ascii_case("application/x-www-form-urlencoded") => {
            format!("the body is {given:?}, which is what curl -d says unless it is told")
        }
        Some(given) => format!("the body is {given:?}"),
    };
    Problem::new(
        Kind::UnsupportedMediaType,
        format!(
            "{given}; a body here is JSON, with the header Content-Type: application/json (curl --json does \
             that); what POST /lock asks for may be in the query string instead"
        ),
    )
}
