//! Where the durable state lives.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::engine::{Record, State};
use crate::names::Label;

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

/// Keeps what must survive a crash: the current inventory, requests and leases of each pool.
///
/// # Contract
/// - `commit` is all or nothing. When it returns `Ok`, the batch is on stable storage, after every
///   batch that was committed before it for the same pool.
/// - `recover` returns what the committed batches of the pool add up to by [`State::apply`], or `None`
///   if there has been none. It keeps the current state under keys: nothing has to be replayed.
/// - One caller at a time commits for a pool; different pools may commit at once.
///
/// # Failures
/// Either may fail at any time. After an error of `commit` the batch may or may not be durable: the
/// caller drops what it knows and recovers; it never retries blindly.
#[async_trait]
pub trait InventoryStore: Send + Sync {
    /// What was committed for `pool`.
    async fn recover(&self, pool: &Label) -> Result<Option<State>, StoreError>;

    /// Makes `batch` durable.
    async fn commit(&self, batch: Batch) -> Result<(), StoreError>;
}

/// A store that forgets everything when the process ends: for tests and demonstrations.
#[derive(Debug, Default)]
pub struct MemoryStore {
    pools: Mutex<BTreeMap<Label, State>>,
}

#[async_trait]
impl InventoryStore for MemoryStore {
    async fn recover(&self, pool: &Label) -> Result<Option<State>, StoreError> {
        let pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(pools.get(pool).cloned())
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        // Nothing panics while the lock is held, so a poisoned lock still guards whole batches.
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let state = pools.entry(batch.pool).or_default();
        batch.records.iter().for_each(|record| state.apply(record));
        Ok(())
    }
}
