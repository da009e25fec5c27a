//! A real respod on a port of its own.

use std::net::SocketAddr;
use std::path::PathBuf;

use nix::sys::signal::Signal;
use respo::wire::{Overview, PoolOverview, ResourceOverview, ResourceState};

use crate::connection::Connection;
use crate::deadline::eventually;
use crate::http2::Http2;
use crate::lock_stream::LockStream;
use crate::program::{Finished, Running};
use crate::reply::Reply;
use crate::settings::Settings;

/// A respod that runs. It is killed when this is dropped.
#[derive(Debug)]
pub struct Daemon {
    /// The process, for its signals and its log (stderr).
    pub process: Running,
    address: SocketAddr,
    settings: Settings,
}

impl Daemon {
    /// Starts a respod on this inventory, with defaults for the rest.
    pub async fn start(inventory: &str) -> Self {
        Self::with(inventory).start().await
    }

    /// A respod on this inventory, for more settings.
    #[must_use]
    pub fn with(inventory: &str) -> Settings {
        Settings::new(inventory)
    }

    /// Waits until the process listens.
    pub(crate) async fn listening(mut process: Running, settings: Settings) -> Self {
        let address = eventually("respod listens", async || {
            assert!(process.is_running(), "respod has ended: {}", process.stderr());
            printed_address(&process)
        })
        .await;
        Self { process, address, settings }
    }

    /// What it was started with, and what of it outlives it.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Ends it with SIGKILL. What is left can be started again, on the same address.
    pub async fn kill(self) -> Settings {
        self.signal(Signal::SIGKILL);
        let end = self.process.finish().await;
        assert_eq!(end.signal, Some(Signal::SIGKILL as i32), "{end:?}");
        self.settings
    }

    /// Ends it with SIGTERM, in good order. What is left can be started again, on the same address.
    pub async fn stop(self) -> Settings {
        self.signal(Signal::SIGTERM);
        self.stopped().await
    }

    /// Waits until it has ended in good order, after the signal to do so.
    pub async fn stopped(self) -> Settings {
        self.process.finish().await.expect_code(0);
        self.settings
    }

    /// Ends it with SIGKILL and starts it again.
    pub async fn restart(self) -> Self {
        self.kill().await.start().await
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as a URL without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The URL of `POST /lock` with this query.
    #[must_use]
    pub fn lock_url(&self, query: &str) -> String {
        format!("{}/lock?{query}", self.url())
    }

    /// Its inventory file.
    #[must_use]
    pub fn inventory_file(&self) -> PathBuf {
        self.settings.inventory_file()
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.stderr()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Waits for its end.
    pub async fn finish(self) -> Finished {
        self.process.finish().await
    }

    /// Opens a connection to it.
    pub async fn connect(&self) -> Connection {
        Connection::open(self.address).await
    }

    /// Opens an HTTP/2 connection to it.
    pub async fn connect_http2(&self) -> Http2 {
        Http2::open(self.address).await
    }

    /// Sends a request without a body on a connection of its own.
    pub async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> Reply {
        let mut connection = self.connect().await;
        let head = connection.request_head(method, target, headers);
        connection.send(head).await;
        connection.reply().await
    }

    /// Sends a request with a body on a connection of its own.
    pub async fn send_body(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut connection = self.connect().await;
        let length = body.len().to_string();
        let headers = [headers, &[("Content-Length", &length)]].concat();
        let head = connection.request_head(method, target, &headers);
        connection.send(head + body).await;
        connection.reply().await
    }

    /// Gets `target` as JSON, where it can be had as that.
    pub async fn get(&self, target: &str) -> Reply {
        self.send("GET", target, &[("Accept", "application/json")]).await
    }

    /// Posts a new inventory; `target` is `/inventory` with an optional query.
    pub async fn post_inventory(&self, target: &str, yaml: &str) -> Reply {
        self.send_body("POST", target, &[("Content-Type", "application/yaml")], yaml).await
    }

    /// Asks for a lease, which must not be refused.
    pub async fn lock(&self, query: &str) -> LockStream {
        let stream = LockStream::open(self.address, query).await;
        stream.unwrap_or_else(|reply| panic!("{query}: refused: {}", reply.text()))
    }

    /// Asks for a lease, which must be granted at once.
    pub async fn hold(&self, query: &str) -> LockStream {
        let mut stream = self.lock(query).await;
        stream.expect_granted().await;
        stream
    }

    /// Asks for a lease, which must be refused.
    pub async fn refused(&self, query: &str) -> Reply {
        match LockStream::open(self.address, query).await {
            Ok(_) => panic!("{query}: not refused"),
            Err(reply) => reply,
        }
    }

    /// Takes up a request or a lease with its token, which must be good for one.
    pub async fn resume(&self, token: &str) -> LockStream {
        self.lock(&format!("resume={token}")).await
    }

    /// Asks to take up a request with a token that is good for none, or for none any more.
    pub async fn expect_no_resume(&self, query: &str) {
        self.refused(&format!("resume={query}")).await.expect_problem(403, "wrong_token");
    }

    /// Ends a lease or a waiting request by its token.
    pub async fn release(&self, id: impl std::fmt::Display, token: &str) -> Reply {
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str())];
        self.send("DELETE", &format!("/v1/leases/{id}"), &headers).await
    }

    /// The overview of everything.
    pub async fn overview(&self) -> Overview {
        let reply = self.get("/").await.expect_status(200);
        serde_json::from_value(reply.json()).expect("an overview")
    }

    /// The overview of the first pool.
    pub async fn pool(&self) -> PoolOverview {
        self.overview().await.pools.remove(0)
    }

    /// One resource of the overview, in any pool.
    pub async fn resource(&self, name: &str) -> Option<ResourceOverview> {
        let pools = self.overview().await.pools;
        let mut resources = pools.into_iter().flat_map(|pool| pool.resources);
        resources.find(|resource| resource.name.as_str() == name)
    }

    /// Waits until the resource is in this state.
    pub async fn expect_state(&self, name: &str, state: ResourceState) -> ResourceOverview {
        eventually(&format!("{name} is {}", state.code()), async || {
            match self.resource(name).await {
                Some(resource) if resource.state == state => Ok(resource),
                other => Err(format!("{other:?}")),
            }
        })
        .await
    }

    /// Waits until so many requests wait in the first pool.
    pub async fn expect_waiting(&self, count: usize) -> PoolOverview {
        eventually(&format!("{count} requests wait"), async || {
            let pool = self.pool().await;
            if pool.waiting.len() == count { Ok(pool) } else { Err(format!("{:?}", pool.waiting)) }
        })
        .await
    }

    /// Waits until nothing is leased and nobody waits.
    pub async fn expect_idle(&self) {
        eventually("nothing is leased and nobody waits", async || {
            let pools = self.overview().await.pools;
            let idle = pools.iter().all(|pool| {
                let free = |it: &ResourceOverview| it.state == ResourceState::Free;
                pool.waiting.is_empty() && pool.resources.iter().all(free)
            });
            if idle { Ok(()) } else { Err(format!("{pools:?}")) }
        })
        .await;
    }

    /// Waits until its log contains `text`.
    pub async fn expect_log(&self, text: &str) {
        self.process.expect_stderr(text).await;
    }
}

fn printed_address(process: &Running) -> Result<SocketAddr, String> {
    let printed = process.stdout();
    // The end of the line shows that the whole of it is there.
    let line = printed.lines().next().filter(|_| printed.contains('\n'));
    let address = line.and_then(|line| line.strip_prefix("listening on http://"));
    address
        .and_then(|address| address.trim().parse().ok())
        .ok_or_else(|| format!("stdout: {printed:?}, stderr: {:?}", process.stderr()))
}
