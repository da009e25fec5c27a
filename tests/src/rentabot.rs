//! What clients of rent-a-bot call.

use serde_json::Value;

use crate::daemon::Daemon;
use crate::reply::Reply;

/// What the clients of rent-a-bot 1.0 put before each path.
pub const PRESENT: &str = "/api/v1";
/// What those before did.
pub const FORMER: &str = "/rentabot/api/v1.0";

/// rent-a-bot's descriptor of two printers and a coffee machine, with ids 1, 2 and 3.
pub const DESCRIPTOR: &str = "\
printer-1:
    description: Basement printer
    endpoint: tcp://192.0.2.60
    tags: 3d-printer,basement
printer-2:
    tags: 3d-printer,office
coffee-machine:
    tags: coffee,office
";

impl Daemon {
    /// Calls a path after `/api/v1`, without a body.
    pub async fn rentabot(&self, method: &str, path: &str) -> Reply {
        self.send(method, &format!("{PRESENT}{path}"), &[]).await
    }

    /// Posts JSON to a path after `/api/v1`.
    pub async fn rentabot_post(&self, path: &str, body: &str) -> Reply {
        let json = [("Content-Type", "application/json")];
        self.send_body("POST", &format!("{PRESENT}{path}"), &json, body).await
    }

    /// Locks what `criterion` says (`id=1`), and returns the answer.
    pub async fn rentabot_lock(&self, criterion: &str) -> Value {
        let reply = self.rentabot("POST", &format!("/resources/lock?{criterion}")).await;
        reply.expect_status(200).json()
    }

    /// A resource as rent-a-bot shows it.
    pub async fn rentabot_resource(&self, id: u64) -> Value {
        let reply = self.rentabot("GET", &format!("/resources/{id}")).await.expect_status(200);
        reply.json()["resource"].clone()
    }

    /// A reservation as rent-a-bot shows it to who knows this id.
    pub async fn rentabot_reservation(&self, id: &str) -> Value {
        let reply = self.rentabot("GET", &format!("/reservations/{id}")).await;
        reply.expect_status(200).json()
    }
}
