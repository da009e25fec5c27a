//! The suite of tests that every [`InventoryStore`] must pass. Feature `conformance`.
//!
//! Write a [`Subject`] for the store, and call [`check_all`] in a test:
//!
//! ```
//! use std::sync::Arc;
//! use async_trait::async_trait;
//! use respo::conformance::{Subject, check_all};
//! use respo::{InventoryStore, MemoryStore};
//!
//! struct InMemory(Arc<MemoryStore>);
//!
//! #[async_trait]
//! impl Subject for InMemory {
//!     fn store(&self) -> Arc<dyn InventoryStore> {
//!         self.0.clone()
//!     }
//!     // It forgets everything at a restart, so it is not restarted.
//!     async fn reopen(&mut self) {}
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! check_all(async || InMemory(Arc::new(MemoryStore::default()))).await;
//! # }
//! ```
//!
//! Stores differ in how they fail, so what a store does when its disk does is left to its own tests.

mod changes;
mod history;
mod keys;
mod leases;
mod requirements;
mod samples;

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::{join_all, join3};

use crate::engine::{Record, State};
use crate::inventory::Inventory;
use crate::names::Label;
use crate::store::{Batch, InventoryStore};
use crate::time::Timestamp;
use history::History;

/// How many random histories are played, each with a seed of its own.
const HISTORIES: u64 = 40;
/// How many commands each has.
const COMMANDS: usize = 60;
/// How many batches are committed in each pool at once.
const CONCURRENT_BATCHES: usize = 50;

/// A store under test.
#[async_trait]
pub trait Subject: Send {
    /// The store, as it is open now.
    fn store(&self) -> Arc<dyn InventoryStore>;

    /// Closes the store and opens it again, as after a restart of the process. Whoever called
    /// [`store`](Self::store) has let go of it.
    async fn reopen(&mut self);
}

/// Every check, each on a new and empty store.
///
/// # Panics
/// If the store does not do what [`InventoryStore`] demands; the message says what.
pub async fn check_all<S: Subject>(new: impl AsyncFn() -> S) {
    a_new_store_has_nothing(&new().await).await;
    every_value_comes_back_as_it_was(&mut new().await).await;
    keys_that_are_in_no_inventory_come_and_go(&mut new().await).await;
    leases_change_between_their_grant_and_their_end(&mut new().await).await;
    spent_keys_are_remembered_as_they_must_be(&mut new().await).await;
    for seed in 0..HISTORIES {
        what_is_recovered_is_what_was_committed(&mut new().await, seed).await;
    }
    batches_that_are_committed_at_once_become_durable_in_their_order(&mut new().await).await;
    pools_are_apart(&mut new().await).await;
    pools_that_are_not_served_are_kept(&mut new().await).await;
    revisions_can_be_read(&mut new().await).await;
    age_is_never_more_than_has_passed(&mut new().await).await;
}

/// A store that was never committed to has no pools, and says so without an error.
///
/// # Panics
/// If it does not.
pub async fn a_new_store_has_nothing(subject: &impl Subject) {
    let (store, pool) = (subject.store(), pool("lab"));
    assert_eq!(good(store.pools().await, "pools"), []);
    assert_eq!(good(store.recover(&pool).await, "recover"), None);
    assert_eq!(good(store.revisions(&pool).await, "revisions"), []);
    assert!(good(store.inventory(&pool, 1).await, "inventory").is_none());
}

/// Whatever is valid in an inventory or a request comes back as it was: the longest names, every kind of
/// property, the longest times.
///
/// # Panics
/// If something does not.
pub async fn every_value_comes_back_as_it_was(subject: &mut impl Subject) {
    let mut expected = State::default();
    for record in samples::records() {
        commit(&*subject.store(), "lab", vec![record], &mut expected).await;
        assert_recovered(&*subject.store(), "lab", &expected).await;
    }
    subject.reopen().await;
    assert_recovered(&*subject.store(), "lab", &expected).await;
}

/// Whatever a request may need comes back as it was; and a key that is in no inventory is held, retired,
/// forgotten and taken into the inventory as [`State::apply`] does it.
///
/// # Panics
/// If something does not.
pub async fn keys_that_are_in_no_inventory_come_and_go(subject: &mut impl Subject) {
    let mut expected = State::default();
    for records in keys::batches() {
        commit(&*subject.store(), "lab", records, &mut expected).await;
        assert_recovered(&*subject.store(), "lab", &expected).await;
        subject.reopen().await;
        assert_recovered(&*subject.store(), "lab", &expected).await;
    }
}

/// Leases are extended, given back in parts, shared and passed on as [`State::apply`] does it, and the
/// idempotency keys of requests come back as they were.
///
/// # Panics
/// If something does not.
pub async fn leases_change_between_their_grant_and_their_end(subject: &mut impl Subject) {
    let mut expected = State::default();
    for records in leases::batches() {
        let what = format!("{records:?}");
        commit(&*subject.store(), "lab", records, &mut expected).await;
        let found = recovered(&*subject.store(), "lab").await;
        assert_eq!(found.as_ref(), Some(&expected), "after {what}");
    }
    subject.reopen().await;
    assert_recovered(&*subject.store(), "lab", &expected).await;
}

/// The idempotency keys of what has ended are remembered as long as they must be, and no longer.
///
/// # Panics
/// If they are not.
pub async fn spent_keys_are_remembered_as_they_must_be(subject: &mut impl Subject) {
    let mut expected = State::default();
    for (step, (records, remembered)) in (1..).zip(leases::spent_keys()) {
        commit(&*subject.store(), "lab", records, &mut expected).await;
        assert_eq!(
            expected.spent_keys.iter().count(),
            remembered,
            "step {step}: a mistaken sample"
        );
        let found = recovered(&*subject.store(), "lab").await;
        assert!(found.as_ref() == Some(&expected), "step {step}: other keys are recovered");
    }
    subject.reopen().await;
    let found = recovered(&*subject.store(), "lab").await;
    assert!(found == Some(expected), "other keys are recovered after a restart");
}

/// After any history, and after a restart at any point of it, what is recovered is what the records add
/// up to by [`State::apply`].
///
/// # Panics
/// If it is not; the message has the seed.
pub async fn what_is_recovered_is_what_was_committed(subject: &mut impl Subject, seed: u64) {
    let mut history = History::new(seed);
    let mut expected = State::default();
    for step in 0..COMMANDS {
        let records = history.next_batch();
        if records.is_empty() {
            continue;
        }
        commit(&*subject.store(), "lab", records, &mut expected).await;
        assert_eq!(&expected, history.state(), "seed {seed}: the engine and its records differ");
        match history.choose(8) {
            0 => subject.reopen().await,
            1 => {}
            _ => continue,
        }
        let recovered = recovered(&*subject.store(), "lab").await;
        assert_eq!(recovered, Some(expected.clone()), "seed {seed}, step {step}");
    }
    subject.reopen().await;
    assert_eq!(
        recovered(&*subject.store(), "lab").await,
        Some(expected),
        "seed {seed}, at the end"
    );
}

/// Where the store [takes](InventoryStore::commits_in_order) batches of a pool while it commits earlier ones, they add
/// up as if each had waited for the one before it.
///
/// # Panics
/// If they do not.
pub async fn batches_that_are_committed_at_once_become_durable_in_their_order(
    subject: &mut impl Subject,
) {
    if !subject.store().commits_in_order() {
        return;
    }
    let (mut history, mut expected) = (History::new(2_000), State::default());
    for _ in 0..CONCURRENT_BATCHES {
        let batches: Vec<Vec<Record>> = (0..8).map(|_| history.next_batch()).collect();
        let batches = batches.into_iter().filter(|records| !records.is_empty());
        let store = subject.store();
        let commits = batches.map(|records| {
            records.iter().for_each(|record| expected.apply(record));
            store.commit(Batch { pool: pool("lab"), records })
        });
        // It polls them in their order.
        for result in join_all(commits).await {
            good(result, "commit");
        }
    }
    assert_recovered(&*subject.store(), "lab", &expected).await;
    subject.reopen().await;
    assert_recovered(&*subject.store(), "lab", &expected).await;
}

/// Commits to different pools at once do not disturb each other.
///
/// # Panics
/// If they do.
pub async fn pools_are_apart(subject: &mut impl Subject) {
    let names = ["a", "b b", "ç"];
    let mut expected = Vec::new();
    {
        let store = subject.store();
        let play = async |seed: usize, name: &str| {
            let mut history = History::new(1_000 + seed as u64);
            let mut expected = State::default();
            for _ in 0..CONCURRENT_BATCHES {
                let records = history.next_batch();
                if !records.is_empty() {
                    commit(&*store, name, records, &mut expected).await;
                }
            }
            expected
        };
        let [a, b, c] = [play(0, names[0]), play(1, names[1]), play(2, names[2])];
        let (a, b, c) = join3(a, b, c).await;
        expected.extend([a, b, c]);
    }
    subject.reopen().await;
    let store = subject.store();
    if store.outlives_process() || expected.iter().all(|state| state.revision > 0) {
        let found: Vec<String> =
            good(store.pools().await, "pools").iter().map(ToString::to_string).collect();
        assert_eq!(found, names, "the pools, in order");
    }
    for (name, state) in names.iter().zip(&expected) {
        assert_recovered(&*store, name, state).await;
    }
}

/// A pool that is not served is not listed, and has everything when it is served again.
///
/// # Panics
/// If it has not.
pub async fn pools_that_are_not_served_are_kept(subject: &mut impl Subject) {
    let [a, b] = [pool("a"), pool("b")];
    let mut expected = State::default();
    for name in ["a", "b"] {
        expected = State::default();
        let (inventory, at) = (samples::inventory(2), Timestamp::from_micros(5));
        let record = Record::InventoryReplaced { revision: 1, inventory, at };
        commit(&*subject.store(), name, vec![record], &mut expected).await;
    }
    let served = [pool("new"), b.clone()];
    assert_eq!(good(subject.store().serve(&served).await, "serve"), std::slice::from_ref(&a));
    subject.reopen().await;
    assert_eq!(good(subject.store().pools().await, "pools"), std::slice::from_ref(&b));
    assert_recovered(&*subject.store(), "a", &expected).await;
    assert_eq!(good(subject.store().serve(&[a.clone(), b.clone()]).await, "serve"), []);
    assert_eq!(good(subject.store().pools().await, "pools"), [a, b]);
    assert_recovered(&*subject.store(), "a", &expected).await;
}

/// The newest revision can be read, and so can every earlier one that is listed.
///
/// # Panics
/// If one cannot.
pub async fn revisions_can_be_read(subject: &mut impl Subject) {
    let inventories: Vec<Arc<Inventory>> = (0..4).map(samples::inventory).collect();
    let mut expected = State::default();
    for (revision, inventory) in (1..).zip(&inventories) {
        let at = Timestamp::from_micros(1_000_000 * revision);
        let inventory = Arc::clone(inventory);
        let record = Record::InventoryReplaced { revision, inventory, at };
        commit(&*subject.store(), "lab", vec![record], &mut expected).await;
    }
    subject.reopen().await;
    let (store, pool) = (subject.store(), pool("lab"));
    let listed = good(store.revisions(&pool).await, "revisions");
    assert_eq!(listed.first().map(|newest| newest.revision), Some(4), "the newest comes first");
    assert!(listed.is_sorted_by(|a, b| a.revision > b.revision), "{listed:?}");
    for one in &listed {
        let found = good(store.inventory(&pool, one.revision).await, "inventory");
        let index = usize::try_from(one.revision).unwrap_or_default().wrapping_sub(1);
        assert_eq!(found.as_ref(), inventories.get(index), "revision {}", one.revision);
        assert_eq!(one.resources, found.map_or(0, |inventory| inventory.len() as u64));
        assert_eq!(one.at, Timestamp::from_micros(1_000_000 * one.revision));
    }
    assert!(good(store.inventory(&pool, 99).await, "inventory").is_none());
}

/// The age of what is recovered is not more than the time that has really passed.
///
/// # Panics
/// If it is.
#[allow(clippy::disallowed_methods, reason = "a test of a clock needs a clock")]
pub async fn age_is_never_more_than_has_passed(subject: &mut impl Subject) {
    let before = std::time::Instant::now();
    let at = Timestamp::from_micros(5);
    let record = Record::InventoryReplaced { revision: 1, inventory: samples::inventory(1), at };
    commit(&*subject.store(), "lab", vec![record], &mut State::default()).await;
    for _ in 0..2 {
        let recovered = good(subject.store().recover(&pool("lab")).await, "recover");
        let age = recovered.map(|recovered| recovered.age);
        assert!(age.is_some_and(|age| age <= before.elapsed()), "{age:?}");
        subject.reopen().await;
    }
}

async fn commit(
    store: &dyn InventoryStore,
    name: &str,
    records: Vec<Record>,
    expected: &mut State,
) {
    records.iter().for_each(|record| expected.apply(record));
    good(store.commit(Batch { pool: pool(name), records }).await, "commit");
}

async fn recovered(store: &dyn InventoryStore, name: &str) -> Option<State> {
    good(store.recover(&pool(name)).await, "recover").map(|recovered| recovered.state)
}

async fn assert_recovered(store: &dyn InventoryStore, name: &str, expected: &State) {
    assert_eq!(recovered(store, name).await.as_ref(), Some(expected), "pool {name:?}");
}

fn pool(name: &str) -> Label {
    good(Label::new(name), "the name of a pool")
}

/// What a correct store, or a correct sample, gives.
fn good<T, E: std::fmt::Display>(result: Result<T, E>, what: &str) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error}"),
    }
}
