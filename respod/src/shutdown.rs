//! Ending in good order: nobody new, everybody told, and nothing lost that can be kept.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use respo::broker::{Broker, Pools};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

/// How long the last lines may take to leave.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What is to be ended.
pub(crate) struct Running {
    pub(crate) pools: Pools,
    /// Turns true once: the accept loop and the connections end.
    pub(crate) stopping: watch::Sender<bool>,
    pub(crate) accepting: JoinHandle<()>,
    /// All free when every connection has ended.
    pub(crate) slots: Arc<Semaphore>,
    pub(crate) slot_count: u32,
}

impl Running {
    /// Takes no more connections and tells every client. What the store keeps stays as it is for the next
    /// start. What it does not keep ends: clients have `deadline` to leave first.
    pub(crate) async fn end(self, deadline: Duration) {
        self.stopping.send_replace(true);
        if let Err(error) = self.accepting.await {
            tracing::error!(%error, "the accept loop failed");
        }
        let everybody_left = || self.slots.acquire_many(self.slot_count);
        let ending: Vec<&Broker> =
            self.pools.iter().filter(|broker| !broker.is_resumable()).collect();
        if !ending.is_empty() {
            join_all(ending.iter().map(|broker| broker.drain(deadline))).await;
            if tokio::time::timeout(deadline, everybody_left()).await.is_err() {
                tracing::warn!("some clients are still there; their leases end now");
            }
        }
        join_all(self.pools.iter().map(Broker::stop)).await;
        if tokio::time::timeout(LAST_WORDS, everybody_left()).await.is_err() {
            tracing::warn!("some connections are still open; they are cut");
        }
    }
}
