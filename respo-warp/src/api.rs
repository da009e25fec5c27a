//! What the routes serve, and within which limits.

use std::sync::Arc;
use std::time::Duration;

use respo::TokenDigest;
use respo::broker::Pools;

use crate::inventory::Inventories;

/// What the routes serve, and within which limits.
#[derive(Clone)]
#[non_exhaustive]
pub struct Api {
    /// The pools that clients lease from.
    pub pools: Pools,
    /// The pools' inventories, to be shared with whatever else replaces them.
    pub inventories: Arc<Inventories>,
    /// The version that the overview shows.
    pub version: String,
    /// If set, `/inventory` needs the token of this digest.
    pub admin_token: Option<TokenDigest>,
    /// Refuses `/inventory` to requests whose `Host` is a name other than `localhost`, unless there
    /// is an [`admin_token`](Self::admin_token).
    ///
    /// For a server that listens on a loopback address only: a page whose name has been made to
    /// resolve to that address (DNS rebinding) could else read the inventory in a local browser.
    pub loopback_only: bool,
    /// A stream says something at least this often.
    pub heartbeat: Duration,
    /// The longest body that is read, in bytes.
    pub max_body: u64,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
}

impl Api {
    /// Serves `pools`: a heartbeat every 5 seconds, bodies of at most 16 MiB that arrive within 30
    /// seconds, no administrator token.
    #[must_use]
    pub fn new(pools: Pools) -> Self {
        Self {
            inventories: Arc::new(Inventories::new(pools.clone())),
            pools,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            admin_token: None,
            loopback_only: false,
            heartbeat: Duration::from_secs(5),
            max_body: 16 * 1024 * 1024,
            body_timeout: Duration::from_secs(30),
        }
    }
}
