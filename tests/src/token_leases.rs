//! Clients of `/v1`: token leases, and the events of a pool.

use respo::RequestId;
use respo::wire::{
    GrantedLease, IssuedToken, LeaseList, PendingRequest, RenewedLease, RequestList,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::connection::Connection;
use crate::daemon::Daemon;
use crate::reply::Reply;

/// The header of a body that is JSON.
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// A body as what it should be.
#[track_caller]
pub fn read<T: DeserializeOwned>(reply: &Reply) -> T {
    serde_json::from_value(reply.json()).unwrap_or_else(|error| panic!("{error}: {}", reply.text()))
}

/// The request for one resource of this name.
#[must_use]
pub fn request_for(resource: &str) -> Value {
    json!({ "requirements": [{ "resource": resource }] })
}

impl Daemon {
    /// `POST /v1/leases` with these headers and this body.
    pub async fn post_lease(&self, headers: &[(&str, &str)], body: &Value) -> Reply {
        let headers = [&[JSON], headers].concat();
        self.send_body("POST", "/v1/leases", &headers, &body.to_string()).await
    }

    /// Asks for a token lease, which must be granted at once.
    pub async fn lease(&self, body: &Value) -> GrantedLease {
        read(&self.post_lease(&[], body).await.expect_status(201))
    }

    /// Asks for a token lease, which must have to wait.
    pub async fn queue(&self, body: &Value) -> PendingRequest {
        read(&self.post_lease(&[], body).await.expect_status(202))
    }

    /// Calls `target` with a token.
    pub async fn with_token(&self, method: &str, target: &str, token: &str) -> Reply {
        let bearer = format!("Bearer {token}");
        self.send(method, target, &[("Authorization", &bearer)]).await
    }

    /// Posts what is to be done to a lease, with its token.
    pub async fn act(&self, id: RequestId, what: &str, token: &str, body: &Value) -> Reply {
        let bearer = format!("Bearer {token}");
        let headers = [JSON, ("Authorization", bearer.as_str())];
        let target = format!("/v1/leases/{id}/{what}");
        self.send_body("POST", &target, &headers, &body.to_string()).await
    }

    /// Renews a lease for its own ttl.
    pub async fn renew(&self, lease: &GrantedLease) -> RenewedLease {
        read(&self.act(lease.id, "renew", &lease.token, &json!({})).await.expect_status(200))
    }

    /// Passes a lease on, or lets somebody act on it: `transfer` to, `allow` who.
    pub async fn issue(&self, lease: &GrantedLease, what: &str, body: &Value) -> IssuedToken {
        read(&self.act(lease.id, what, &lease.token, body).await.expect_status(200))
    }

    /// What became of a request: with `wait`, as soon as something has.
    pub async fn poll(&self, id: RequestId, token: &str, query: &str) -> Reply {
        self.with_token("GET", &format!("/v1/requests/{id}{query}"), token).await
    }

    /// Begins to wait for what becomes of a request; the answer comes on the connection.
    pub async fn begin_poll(&self, id: RequestId, token: &str, query: &str) -> Connection {
        let mut connection = self.connect().await;
        let bearer = format!("Bearer {token}");
        let target = format!("/v1/requests/{id}{query}");
        let head = connection.request_head("GET", &target, &[("Authorization", &bearer)]);
        connection.send(head).await;
        connection
    }

    /// Waits until the request has been granted, coming back as often as that takes.
    pub async fn expect_lease(&self, id: RequestId, token: &str) -> GrantedLease {
        loop {
            let reply = self.poll(id, token, "?wait=30s").await;
            match reply.status() {
                200 => {}
                303 => return read(&reply),
                _ => panic!("{}", reply.text()),
            }
        }
    }

    /// The ids of the leases in a list.
    pub async fn lease_ids(&self, query: &str) -> (Vec<u64>, Option<String>) {
        let reply = self.get(&format!("/v1/leases{query}")).await.expect_status(200);
        let list: LeaseList = read(&reply);
        (list.leases.iter().map(|lease| lease.holding.id.0).collect(), list.next)
    }

    /// The ids of the waiting requests in a list.
    pub async fn request_ids(&self, query: &str) -> (Vec<u64>, Option<String>) {
        let reply = self.get(&format!("/v1/requests{query}")).await.expect_status(200);
        let list: RequestList = read(&reply);
        (list.requests.iter().map(|request| request.request.id.0).collect(), list.next)
    }

    /// Follows the events of a pool; `query` goes behind the path, and `headers` are sent, too.
    pub async fn events(&self, query: &str, headers: &[(&str, &str)]) -> EventStream {
        let mut connection = self.connect().await;
        let head = connection.request_head("GET", &format!("/v1/events{query}"), headers);
        connection.send(head).await;
        let head = connection.head().await;
        assert_eq!(head.status, 200, "{head:?}");
        assert_eq!(head.header("content-type"), Some("text/event-stream"));
        EventStream { connection, pending: String::new(), last_id: None }
    }
}

/// A reader of server-sent events.
#[derive(Debug)]
pub struct EventStream {
    /// The connection itself, for tests that do something to it.
    pub connection: Connection,
    pending: String,
    /// The id that was told last, as a browser keeps it.
    pub last_id: Option<String>,
}

/// What a stream of events tells.
#[derive(Debug, Clone, PartialEq)]
pub struct SentEvent {
    /// Its id.
    pub id: String,
    /// Its name.
    pub event: String,
    /// What it says.
    pub data: Value,
}

impl EventStream {
    /// The lines of the next block, without the empty one at its end; `None` when the stream has ended.
    pub async fn next_block(&mut self) -> Option<Vec<String>> {
        loop {
            if let Some(end) = self.pending.find("\n\n") {
                let block: String = self.pending.drain(..end + 2).collect();
                let lines: Vec<String> = block.trim_end().lines().map(str::to_owned).collect();
                let id = lines.iter().find_map(|line| line.strip_prefix("id: "));
                self.last_id = id.map(str::to_owned).or(self.last_id.take());
                return Some(lines);
            }
            let piece = self.connection.piece().await?;
            self.pending.push_str(&String::from_utf8(piece).expect("UTF-8"));
        }
    }

    /// The next event; `None` when the stream has ended.
    pub async fn next(&mut self) -> Option<SentEvent> {
        loop {
            let lines = self.next_block().await?;
            let field = |name: &str| lines.iter().find_map(|line| line.strip_prefix(name));
            if let Some(event) = field("event: ") {
                return Some(SentEvent {
                    id: field("id: ").expect("an id").to_owned(),
                    event: event.to_owned(),
                    data: serde_json::from_str(field("data: ").expect("data")).expect("JSON"),
                });
            }
        }
    }

    /// The next event of this name, whatever comes before.
    pub async fn expect(&mut self, event: &str) -> SentEvent {
        loop {
            match self.next().await {
                Some(next) if next.event == event => return next,
                Some(_) => {}
                None => panic!("the stream ended before {event}"),
            }
        }
    }
}
