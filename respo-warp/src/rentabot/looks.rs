//! Looking into a pool until it is certain that something is not there.

use std::sync::Arc;

use respo::broker::Broker;
use respo::snapshot::Snapshot;

/// The most looks. Each waits for the next snapshot, for a while.
const MOST: usize = 40;

/// Looks into a pool, one after the other.
///
/// A large pool publishes its snapshots so seldom that one may be older than what a client was answered before.
/// The next one that is published is not, so that nobody has to look on after that.
pub(super) struct Looks<'b> {
    broker: &'b Broker,
    first: Option<Arc<Snapshot>>,
    left: usize,
}

impl<'b> Looks<'b> {
    pub(super) fn new(broker: &'b Broker) -> Self {
        Self { broker, first: None, left: MOST }
    }

    /// What the pool shows now; nothing if the look before had everything that was answered before the first.
    pub(super) async fn next(&mut self) -> Option<Arc<Snapshot>> {
        self.left = self.left.checked_sub(1)?;
        let snapshot = self.broker.snapshot().await;
        match &self.first {
            None => self.first = Some(Arc::clone(&snapshot)),
            Some(first) if Arc::ptr_eq(first, &snapshot) => {}
            Some(_) => self.left = 0,
        }
        Some(snapshot)
    }
}
