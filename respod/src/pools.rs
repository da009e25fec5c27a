//! Which pools are served, from which store, with which inventory.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use clap::CommandFactory;
use clap::error::ErrorKind;
use respo::broker::{Broker, Pools, StartError};
use respo::yaml::InventoryDocument;
use respo::{Inventory, InventoryChange, InventoryStore, Label, Limits, MemoryStore, StoreError};
use respo_sqlite::{OpenError, SqliteStore, StoreOptions};

use crate::cli::{Arguments, StoreKind};
use crate::inventory_file::{self, InventoryFileError};
use crate::lease_log::LeaseLog;

/// Why there are no pools to serve.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PoolsError {
    #[error("the inventory is no good: {1}")]
    Inventory(PathBuf, InventoryFileError),
    #[error("failed to open the store: {0}")]
    Open(#[from] OpenError),
    #[error("failed to read the store: {0}")]
    Store(#[from] StoreError),
    #[error("failed to start: {0}")]
    Pool(#[from] StartError),
    #[error("failed to start: {0}")]
    System(#[from] io::Error),
    /// Neither the command line nor the store has an inventory.
    #[error("{0}")]
    NoInventory(clap::Error),
}

/// Opens the store and starts a pool for each that the inventory file names; without a file, for each
/// that the store has.
pub(crate) async fn start(arguments: &Arguments) -> Result<Pools, PoolsError> {
    // Before anything is made on the disk.
    let from_file = match &arguments.inventory {
        Some(path) => Some(inventory_file::read(path).map_err(|error| (path, error))),
        None if has_database(arguments) => None,
        None => return Err(PoolsError::NoInventory(no_inventory(arguments))),
    };
    if let (Some(Err(_)), false) = (&from_file, has_database(arguments)) {
        return Err(unusable(from_file));
    }
    let store = open(arguments).await?;
    let stored = store.pools().await?;
    let document = match from_file {
        None if stored.is_empty() => {
            return Err(PoolsError::NoInventory(no_inventory(arguments)));
        }
        None => None,
        Some(Ok(document)) => Some(document),
        Some(Err(_)) if stored.is_empty() => return Err(unusable(from_file)),
        Some(Err((path, error))) => {
            for line in error.lines(path) {
                tracing::error!("{line}");
            }
            tracing::error!("the inventory file is no good; going on with what the store has");
            None
        }
    };
    serve(arguments, &store, &stored, document).await
}

type FromFile<'a> = Option<Result<InventoryDocument, (&'a PathBuf, InventoryFileError)>>;

fn unusable(from_file: FromFile<'_>) -> PoolsError {
    match from_file {
        Some(Err((path, error))) => PoolsError::Inventory(path.clone(), error),
        _ => PoolsError::System(io::Error::other("there is no inventory")),
    }
}

fn has_database(arguments: &Arguments) -> bool {
    arguments.store == StoreKind::Sqlite
        && respo_sqlite::database_path(&arguments.data_dir).exists()
}

fn no_inventory(arguments: &Arguments) -> clap::Error {
    let reason = match arguments.store {
        StoreKind::Sqlite => format!(
            "there is no inventory: {} has none yet, so name one with --inventory FILE",
            arguments.data_dir.display()
        ),
        StoreKind::Memory => "there is no inventory: name one with --inventory FILE".to_owned(),
    };
    Arguments::command().error(ErrorKind::MissingRequiredArgument, reason)
}

async fn open(arguments: &Arguments) -> Result<Arc<dyn InventoryStore>, PoolsError> {
    if arguments.store == StoreKind::Memory {
        tracing::info!("leases and the queue are kept in memory: they end with this respod");
        return Ok(Arc::new(MemoryStore::default()));
    }
    let directory = arguments.data_dir.clone();
    let mut options = StoreOptions::default();
    options.history = arguments.keep_history.duration();
    options.inventory_revisions = arguments.keep_revisions.into();
    let opening = tokio::task::spawn_blocking(move || SqliteStore::open(&directory, options));
    let store = opening.await.map_err(io::Error::other)??;
    tracing::info!(database = %store.path().display(), "store opened");
    Ok(Arc::new(store))
}

async fn serve(
    arguments: &Arguments,
    store: &Arc<dyn InventoryStore>,
    stored: &[Label],
    document: Option<InventoryDocument>,
) -> Result<Pools, PoolsError> {
    let has_document = document.is_some();
    let wanted = match document {
        Some(document) => document.pools,
        None => stored.iter().map(|pool| (pool.clone(), Inventory::default())).collect(),
    };
    for pool in stored.iter().filter(|pool| !wanted.iter().any(|(name, _)| name == *pool)) {
        tracing::warn!(
            %pool,
            "the store has this pool and the inventory file has not: it is kept, but not served"
        );
    }
    let mut brokers = Vec::new();
    for (pool, from_file) in wanted {
        let broker = Broker::builder(pool.clone(), from_file.clone())
            .limits(limits(arguments))
            .notifier(Arc::new(LeaseLog::new(pool.clone())))
            .store(Arc::clone(store))
            .start()
            .await?;
        let from_file = has_document.then_some(&from_file);
        announce(&broker, stored.contains(&pool), from_file).await;
        brokers.push(broker);
    }
    Ok(Pools::new(brokers))
}

/// Says which inventory is in force, and what is taken up again.
async fn announce(broker: &Broker, is_stored: bool, from_file: Option<&Inventory>) {
    let pool = broker.pool().as_str();
    let snapshot = broker.snapshot().await;
    let leases = snapshot.holdings.iter().flatten().count() + snapshot.retired.len();
    let (revision, resources) = (snapshot.revision, snapshot.inventory.len());
    let source = if is_stored { "the store" } else { "the inventory file" };
    tracing::info!(
        pool,
        revision,
        resources,
        leases,
        waiting = snapshot.waiting.len(),
        "pool started; the inventory in force is from {source}"
    );
    let Some(from_file) = from_file else { return };
    let change = InventoryChange::between(&snapshot.inventory, from_file, |name| {
        snapshot.is_leased(name.as_str())
    });
    if !change.is_empty() {
        tracing::warn!(
            pool,
            would_add = change.added.len(),
            would_remove = change.removed.len() + change.retired.len(),
            would_change = change.changed.len(),
            "the inventory file differs from the inventory in force; SIGHUP, or `rpclient inventory \
             push`, puts it in force"
        );
    }
}

fn limits(arguments: &Arguments) -> Limits {
    let mut limits = Limits::default();
    limits.max_waiting = arguments.max_waiting;
    limits.max_linger = arguments.max_linger.0;
    limits.max_duration = arguments.max_duration.map(|duration| duration.0);
    limits.grace = arguments.grace.0;
    limits
}
