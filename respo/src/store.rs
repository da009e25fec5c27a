//! Where the durable state lives.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::engine::{Record, State};
use crate::inventory::Inventory;
use crate::names::Label;
pub use crate::revision::Revision;
use crate::time::Timestamp;

/// How many revisions of a pool's inventory a [`MemoryStore`] keeps.
const REVISIONS_IN_MEMORY: usize = 100;

/// Why a store could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

/// Facts that belong together: all of them become durable, or none.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The pool that they are about.
    pub pool: Label,
    /// In the order in which they happened; at least one.
    pub records: Vec<Record>,
}

/// What a store has of a pool.
#[derive(Debug, Clone, PartialEq)]
pub struct Recovered {
    /// What the committed records add up to.
    pub state: State,
    /// How much time has passed since [`State::at`], as far as the store can tell: never more than
    /// really has, whatever was done to the wall clock. What was left of a deadline at that time is less
    /// by this now.
    pub age: Duration,
}

/// Keeps what must survive a crash: the current inventory, requests and leases of each pool.
///
/// # Contract
/// - `commit` is all or nothing. When it returns `Ok`, the batch is on stable storage, after every
///   batch that was committed before it for the same pool.
/// - `recover` returns what the committed batches of the pool add up to by [`State::apply`], or `None`
///   if there has been none. It keeps the current state under keys: nothing has to be replayed.
/// - One caller at a time commits for a pool; different pools may commit at once. Where
///   [`commits_in_order`](Self::commits_in_order) says so, that caller may do so without waiting for the end of its
///   earlier commits.
/// - The newest revision of a pool's inventory can always be read. How many earlier ones are kept is
///   the store's affair.
///
/// The feature `conformance` has a suite of tests that every store must pass.
///
/// # Failures
/// Each may fail at any time. After an error of `commit` the batch may or may not be durable: the
/// caller drops what it knows and recovers; it never retries blindly. What `recover` returns then is
/// durable, even if it holds what a failed commit has left behind.
#[async_trait]
pub trait InventoryStore: Send + Sync {
    /// The pools that are served, in order: those that have been committed to, without those that
    /// [`serve`](Self::serve) left out the last time.
    async fn pools(&self) -> Result<Vec<Label>, StoreError>;

    /// Takes note of which pools are served from now on, and returns the others that have been committed
    /// to. Those are kept as they are. A pool that is committed to is served.
    async fn serve(&self, pools: &[Label]) -> Result<Vec<Label>, StoreError>;

    /// What was committed for `pool`.
    async fn recover(&self, pool: &Label) -> Result<Option<Recovered>, StoreError>;

    /// Makes `batch` durable.
    async fn commit(&self, batch: Batch) -> Result<(), StoreError>;

    /// The revisions of the pool's inventory that there are, the newest first.
    async fn revisions(&self, pool: &Label) -> Result<Vec<Revision>, StoreError>;

    /// The inventory of this revision, if it is kept.
    async fn inventory(
        &self,
        pool: &Label,
        revision: u64,
    ) -> Result<Option<Arc<Inventory>>, StoreError>;

    /// Whether a pool may commit batches while earlier ones are still being committed: they become durable in
    /// the order in which their futures are first polled; and after an error no later batch of the pool does,
    /// until [`recover`](Self::recover) has been called for it.
    ///
    /// Unless a store says that it does, each batch is committed only when the one before it has been.
    fn commits_in_order(&self) -> bool {
        false
    }

    /// Whether what is committed outlives the process.
    fn outlives_process(&self) -> bool {
        true
    }
}

/// A store that forgets everything when the process ends: for tests and demonstrations.
#[derive(Debug, Default)]
pub struct MemoryStore {
    pools: Mutex<BTreeMap<Label, PoolInMemory>>,
}

#[derive(Debug, Default)]
struct PoolInMemory {
    is_left_out: bool,
    state: State,
    revisions: BTreeMap<u64, (Timestamp, Arc<Inventory>)>,
}

impl PoolInMemory {
    fn apply(&mut self, record: &Record) {
        self.state.apply(record);
        if let Record::InventoryReplaced { revision, inventory, at } = record {
            self.revisions.insert(*revision, (*at, Arc::clone(inventory)));
            while self.revisions.len() > REVISIONS_IN_MEMORY {
                self.revisions.pop_first();
            }
        }
    }
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Label, PoolInMemory>> {
        // Nothing panics while the lock is held, so a poisoned lock still guards whole batches.
        self.pools.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl InventoryStore for MemoryStore {
    async fn pools(&self) -> Result<Vec<Label>, StoreError> {
        let pools = self.lock();
        let served = pools.iter().filter(|(_, pool)| !pool.is_left_out);
        Ok(served.map(|(name, _)| name.clone()).collect())
    }

    async fn serve(&self, served: &[Label]) -> Result<Vec<Label>, StoreError> {
        let mut pools = self.lock();
        for (name, pool) in pools.iter_mut() {
            pool.is_left_out = !served.contains(name);
        }
        let left_out = pools.iter().filter(|(_, pool)| pool.is_left_out);
        Ok(left_out.map(|(name, _)| name.clone()).collect())
    }

    async fn recover(&self, pool: &Label) -> Result<Option<Recovered>, StoreError> {
        let state = self.lock().get(pool).map(|pool| pool.state.clone());
        Ok(state.map(|state| Recovered { state, age: Duration::ZERO }))
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut pools = self.lock();
        let pool = pools.entry(batch.pool).or_default();
        pool.is_left_out = false;
        batch.records.iter().for_each(|record| pool.apply(record));
        Ok(())
    }

    async fn revisions(&self, pool: &Label) -> Result<Vec<Revision>, StoreError> {
        let pools = self.lock();
        let kept = pools.get(pool).into_iter().flat_map(|pool| pool.revisions.iter().rev());
        let describe = |(revision, (at, inventory)): (&u64, &(Timestamp, Arc<Inventory>))| {
            let (revision, at, resources) = (*revision, *at, inventory.len() as u64);
            Revision { revision, at, resources }
        };
        Ok(kept.map(describe).collect())
    }

    async fn inventory(
        &self,
        pool: &Label,
        revision: u64,
    ) -> Result<Option<Arc<Inventory>>, StoreError> {
        let pools = self.lock();
        let found = pools.get(pool).and_then(|pool| pool.revisions.get(&revision));
        Ok(found.map(|(_, inventory)| Arc::clone(inventory)))
    }

    fn outlives_process(&self) -> bool {
        false
    }
}
