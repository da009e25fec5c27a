//! What the calls on one request or lease have in common.

use std::time::Duration;

use respo::broker::Broker;
use respo::wire::{GrantedLease, PendingRequest, QueuedRequest};
use respo::{Grant, HumanDuration, Refusal, Request, RequestId, Token};
use warp::http::header::{LOCATION, RETRY_AFTER};
use warp::http::{HeaderValue, StatusCode};
use warp::reply::Response;

use crate::api::Api;
use crate::problem::{Problem, json};

/// The longest that a client is told to leave a waiting request alone.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// The request or lease that a call is about.
pub(crate) struct Subject<'a> {
    pub(crate) api: &'a Api,
    pub(crate) broker: &'a Broker,
    pub(crate) id: RequestId,
}

impl Subject<'_> {
    /// A lease as its holder sees it, with the place where it is.
    pub(crate) fn granted(
        &self,
        status: StatusCode,
        token: &Token,
        grant: &Grant,
        request: &Request,
    ) -> Response {
        let lease = GrantedLease::new(self.broker.pool().clone(), token, grant, request);
        self.at("leases", status, json(&lease))
    }

    /// A waiting request as its client sees it, with the place where it is and when to come back.
    pub(crate) fn pending(
        &self,
        status: StatusCode,
        request: QueuedRequest,
        ttl: Option<Duration>,
    ) -> Response {
        let pool = self.broker.pool().clone();
        let pending = PendingRequest { request, pool, ttl: ttl.map(HumanDuration) };
        let mut response = json(&pending);
        if let Some(ttl) = ttl {
            // Three times within the ttl, so that one call may fail.
            let pause = (ttl / 3).min(LONGEST_PAUSE).as_secs().max(1);
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(pause));
        }
        self.at("requests", status, response)
    }

    /// The answer with this status, and the place of what it is about.
    pub(crate) fn at(&self, list: &str, status: StatusCode, mut response: Response) -> Response {
        *response.status_mut() = status;
        if status != StatusCode::OK {
            let location = self.location(list);
            // A path of ASCII characters, the name of the pool encoded.
            if let Ok(location) = HeaderValue::from_str(&location) {
                response.headers_mut().insert(LOCATION, location);
            }
        }
        response
    }

    fn location(&self, list: &str) -> String {
        let path = format!("/v1/{list}/{}", self.id);
        if self.api.pools.iter().count() == 1 {
            return path;
        }
        let pool = self.broker.pool().as_str().as_bytes();
        let pool: String = form_urlencoded::byte_serialize(pool).collect();
        format!("{path}?pool={pool}")
    }

    pub(crate) fn explain(&self, refusal: Refusal) -> Problem {
        explain(self.broker, refusal)
    }
}

/// A refusal, with the reason why what it is about has ended, if that is known.
pub(crate) fn explain(broker: &Broker, refusal: Refusal) -> Problem {
    match refusal {
        Refusal::NoRequest(id) => match broker.ended(id) {
            Some(reason) => Problem::ended(id, reason),
            None => refusal.into(),
        },
        Refusal::KeySpent(id) => {
            Problem::from(refusal).with("id", id).with("reason", broker.ended(id))
        }
        other => other.into(),
    }
}
