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

impl PoolsError {
    /// Writes the reason to the log.
    pub(crate) fn log(&self) {
        match self {
            Self::Inventory(path, error) => {
                for line in error.lines(path) {
                    tracing::error!("{line}");
                }
            }
            // In the words and colours of every other mistake in the command line.
            Self::NoInventory(error) => {
                if error.print().is_err() {
                    tracing::error!("{error}");
                }
            }
            _ => tracing::error!("{self}"),
        }
    }
}

/// Opens the store and starts a pool for each that the inventory file names; without a good file, for each
/// that the store served last.
pub(crate) async fn start(arguments: &Arguments) -> Result<Pools, PoolsError> {
    let read = |path: &PathBuf| {
        inventory_file::read(path).map_err(|error| PoolsError::Inventory(path.clone(), error))
    };
    let mut from_file = arguments.inventory.as_ref().map(read);
    let mut document = None;
    if !has_database(arguments) {
        // Nothing is made on the disk for a respod that will not start.
        document = choose(from_file.take(), false, arguments)?;
    }
    let store = open(arguments).await?;
    let stored = store.pools().await?;
    if document.is_none() {
        document = choose(from_file, !stored.is_empty(), arguments)?;
    }
    serve(arguments, &store, &stored, document).await
}

/// The document to serve; `None`: what the store has.
fn choose(
    from_file: Option<Result<InventoryDocument, PoolsError>>,
    is_stored: bool,
    arguments: &Arguments,
) -> Result<Option<InventoryDocument>, PoolsError> {
    match from_file {
        Some(Ok(document)) => Ok(Some(document)),
        Some(Err(error)) if is_stored => {
            error.log();
            tracing::error!("the inventory file is no good; going on with what the store has");
            Ok(None)
        }
        Some(Err(error)) => Err(error),
        None if is_stored => Ok(None),
        None => Err(PoolsError::NoInventory(no_inventory(arguments))),
    }
}

/// Whether there may be something in the store. What is not a directory is the store's to complain about.
fn has_database(arguments: &Arguments) -> bool {
    let (directory, database) =
        (&arguments.data_dir, respo_sqlite::database_path(&arguments.data_dir));
    arguments.store == StoreKind::Sqlite
        && (database.exists() || directory.exists() && !directory.is_dir())
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
    let ids_are_places = document.as_ref().is_some_and(|document| document.ids_are_places);
    let wanted = match document {
        Some(document) => document.pools,
        None => stored.iter().map(|pool| (pool.clone(), Inventory::default())).collect(),
    };
    let names: Vec<Label> = wanted.iter().map(|(name, _)| name.clone()).collect();
    for pool in store.serve(&names).await? {
        tracing::warn!(
            %pool,
            "the store has this pool and the inventory file has not: it is kept, but not served"
        );
    }
    let mut brokers = Vec::new();
    for (pool, from_file) in wanted {
        let is_stored = has_inventory(store, &pool).await?;
        let broker = Broker::builder(pool.clone(), from_file.clone())
            .limits(limits(arguments))
            .notifier(Arc::new(LeaseLog::new(pool.clone())))
            .store(Arc::clone(store))
            .start()
            .await?;
        let from_file = if ids_are_places {
            from_file.keeping_ids_of(&broker.snapshot().await.inventory)
        } else {
            from_file
        };
        let from_file = has_document.then_some(&from_file);
        announce(&broker, is_stored, from_file).await;
        brokers.push(broker);
    }
    Ok(Pools::new(brokers))
}

/// Whether the store has an inventory for this pool, served the last time or not.
async fn has_inventory(store: &Arc<dyn InventoryStore>, pool: &Label) -> Result<bool, PoolsError> {
    Ok(!store.revisions(pool).await?.is_empty())
}

/// Says which inventory is in force, and what is taken up again.
async fn announce(broker: &Broker, is_stored: bool, from_file: Option<&Inventory>) {
    let pool = broker.pool().as_str();
    let snapshot = broker.snapshot().await;
    let leases = snapshot.leased();
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
            would_change_rules = change.rules,
            "the inventory file differs from the inventory in force; SIGHUP, or `rpclient inventory \
             push`, puts it in force"
        );
    }
}

fn limits(arguments: &Arguments) -> Limits {
    let mut limits = Limits::default();
    limits.max_waiting = arguments.max_waiting;
    limits.max_linger = arguments.max_linger.0;
    limits.max_ttl = arguments.max_ttl.0;
    limits.max_duration = arguments.max_duration.map(|duration| duration.0);
    limits.grace = arguments.grace.0;
    limits
}
