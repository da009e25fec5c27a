//! Everything that goes wrong, as RFC 9457 problem documents. The one place that knows the statuses.

use std::collections::BTreeMap;

use respo::broker::PoolError;
use respo::wire;
use respo::yaml::InventoryProblems;
use respo::{QueryError, RETRY_AFTER, Refusal, RequestJsonError};
use serde::Serialize;
use serde_json::Value;
use warp::http::header::WWW_AUTHENTICATE;
use warp::http::header::{ALLOW, CONTENT_TYPE, HeaderName, RETRY_AFTER as RETRY_AFTER_HEADER};
use warp::http::{HeaderValue, Method, StatusCode};
use warp::reply::Response;

/// The kinds of problem. Each has a code, a status and a title of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Malformed,
    PoolRequired,
    Unauthorized,
    WrongToken,
    CrossOrigin,
    NoSuch,
    NoSuchPool,
    NoRequest,
    NoSuchRevision,
    NotFound,
    MethodNotAllowed,
    Timeout,
    Busy,
    TooLarge,
    UnsupportedMediaType,
    InvalidInventory,
    OverLimit,
    QueueFull,
    TooManyRequests,
    Internal,
    Draining,
    StoreUnavailable,
}

impl Kind {
    /// Every kind.
    pub(crate) const ALL: [Self; 22] = [
        Self::Malformed,
        Self::PoolRequired,
        Self::Unauthorized,
        Self::WrongToken,
        Self::CrossOrigin,
        Self::NoSuch,
        Self::NoSuchPool,
        Self::NoRequest,
        Self::NoSuchRevision,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Timeout,
        Self::Busy,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::InvalidInventory,
        Self::OverLimit,
        Self::QueueFull,
        Self::TooManyRequests,
        Self::Internal,
        Self::Draining,
        Self::StoreUnavailable,
    ];

    /// The stable name, for programs.
    pub(crate) fn code(self) -> &'static str {
        self.description().0
    }

    pub(crate) fn status(self) -> StatusCode {
        self.description().1
    }

    pub(crate) fn title(self) -> &'static str {
        self.description().2
    }

    /// The header that goes with it, if any.
    pub(crate) fn header(self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::Busy | Self::QueueFull | Self::Draining | Self::StoreUnavailable => {
                Some((RETRY_AFTER_HEADER, HeaderValue::from(RETRY_AFTER.as_secs())))
            }
            Self::Unauthorized => {
                Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"respo\"")))
            }
            _ => None,
        }
    }

    fn description(self) -> (&'static str, StatusCode, &'static str) {
        use StatusCode as S;
        match self {
            Self::Malformed => ("malformed", S::BAD_REQUEST, "the request is malformed"),
            Self::PoolRequired => ("pool_required", S::BAD_REQUEST, "the pool must be named"),
            Self::Unauthorized => {
                ("unauthorized", S::UNAUTHORIZED, "the administrator's token is needed")
            }
            Self::WrongToken => ("wrong_token", S::FORBIDDEN, "the token is not that of the lease"),
            Self::CrossOrigin => {
                ("cross_origin", S::FORBIDDEN, "the request comes from another site")
            }
            Self::NoSuch => ("no_such", S::NOT_FOUND, "no resource can satisfy the request"),
            Self::NoSuchPool => ("no_such_pool", S::NOT_FOUND, "there is no such pool"),
            Self::NoRequest => ("no_request", S::NOT_FOUND, "there is no such request or lease"),
            Self::NoSuchRevision => {
                ("no_such_revision", S::NOT_FOUND, "there is no such revision of the inventory")
            }
            Self::NotFound => ("not_found", S::NOT_FOUND, "there is nothing at this path"),
            Self::MethodNotAllowed => {
                ("method_not_allowed", S::METHOD_NOT_ALLOWED, "this path does not have this method")
            }
            Self::Timeout => ("timeout", S::REQUEST_TIMEOUT, "the body did not arrive in time"),
            Self::Busy => ("busy", S::CONFLICT, "the request cannot be granted now"),
            Self::TooLarge => ("too_large", S::PAYLOAD_TOO_LARGE, "the body is too large"),
            Self::UnsupportedMediaType => {
                ("unsupported_media_type", S::UNSUPPORTED_MEDIA_TYPE, "the body is not JSON")
            }
            Self::InvalidInventory => {
                ("invalid_inventory", S::UNPROCESSABLE_ENTITY, "the inventory has mistakes")
            }
            Self::OverLimit => {
                ("over_limit", S::UNPROCESSABLE_ENTITY, "a limit of the pool is exceeded")
            }
            Self::QueueFull => ("queue_full", S::TOO_MANY_REQUESTS, "the queue is full"),
            Self::TooManyRequests => {
                ("too_many_requests", S::TOO_MANY_REQUESTS, "the session has too many requests")
            }
            Self::Internal => ("internal", S::INTERNAL_SERVER_ERROR, "a defect of the server"),
            Self::Draining => ("draining", S::SERVICE_UNAVAILABLE, "the server is stopping"),
            Self::StoreUnavailable => {
                ("store_unavailable", S::SERVICE_UNAVAILABLE, "the store does not work")
            }
        }
    }
}

/// A problem document, and the headers that go with it.
#[derive(Debug)]
pub(crate) struct Problem {
    document: Box<wire::Problem>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem of this kind. `detail` says what is wrong here, and how to mend it.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let (code, status, title) = kind.description();
        let document = wire::Problem {
            kind: format!("urn:respo:problem:{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            code: code.to_owned(),
            detail: detail.into(),
            more: BTreeMap::new(),
        };
        let headers = kind.header().into_iter().collect();
        Self { document: Box::new(document), headers }
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
        let mut problem = Self::new(Kind::MethodNotAllowed, detail);
        // Method names are valid header values.
        if let Ok(value) = HeaderValue::from_str(&allowed) {
            problem.headers.push((ALLOW, value));
        }
        problem
    }

    pub(crate) fn internal() -> Self {
        Self::new(Kind::Internal, "a defect of the server; its log says more")
    }

    pub(crate) fn malformed_parameter(parameter: &str, problem: &str) -> Self {
        QueryError { parameter: parameter.to_owned(), problem: problem.to_owned() }.into()
    }

    /// The same, with a further member.
    fn with(mut self, name: &str, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => {
                self.document.more.insert(name.to_owned(), value);
            }
            Err(error) => tracing::error!(%error, name, "failed to write a part of a problem"),
        }
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

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        Self::new(Kind::Malformed, error.to_string()).with("parameter", &error.parameter)
    }
}

impl From<RequestJsonError> for Problem {
    fn from(error: RequestJsonError) -> Self {
        let RequestJsonError { path, problem } = error;
        let place = if path.is_empty() { String::new() } else { format!(" at {path}") };
        Self::new(Kind::Malformed, format!("the body{place}: {problem}")).with("path", path)
    }
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        let detail = error.to_string();
        match error {
            PoolError::Required(pools) => {
                Self::new(Kind::PoolRequired, detail).with("pools", pools)
            }
            PoolError::NoSuch { pools, .. } => {
                Self::new(Kind::NoSuchPool, detail).with("pools", pools)
            }
        }
    }
}

impl From<InventoryProblems> for Problem {
    fn from(problems: InventoryProblems) -> Self {
        let InventoryProblems(problems) = problems;
        let detail = match problems.len() {
            1 => "1 problem; nothing was changed".to_owned(),
            count => format!("{count} problems; nothing was changed"),
        };
        Self::new(Kind::InvalidInventory, detail).with("problems", problems)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::Busy { candidates, limit } => {
                let problem = Self::new(Kind::Busy, detail).with("candidates", candidates);
                match limit {
                    Some(limit) => problem.with("limit", limit),
                    None => problem,
                }
            }
            Refusal::NoSuch { parts } => Self::new(Kind::NoSuch, detail).with("parts", parts),
            Refusal::QueueFull(_) => Self::new(Kind::QueueFull, detail),
            Refusal::TooManyRequests(_) => Self::new(Kind::TooManyRequests, detail),
            Refusal::OverLimit(_) => Self::new(Kind::OverLimit, detail),
            Refusal::NoRequest(_) => Self::new(Kind::NoRequest, detail),
            Refusal::NoRevision(_) => Self::new(Kind::NoSuchRevision, detail),
            Refusal::WrongToken => Self::new(Kind::WrongToken, detail),
            Refusal::Draining => Self::new(Kind::Draining, detail),
            Refusal::StoreUnavailable(_) => {
                // What the store says is for those who run the server.
                tracing::error!(%detail, "the store failed");
                let detail = "the store does not work at the moment, and nothing was changed; ask \
                              again when its disk is mended";
                Self::new(Kind::StoreUnavailable, detail)
            }
            // A route's session lives as long as its call, so an ended one is a defect.
            Refusal::NoSession | _ => {
                tracing::error!(%detail, "an unexpected refusal");
                Self::new(Kind::Internal, detail)
            }
        }
    }
}
