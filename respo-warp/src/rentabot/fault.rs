//! What goes wrong, as rent-a-bot's clients are told.

use respo::Refusal;
use serde_json::{Map, Value, json as document};
use warp::http::StatusCode;
use warp::reply::Response;

use crate::problem::{Problem, json};

/// Why a call is not done.
#[derive(Debug)]
pub(super) enum Fault {
    /// In rent-a-bot's form: `message`, and what it is about.
    Said(StatusCode, Map<String, Value>),
    /// In the form of the framework that rent-a-bot is written in: `422`, with a list under `detail`.
    Unprocessable(Value),
    /// What rent-a-bot has no answer for.
    Problem(Problem),
}

impl Fault {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self::Said(status, Map::from_iter([("message".to_owned(), Value::from(message.into()))]))
    }

    /// The same, with what it is about.
    pub(super) fn about(mut self, name: &str, value: impl Into<Value>) -> Self {
        if let Self::Said(_, said) = &mut self {
            said.insert(name.to_owned(), value.into());
        }
        self
    }

    /// Something that cannot be understood. `place` leads there: `["query", "id"]`.
    pub(super) fn unprocessable(place: &[&str], kind: &str, problem: &str) -> Self {
        Self::Unprocessable(document!({"type": kind, "loc": place, "msg": problem}))
    }

    pub(super) fn no_resource(id: i64) -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such resource").about("resource_id", id)
    }

    pub(super) fn not_locked(id: i64) -> Self {
        Self::new(StatusCode::FORBIDDEN, "the resource is not locked").about("resource_id", id)
    }

    /// For a client that closed its sending half at once: it can still read this.
    pub(super) fn left() -> Self {
        let message = "the client closed its side of the connection, which counts as leaving";
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(super) fn wrong_token() -> Self {
        Self::new(StatusCode::FORBIDDEN, "the lock-token is not that of this lock")
    }

    pub(super) fn into_response(self) -> Response {
        let (status, body) = match self {
            Self::Problem(problem) => return problem.into_response(),
            Self::Said(status, said) => (status, Value::Object(said)),
            Self::Unprocessable(detail) => {
                (StatusCode::UNPROCESSABLE_ENTITY, document!({"detail": [detail]}))
            }
        };
        let mut response = json(&body);
        *response.status_mut() = status;
        response
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::Busy { .. } => StatusCode::FORBIDDEN,
            Refusal::NoSuch { .. } => StatusCode::NOT_FOUND,
            Refusal::OverLimit(_) | Refusal::NotRenewable(_) => StatusCode::BAD_REQUEST,
            Refusal::WrongToken => return Self::wrong_token(),
            other => return Self::Problem(other.into()),
        };
        Self::new(status, refusal.to_string())
    }
}
