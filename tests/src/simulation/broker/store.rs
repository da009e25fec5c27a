//! The simulated store, as the broker sees it.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use respo::{Batch, Inventory, InventoryStore, Label, Recovered, Revision, StoreError};
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::lab::{Inside, Lab};

/// The store of one process. When that has crashed, nothing comes back from it any more.
pub(super) struct SimulatedStore {
    lab: Arc<Lab>,
    run: u64,
    /// Whether it takes batches while it commits earlier ones.
    commits_in_order: bool,
    /// Who has it makes what was written durable: one after the other, in the order in which they came.
    turn: Mutex<()>,
    /// A commit has failed, and nobody has recovered from that.
    has_failed: AtomicBool,
}

/// How a commit ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Well,
    /// Nothing was written.
    Lost,
    /// It was written, but the store does not know that.
    Unsure,
}

impl SimulatedStore {
    pub(super) fn new(lab: Arc<Lab>, run: u64) -> Self {
        let commits_in_order = lab.lock().dice.chance(50);
        let (turn, has_failed) = (Mutex::new(()), AtomicBool::new(false));
        Self { lab, run, commits_in_order, turn, has_failed }
    }

    /// Waits as long as the store takes; for ever, if the process crashes meanwhile.
    async fn take_time(&self) {
        self.be_alive().await;
        let micros = {
            let mut inside = self.lab.lock();
            inside.dice.below(self.lab.plan.slowest_commit)
        };
        sleep(Duration::from_micros(micros)).await;
        self.be_alive().await;
    }

    async fn be_alive(&self) {
        if self.lab.lock().run != self.run {
            pending::<()>().await;
        }
    }

    fn begin(&self, batch: &Batch) -> End {
        let mut inside = self.lab.lock();
        inside.write(&batch.records);
        if !inside.fails(&self.lab.plan) {
            return End::Well;
        }
        inside.observer.figures.failed_commits += 1;
        inside.observer.note(|| "the commit fails");
        if inside.dice.chance(50) { End::Lost } else { End::Unsure }
    }
}

fn gone() -> StoreError {
    StoreError("the disk is gone".to_owned())
}

#[async_trait]
impl InventoryStore for SimulatedStore {
    async fn pools(&self) -> Result<Vec<Label>, StoreError> {
        Ok(vec![super::pool_name()])
    }

    async fn serve(&self, _pools: &[Label]) -> Result<Vec<Label>, StoreError> {
        Ok(Vec::new())
    }

    async fn recover(&self, _pool: &Label) -> Result<Option<Recovered>, StoreError> {
        self.take_time().await;
        let mut inside = self.lab.lock();
        if inside.fails(&self.lab.plan) {
            return Err(gone());
        }
        self.has_failed.store(false, Ordering::Relaxed);
        let state = inside.recover();
        // Whether it can tell how much time has passed.
        let elapsed = inside.committed_at.elapsed();
        let age = if inside.dice.chance(50) { elapsed } else { Duration::ZERO };
        Ok((state.revision > 0).then_some(Recovered { state, age }))
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.be_alive().await;
        if self.has_failed.load(Ordering::Relaxed) {
            return Err(gone());
        }
        let end = self.begin(&batch);
        let _turn = self.turn.lock().await;
        if self.has_failed.load(Ordering::Relaxed) {
            return Err(gone());
        }
        self.take_time().await;
        self.has_failed.store(end != End::Well, Ordering::Relaxed);
        let mut inside = self.lab.lock();
        match end {
            End::Well => {
                let Inside { store, observer, .. } = &mut *inside;
                let durable = store.acknowledge_earliest();
                observer.durable(&durable);
                observer.committed(&batch.records, None);
                inside.committed_at = tokio::time::Instant::now();
                Ok(())
            }
            End::Lost => {
                inside.observer.figures.lost_writes += inside.store.lose();
                Err(gone())
            }
            End::Unsure => Err(gone()),
        }
    }

    fn commits_in_order(&self) -> bool {
        self.commits_in_order
    }

    async fn revisions(&self, _pool: &Label) -> Result<Vec<Revision>, StoreError> {
        Ok(Vec::new())
    }

    async fn inventory(
        &self,
        _pool: &Label,
        _revision: u64,
    ) -> Result<Option<Arc<Inventory>>, StoreError> {
        Ok(None)
    }
}
