//! What a WebSocket serves.

use std::time::Duration;

use respo::broker::Pools;
use respo::wire::socket::ServerMessage;

/// What a WebSocket serves.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Api {
    /// The pools that clients lease from.
    pub pools: Pools,
    /// The version that `hello` tells.
    pub version: String,
    /// How often clients are pinged. One that is silent for three times this long is taken for gone.
    pub heartbeat: Duration,
}

impl Api {
    /// Serves `pools`, with a ping every 5 seconds.
    #[must_use]
    pub fn new(pools: Pools) -> Self {
        Self {
            pools,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            heartbeat: Duration::from_secs(5),
        }
    }

    /// What is said first.
    pub(crate) fn hello(&self) -> ServerMessage {
        ServerMessage::Hello {
            version: self.version.clone(),
            time: self.pools.iter().map(|broker| broker.now()).max().unwrap_or_default(),
            heartbeat_seconds: self.heartbeat.as_secs_f64(),
            pools: self.pools.iter().map(|broker| broker.pool().clone()).collect(),
        }
    }
}
