//! A store that commits when it is allowed to, and fails when it is told to.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use respo::{
    Batch, Inventory, InventoryStore, Label, MemoryStore, Recovered, Revision, State, StoreError,
};
use tokio::sync::Semaphore;

pub const PLENTY: usize = 1_000_000;

/// How a commit goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nothing was written.
    Lost,
    /// Everything was written, but the store does not know that.
    Unsure,
}

pub struct ToyStore {
    /// What `memory` adds up to, to be looked at without waiting.
    state: Mutex<State>,
    memory: MemoryStore,
    pub outlives_process: AtomicBool,
    /// How old it says that what it recovers is, in seconds.
    pub age: AtomicU64,
    /// A commit takes one of these, and waits until there is one.
    pub permits: Semaphore,
    failure: Mutex<Option<Failure>>,
    /// Whether it takes batches while it commits earlier ones.
    pub commits_in_order: AtomicBool,
    /// A commit has failed, and nobody has recovered from that.
    has_failed: AtomicBool,
    pub recover_fails: AtomicBool,
    pub commits: AtomicUsize,
}

impl ToyStore {
    pub fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            memory: MemoryStore::default(),
            outlives_process: AtomicBool::new(true),
            age: AtomicU64::new(0),
            permits: Semaphore::new(permits),
            failure: Mutex::new(None),
            commits_in_order: AtomicBool::new(false),
            has_failed: AtomicBool::new(false),
            recover_fails: AtomicBool::new(false),
            commits: AtomicUsize::new(0),
        })
    }

    pub fn fail(&self, failure: impl Into<Option<Failure>>) {
        *self.failure.lock().unwrap() = failure.into();
    }

    /// What is durable now.
    pub fn durable(&self) -> State {
        self.state.lock().unwrap().clone()
    }

    fn apply(&self, batch: &Batch) {
        let mut state = self.state.lock().unwrap();
        batch.records.iter().for_each(|record| state.apply(record));
    }

    pub fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl InventoryStore for ToyStore {
    async fn pools(&self) -> Result<Vec<Label>, StoreError> {
        self.memory.pools().await
    }

    async fn serve(&self, pools: &[Label]) -> Result<Vec<Label>, StoreError> {
        self.memory.serve(pools).await
    }

    async fn recover(&self, pool: &Label) -> Result<Option<Recovered>, StoreError> {
        if self.recover_fails.load(Ordering::SeqCst) {
            return Err(StoreError("the disk is gone".to_owned()));
        }
        self.has_failed.store(false, Ordering::SeqCst);
        let age = Duration::from_secs(self.age.load(Ordering::SeqCst));
        let recovered = self.memory.recover(pool).await?;
        Ok(recovered.map(|recovered| Recovered { age, ..recovered }))
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.permits.acquire().await.unwrap().forget();
        if self.has_failed.load(Ordering::SeqCst) {
            return Err(StoreError("an earlier batch failed".to_owned()));
        }
        let failure = *self.failure.lock().unwrap();
        self.has_failed.store(failure.is_some(), Ordering::SeqCst);
        if failure != Some(Failure::Lost) {
            self.apply(&batch);
            self.memory.commit(batch).await?;
        }
        match failure {
            None => Ok(()),
            Some(_) => Err(StoreError("no space left".to_owned())),
        }
    }

    async fn revisions(&self, pool: &Label) -> Result<Vec<Revision>, StoreError> {
        self.memory.revisions(pool).await
    }

    async fn inventory(
        &self,
        pool: &Label,
        revision: u64,
    ) -> Result<Option<Arc<Inventory>>, StoreError> {
        self.memory.inventory(pool, revision).await
    }

    fn commits_in_order(&self) -> bool {
        self.commits_in_order.load(Ordering::SeqCst)
    }

    fn outlives_process(&self) -> bool {
        self.outlives_process.load(Ordering::SeqCst)
    }
}
