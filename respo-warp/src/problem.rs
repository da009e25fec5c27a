//! Problem documents as responses.

use respo::broker::PoolError;
use respo::wire;
pub(crate) use respo::wire::ProblemKind as Kind;
use respo::yaml::InventoryProblems;
use respo::{EndReason, QueryError, RETRY_AFTER, Refusal, RequestId, RequestJsonError};
use serde::Serialize;
use serde_json::Value;
use warp::http::header::WWW_AUTHENTICATE;
use warp::http::header::{ALLOW, CONTENT_TYPE, HeaderName, RETRY_AFTER as RETRY_AFTER_HEADER};
use warp::http::{HeaderValue, Method, StatusCode};
use warp::reply::Response;

/// A problem document, and the headers that go with it.
#[derive(Debug)]
pub(crate) struct Problem {
    document: Box<wire::Problem>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem of this kind. `detail` says what is wrong here, and how to mend it.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        wire::Problem::new(kind, detail).into()
    }

    pub(crate) fn not_found() -> Self {
        Self::new(
            Kind::NotFound,
            "there is nothing at this path; GET /docs and GET /openapi.json say which paths there are",
        )
    }

    pub(crate) fn method_not_allowed(method: &Method, allowed: &[Method]) -> Self {
        let names: Vec<&str> = allowed.iter().map(Method::as_str).collect();
        let allowed = names.join(", ");
        let detail = format!("{method} is not a method of this path; it has {allowed}");
        let problem = Self::new(Kind::MethodNotAllowed, detail);
        // Method names are valid header values.
        match HeaderValue::from_str(&allowed) {
            Ok(value) => problem.with_header(ALLOW, value),
            Err(_) => problem,
        }
    }

    /// The same, with a further header.
    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(crate) fn internal() -> Self {
        Self::new(Kind::Internal, "a defect of the server; its log says more")
    }

    /// What has ended, and why.
    pub(crate) fn ended(id: RequestId, reason: EndReason) -> Self {
        let detail = format!("request or lease {id} has ended: {}", reason.explanation());
        Self::new(Kind::Gone, detail).with("id", id).with("reason", reason)
    }

    pub(crate) fn malformed_parameter(parameter: &str, problem: &str) -> Self {
        QueryError { parameter: parameter.to_owned(), problem: problem.to_owned() }.into()
    }

    /// The same, with a further member.
    pub(crate) fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.document = Box::new(self.document.with(name, value));
        self
    }

    pub(crate) fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.document.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = json(&self.document);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.extend(self.headers);
        response
    }
}

/// A JSON document on a line of its own, which is kinder to terminals.
pub(crate) fn json(document: &impl Serialize) -> Response {
    let mut text = serde_json::to_string(document).unwrap_or_else(|error| {
        tracing::error!(%error, "failed to write an answer");
        Value::Null.to_string()
    });
    text.push('\n');
    let mut response = Response::new(text.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

impl From<wire::Problem> for Problem {
    fn from(document: wire::Problem) -> Self {
        let headers = match document.code.as_str() {
            "busy" | "queue_full" | "draining" | "store_unavailable" => {
                vec![(RETRY_AFTER_HEADER, HeaderValue::from(RETRY_AFTER.as_secs()))]
            }
            "unauthorized" => {
                vec![(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"respo\""))]
            }
            _ => Vec::new(),
        };
        Self { document: Box::new(document), headers }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        wire::Problem::from(error).into()
    }
}

impl From<RequestJsonError> for Problem {
    fn from(error: RequestJsonError) -> Self {
        wire::Problem::from(error).into()
    }
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        wire::Problem::from(error).into()
    }
}

impl From<InventoryProblems> for Problem {
    fn from(problems: InventoryProblems) -> Self {
        let InventoryProblems(problems) = problems;
        let detail = match problems.len() {
            1 => "1 problem; nothing was changed".to_owned(),
            count => format!("{count} problems; nothing was changed"),
        };
        wire::Problem::new(Kind::InvalidInventory, detail).with("problems", problems).into()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        if let Refusal::StoreUnavailable(_) | Refusal::NoSession = &refusal {
            tracing::error!(%refusal, "a call failed");
        }
        wire::Problem::from(refusal).into()
    }
}
