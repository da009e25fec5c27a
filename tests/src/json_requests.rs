//! Requests for leases as JSON, and lists of resources.

use respo::wire::{GrantedLease, GrantedResource, PooledResource, ResourceList};
use serde_json::Value;

use crate::daemon::Daemon;
use crate::lock_stream::LockStream;
use crate::reply::Reply;

/// The header of a body that is JSON.
const JSON: (&str, &str) = ("Content-Type", "application/json");

impl Daemon {
    /// Sends a body that is said to be JSON to `/lock`. A refusal is returned as the reply that it is.
    pub async fn ask_json(&self, query: &str, body: impl AsRef<[u8]>) -> Result<LockStream, Reply> {
        let mut connection = self.connect().await;
        let length = body.as_ref().len().to_string();
        let headers = [JSON, ("Content-Length", length.as_str())];
        let head = connection.request_head("POST", &format!("/lock?{query}"), &headers);
        // A refusal may come before all of it is sent.
        match connection.try_send([head.as_bytes(), body.as_ref()].concat()).await {
            Ok(()) => {}
            Err(error) => println!("not all was sent: {error}"),
        }
        LockStream::on(connection).await
    }

    /// Asks for a lease in JSON, which must not be refused.
    pub async fn lock_json(&self, request: Value) -> LockStream {
        let stream = self.ask_json("", request.to_string()).await;
        stream.unwrap_or_else(|reply| panic!("refused: {}", reply.text()))
    }

    /// Asks for a lease in JSON, which must be granted at once.
    pub async fn hold_json(&self, request: Value) -> (LockStream, GrantedLease) {
        let mut stream = self.lock_json(request).await;
        let lease = stream.expect_granted().await;
        (stream, lease)
    }

    /// Asks for a lease in JSON, which must be refused.
    pub async fn refused_json(&self, request: Value) -> Reply {
        match self.ask_json("", request.to_string()).await {
            Ok(_) => panic!("{request}: not refused"),
            Err(reply) => reply,
        }
    }

    /// The resources that `GET /v1/resources` lists.
    pub async fn resources(&self, query: &str) -> Vec<PooledResource> {
        let reply = self.get(&format!("/v1/resources?{query}")).await.expect_status(200);
        let list: ResourceList = serde_json::from_value(reply.json()).expect("a list");
        list.resources
    }

    /// The names of the resources that `GET /v1/resources` lists.
    pub async fn resource_names(&self, query: &str) -> Vec<String> {
        let resources = self.resources(query).await;
        resources.iter().map(|one| one.resource.name.to_string()).collect()
    }
}

/// The names of what was leased, for each requirement.
#[must_use]
pub fn leased_names(lease: &GrantedLease) -> Vec<Vec<&str>> {
    lease.resources.iter().map(|resources| names(resources)).collect()
}

fn names(resources: &[GrantedResource]) -> Vec<&str> {
    resources.iter().map(|resource| resource.resource.name.as_str()).collect()
}
