//! `/v1`: leases that are kept by being renewed.

use async_trait::async_trait;
use respo::RequestId;
use respo::wire::{GrantedLease, PendingRequest};
use serde_json::json;

use super::{Ask, Asked, Held, Surface};
use crate::daemon::Daemon;
use crate::token_leases::read;

/// `POST /v1/leases`.
#[derive(Debug, Clone, Copy)]
pub struct TokenLease;

#[async_trait(?Send)]
impl Surface for TokenLease {
    fn name(&self) -> &'static str {
        "v1"
    }

    async fn ask(&self, daemon: &Daemon, ask: &Ask) -> Option<Box<dyn Asked>> {
        let Ask { attribute, name, wait, life } = ask;
        let request = json!({
            "requirements": [{"attributes": [attribute]}],
            "name": name,
            "wait": if *wait { "forever" } else { "0" },
            "ttl": format!("{}ms", life.as_millis()),
        });
        let reply = daemon.post_lease(&[], &request).await;
        match reply.status() {
            201 => Some(Box::new(Waiting::Granted(Box::new(read(&reply))))),
            202 => {
                let pending: PendingRequest = read(&reply);
                let (id, token) = (pending.request.id, pending.request.token);
                Some(Box::new(Waiting::Pending(id, token.expect("a token"))))
            }
            _ => {
                reply.expect_problem(409, "busy");
                None
            }
        }
    }

    /// Whoever has the token may act: there is nothing to take over.
    async fn take_up(&self, daemon: &Daemon, id: u64, token: &str) -> Option<Box<dyn Held>> {
        let id = RequestId(id);
        let renewed = daemon.act(id, "renew", token, &json!({})).await;
        if renewed.status() != 200 {
            renewed.expect_problem(410, "gone");
            return None;
        }
        let reply = daemon.with_token("GET", &format!("/v1/leases/{id}"), token).await;
        Some(Box::new(Holding(read(&reply.expect_status(200)))))
    }
}

enum Waiting {
    Pending(RequestId, String),
    Granted(Box<GrantedLease>),
}

#[async_trait(?Send)]
impl Asked for Waiting {
    async fn granted(self: Box<Self>, daemon: &Daemon) -> Box<dyn Held> {
        Box::new(Holding(match *self {
            Self::Granted(lease) => *lease,
            Self::Pending(id, token) => daemon.expect_lease(id, &token).await,
        }))
    }

    async fn leave(self: Box<Self>, daemon: &Daemon) {
        let Self::Pending(id, token) = *self else { panic!("it waits") };
        let reply = daemon.with_token("DELETE", &format!("/v1/requests/{id}"), &token).await;
        reply.expect_status(204);
    }
}

struct Holding(GrantedLease);

#[async_trait(?Send)]
impl Held for Holding {
    fn resource(&self) -> &str {
        self.0.resource.as_ref().expect("one resource").resource.name.as_str()
    }

    fn id(&self) -> u64 {
        self.0.id.0
    }

    fn token(&self) -> &str {
        &self.0.token
    }

    async fn release(self: Box<Self>, daemon: &Daemon) {
        daemon.release(self.0.id, &self.0.token).await.expect_status(204);
    }

    fn vanish(self: Box<Self>) {}

    async fn is_taken_over(self: Box<Self>) {}
}
