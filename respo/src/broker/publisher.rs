//! Publishes snapshots, so that readers never wait behind a grant.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::clock::Clock;
use crate::engine::Engine;
use crate::snapshot::Snapshot;

/// A snapshot that took one unit of time to make is followed by ten without one: publishing costs at most
/// about a tenth of the actor's time.
const COST_FACTOR: u32 = 10;
/// At least so long apart: where much changes, nobody reads each snapshot.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(2);
/// How long a reader waits for a snapshot that has everything.
const LONGEST_WAIT: Duration = Duration::from_millis(250);

/// A snapshot and the number of the change that it is up to date with.
#[derive(Debug, Clone, Default)]
pub(super) struct Published {
    pub(super) version: u64,
    pub(super) snapshot: Arc<Snapshot>,
}

/// The reading side.
#[derive(Debug, Clone)]
pub(super) struct Snapshots {
    pub(super) receiver: watch::Receiver<Published>,
    committed: Arc<AtomicU64>,
}

impl Snapshots {
    /// A snapshot that has everything that was answered before this call, unless that takes too long.
    pub(super) async fn current(&self) -> Arc<Snapshot> {
        let wanted = self.committed.load(Ordering::Acquire);
        let mut receiver = self.receiver.clone();
        let newer = receiver.wait_for(|published| published.version >= wanted);
        if let Ok(Ok(published)) = tokio::time::timeout(LONGEST_WAIT, newer).await {
            return Arc::clone(&published.snapshot);
        }
        Arc::clone(&self.receiver.borrow().snapshot)
    }
}

/// The writing side.
pub(super) struct Publisher {
    sender: watch::Sender<Published>,
    committed: Arc<AtomicU64>,
    not_before: Instant,
    behind: bool,
}

impl Publisher {
    pub(super) fn new(engine: &Engine) -> (Self, Snapshots) {
        let snapshot = Arc::new(engine.snapshot());
        let (sender, receiver) = watch::channel(Published { version: 0, snapshot });
        let committed = Arc::new(AtomicU64::new(0));
        let snapshots = Snapshots { receiver, committed: Arc::clone(&committed) };
        (Self { sender, committed, not_before: Clock::instant(), behind: false }, snapshots)
    }

    /// Something has changed: publishes it now, or when it is time to.
    pub(super) fn changed(&mut self, engine: &Engine) {
        self.committed.fetch_add(1, Ordering::AcqRel);
        self.behind = true;
        self.publish_if_due(engine);
    }

    /// When [`publish_if_due`](Self::publish_if_due) next has something to do.
    pub(super) fn due(&self) -> Option<Instant> {
        self.behind.then_some(self.not_before)
    }

    pub(super) fn publish_if_due(&mut self, engine: &Engine) {
        let begun = Clock::instant();
        if !self.behind || begun < self.not_before {
            return;
        }
        let version = self.committed.load(Ordering::Acquire);
        let snapshot = Arc::new(engine.snapshot());
        self.sender.send_replace(Published { version, snapshot });
        self.behind = false;
        let ended = Clock::instant();
        self.not_before = begun + ((ended - begun) * (COST_FACTOR + 1)).max(SHORTEST_INTERVAL);
    }
}
