//! The suite that every store must pass.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use async_trait::async_trait;
use respo::InventoryStore;
use respo::conformance::{Subject, check_all};
use respo_sqlite::{SqliteStore, StoreOptions};
use tempfile::TempDir;

struct OnDisk {
    directory: TempDir,
    store: Option<Arc<SqliteStore>>,
}

impl OnDisk {
    fn new() -> Self {
        let mut subject = Self { directory: TempDir::new().unwrap(), store: None };
        subject.open();
        subject
    }

    fn open(&mut self) {
        let store = SqliteStore::open(self.directory.path(), StoreOptions::default());
        self.store = Some(Arc::new(store.unwrap()));
    }
}

#[async_trait]
impl Subject for OnDisk {
    fn store(&self) -> Arc<dyn InventoryStore> {
        self.store.clone().unwrap()
    }

    async fn reopen(&mut self) {
        self.store = None;
        self.open();
    }
}

#[tokio::test]
async fn the_sqlite_store_passes_the_suite() {
    check_all(async || OnDisk::new()).await;
}
