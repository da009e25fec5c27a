//! Which revisions of an inventory are kept.

use respo::{EndReason, InventoryStore, RequestId};
use respo_sqlite::{SqliteStore, StoreOptions};
use tempfile::TempDir;

use crate::records::{commit, ended, granted, pool, queued, replaced};

#[tokio::test]
async fn old_revisions_go_but_for_those_that_leases_were_granted_from() {
    let directory = TempDir::new().unwrap();
    let mut options = StoreOptions::default();
    options.inventory_revisions = 3;
    let store = SqliteStore::open(directory.path(), options).unwrap();
    let lab = pool("lab");
    let kept = async || {
        let revisions = store.revisions(&lab).await.unwrap();
        revisions.iter().map(|revision| revision.revision).collect::<Vec<_>>()
    };
    commit(&store, "lab", vec![replaced(1, "first", 0.0)]).await;
    commit(&store, "lab", vec![replaced(2, "second", 1.0)]).await;
    commit(&store, "lab", vec![queued(1, 2.0), granted(1, 1, 2.0)]).await;
    assert_eq!(kept().await, [2, 1]);
    for revision in 3..=10 {
        commit(&store, "lab", vec![replaced(revision, "later", revision as f64)]).await;
    }
    assert_eq!(kept().await, [10, 9, 8, 2]);
    assert!(store.inventory(&lab, 2).await.unwrap().is_some());
    assert!(store.inventory(&lab, 7).await.unwrap().is_none());
    // The lease is of the bench as it was when it was granted.
    let recovered = store.recover(&lab).await.unwrap().unwrap();
    let grant = recovered.state.requests[&RequestId(1)].grant.clone().unwrap();
    let description = grant.resources[0][0].description.clone().unwrap();
    assert_eq!(description.as_str(), "second");

    commit(&store, "lab", vec![ended(1, EndReason::Released, 20.0)]).await;
    commit(&store, "lab", vec![replaced(11, "last", 21.0)]).await;
    assert_eq!(kept().await, [11, 10, 9]);
}
