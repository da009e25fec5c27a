//! Stores that have much in them.

use std::path::Path;
use std::sync::Arc;

use respo::broker::{Broker, Session};
use respo::{Label, Name, Request, Selector};
use respo_sqlite::{SqliteStore, StoreOptions};

use crate::pool;

/// How many requests each session makes: fewer than it may.
const PER_SESSION: usize = 500;

/// The name of the pool in the store.
pub const POOL: &str = "bench";

/// Makes a store in `directory` that has a [`pool`] of so many resources, so many leases (of the first resources)
/// and so many requests that wait for what is leased.
///
/// # Panics
/// If the store cannot be made or written, or if there are more leases than resources, or if anything is to wait and nothing
/// is leased.
pub async fn fill(directory: &Path, resources: usize, leases: usize, waiting: usize) {
    let store = SqliteStore::open(directory, StoreOptions::default()).unwrap();
    let name = Label::new(POOL).unwrap();
    let broker =
        Broker::builder(name, pool(resources)).store(Arc::new(store)).start().await.unwrap();
    let sessions: Vec<Session> =
        (0..(leases + waiting).div_ceil(PER_SESSION)).map(|_| broker.session()).collect();
    // Asked for at once, so that many are committed together.
    let numbers = (0..leases).chain((0..waiting).map(|number| number % leases));
    let submissions = numbers.enumerate().map(|(nth, number)| {
        let name = Name::new(format!("r{number}")).unwrap();
        sessions[nth / PER_SESSION].submit(Request::one(Selector::named(name)))
    });
    let tickets = futures_util::future::join_all(submissions).await;
    assert!(tickets.iter().all(Result::is_ok), "a request was refused");
    // What is in the store stays there when the sessions end.
    broker.stop().await;
}
