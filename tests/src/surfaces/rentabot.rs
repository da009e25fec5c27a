//! rent-a-bot's API: locks, and reservations for those who wait.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Ask, Asked, Held, Surface};
use crate::daemon::Daemon;
use crate::deadline::eventually;

/// `/api/v1`.
#[derive(Debug, Clone, Copy)]
pub struct RentABot;

#[async_trait(?Send)]
impl Surface for RentABot {
    fn name(&self) -> &'static str {
        "rentabot"
    }

    /// A lock is extended by its token, but not taken up.
    fn takes_up(&self) -> bool {
        false
    }

    async fn ask(&self, daemon: &Daemon, ask: &Ask) -> Option<Box<dyn Asked>> {
        let Ask { attribute, wait, life, .. } = ask;
        let ttl = life.as_secs();
        if *wait {
            let body = json!({"tags": [attribute], "quantity": 1, "ttl": ttl}).to_string();
            let reply = daemon.rentabot_post("/reservations", &body).await.expect_status(201);
            let id = reply.json()["reservation_id"].as_str().expect("an id").to_owned();
            return Some(Box::new(Waiting::Reserved(id)));
        }
        let body = json!({"ttl": ttl}).to_string();
        let path = format!("/resources/lock?tag={attribute}");
        let reply = daemon.rentabot_post(&path, &body).await;
        if reply.status() == 403 {
            return None;
        }
        let lock = reply.expect_status(200).json();
        Some(Box::new(Waiting::Locked(Holding::of(&lock["resource"], &lock["lock-token"]))))
    }

    async fn take_up(&self, _daemon: &Daemon, _id: u64, _token: &str) -> Option<Box<dyn Held>> {
        panic!("rent-a-bot's locks are not taken up")
    }
}

enum Waiting {
    Reserved(String),
    Locked(Holding),
}

#[async_trait(?Send)]
impl Asked for Waiting {
    async fn granted(self: Box<Self>, daemon: &Daemon) -> Box<dyn Held> {
        let id = match *self {
            Self::Locked(held) => return Box::new(held),
            Self::Reserved(id) => id,
        };
        eventually("the reservation is fulfilled", async || {
            let found = daemon.rentabot_reservation(&id).await;
            if found["status"] == "fulfilled" { Ok(()) } else { Err(found) }
        })
        .await;
        let claim = daemon.rentabot("POST", &format!("/reservations/{id}/claim")).await;
        let claimed = claim.expect_status(200).json();
        let number = claimed["resource_ids"][0].as_u64().expect("an id");
        let resource = daemon.rentabot_resource(number).await;
        Box::new(Holding::of(&resource, &claimed["lock_tokens"][0]))
    }

    async fn leave(self: Box<Self>, daemon: &Daemon) {
        let Self::Reserved(id) = *self else { panic!("it waits") };
        daemon.rentabot("DELETE", &format!("/reservations/{id}")).await.expect_status(204);
    }
}

struct Holding {
    name: String,
    number: u64,
    token: String,
}

impl Holding {
    fn of(resource: &Value, token: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let number = resource["id"].as_u64().expect("an id");
        Self { name: text(&resource["name"]), number, token: text(token) }
    }
}

#[async_trait(?Send)]
impl Held for Holding {
    fn resource(&self) -> &str {
        &self.name
    }

    fn id(&self) -> u64 {
        self.number
    }

    fn token(&self) -> &str {
        &self.token
    }

    async fn release(self: Box<Self>, daemon: &Daemon) {
        let path = format!("/resources/{}/unlock?lock-token={}", self.number, self.token);
        daemon.rentabot("POST", &path).await.expect_status(200);
    }

    fn vanish(self: Box<Self>) {}

    async fn is_taken_over(self: Box<Self>) {
        panic!("rent-a-bot's locks are not taken up")
    }
}
