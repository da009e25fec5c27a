//! The inventories of running pools, and how they are replaced.

use std::sync::Arc;

use respo::broker::{Broker, Pools};
use respo::wire::{InventoryAnswer, PoolChange};
use respo::yaml::{InventoryDocument, InventoryProblem, InventoryProblems};
use respo::{Inventory, InventoryChange, Label, Name, Refusal};
use tokio::sync::Mutex;

/// How many names of a kind of change the log lists.
const NAMES_IN_LOG: usize = 20;

/// The inventories of running pools: the one place that replaces them.
pub struct Inventories {
    pools: Pools,
    /// One replacement at a time, so that the pools never hold parts of two documents.
    replacing: Mutex<()>,
}

/// Why an inventory is not put in place. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplaceError {
    /// It has mistakes, or does not fit the pools that run.
    #[error("the inventory has mistakes")]
    Invalid(InventoryProblems),
    /// A pool does not take it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A defect; the log says more.
    #[error("the replacement failed")]
    Failed,
}

/// Reads and checks an inventory.
///
/// # Errors
/// Every mistake; for bytes that are not UTF-8, where they stop to be.
pub fn read(bytes: &[u8]) -> Result<InventoryDocument, InventoryProblems> {
    InventoryDocument::decode(bytes).and_then(InventoryDocument::parse)
}

impl Inventories {
    /// Of these pools.
    #[must_use]
    pub fn new(pools: Pools) -> Self {
        Self { pools, replacing: Mutex::new(()) }
    }

    /// What the pools have now.
    pub async fn current(&self) -> InventoryDocument {
        let mut pools = Vec::new();
        for broker in self.pools.iter() {
            let snapshot = broker.snapshot().await;
            pools.push((broker.pool().clone(), snapshot.inventory.as_ref().clone()));
        }
        InventoryDocument::new(pools)
    }

    /// Puts `document` in the place of the present inventories, whole or not at all, and says what
    /// has changed, also to the log. A dry run only says what would.
    ///
    /// It goes on to its end if the future is dropped. Where a later pool refuses, the earlier ones get
    /// their inventories back; waiting requests that had become impossible meanwhile have ended.
    ///
    /// # Errors
    /// [`ReplaceError`] if the document does not have the pools that run, or a pool refuses it.
    pub async fn replace(
        self: &Arc<Self>,
        document: InventoryDocument,
        dry_run: bool,
    ) -> Result<InventoryAnswer, ReplaceError> {
        let inventories = Arc::clone(self);
        to_its_end(async move { inventories.replace_here(document, dry_run).await }).await
    }

    /// Puts an earlier revision of a pool's inventory in force again, as a new revision.
    ///
    /// It goes on to its end if the future is dropped.
    ///
    /// # Errors
    /// [`ReplaceError::Refused`] with [`Refusal::NoRevision`] if it is not kept, or with what keeps the
    /// pool from taking it.
    pub async fn put_back(
        self: &Arc<Self>,
        broker: &Broker,
        revision: u64,
        dry_run: bool,
    ) -> Result<InventoryAnswer, ReplaceError> {
        let (inventories, broker) = (Arc::clone(self), broker.clone());
        to_its_end(async move {
            let _alone = inventories.replacing.lock().await;
            let earlier = broker.inventory_of(revision).await?;
            carry_out(vec![(&broker, earlier.as_ref().clone())], dry_run).await
        })
        .await
    }

    async fn replace_here(
        &self,
        document: InventoryDocument,
        dry_run: bool,
    ) -> Result<InventoryAnswer, ReplaceError> {
        let _alone = self.replacing.lock().await;
        let ids_are_places = document.ids_are_places;
        let mut replacements = self.pair(document).map_err(ReplaceError::Invalid)?;
        if ids_are_places {
            for (broker, inventory) in &mut replacements {
                *inventory = inventory.keeping_ids_of(&broker.snapshot().await.inventory);
            }
        }
        carry_out(replacements, dry_run).await
    }

    /// Each pool that runs with its new inventory, in the order in which the pools run.
    fn pair(
        &self,
        document: InventoryDocument,
    ) -> Result<Vec<(&Broker, Inventory)>, InventoryProblems> {
        let InventoryDocument { pools: mut given, .. } = document;
        let count = given.len();
        let paths: Vec<(Label, String)> = given
            .iter()
            .enumerate()
            .map(|(index, (name, _))| (name.clone(), name_path(index, count)))
            .collect();
        let mut paired = Vec::new();
        let mut missing = Vec::new();
        for broker in self.pools.iter() {
            match given.iter().position(|(name, _)| name == broker.pool()) {
                Some(place) => paired.push((broker, given.swap_remove(place).1)),
                None => missing.push(broker.pool().clone()),
            }
        }
        let mut problems: Vec<InventoryProblem> = paths
            .into_iter()
            .filter(|(name, _)| given.iter().any(|(other, _)| other == name))
            .map(|(name, path)| problem(path, format!("there is no pool {name:?}"), &self.pools))
            .collect();
        problems.extend(missing.iter().map(|name| {
            problem("pools".to_owned(), format!("the pool {name:?} is missing"), &self.pools)
        }));
        if problems.is_empty() { Ok(paired) } else { Err(InventoryProblems(problems)) }
    }
}

fn name_path(index: usize, count: usize) -> String {
    if count == 1 { "pool.name".to_owned() } else { format!("pools[{index}].name") }
}

fn problem(path: String, problem: String, pools: &Pools) -> InventoryProblem {
    let running: Vec<String> = pools.iter().map(|broker| format!("{:?}", broker.pool())).collect();
    let remedy = format!(
        "the set of pools is fixed when respod starts, and is {}; restart it to change that",
        running.join(", ")
    );
    InventoryProblem { path, line: None, column: None, problem, remedy }
}

async fn preview(replacements: Vec<(&Broker, Inventory)>) -> Vec<PoolChange> {
    let mut changes = Vec::new();
    for (broker, inventory) in replacements {
        let snapshot = broker.snapshot().await;
        let change = InventoryChange::between(&snapshot.inventory, &inventory, |name| {
            snapshot.is_leased(name.as_str())
        });
        let name = broker.pool().clone();
        changes.push(PoolChange { name, revision: snapshot.revision, change });
    }
    changes
}

/// Runs a replacement to its end, whether or not anyone waits for it.
async fn to_its_end(
    replacing: impl Future<Output = Result<InventoryAnswer, ReplaceError>> + Send + 'static,
) -> Result<InventoryAnswer, ReplaceError> {
    tokio::spawn(replacing).await.unwrap_or_else(|error| {
        tracing::error!(%error, "the inventory could not be replaced");
        Err(ReplaceError::Failed)
    })
}

async fn carry_out(
    replacements: Vec<(&Broker, Inventory)>,
    dry_run: bool,
) -> Result<InventoryAnswer, ReplaceError> {
    let pools =
        if dry_run { preview(replacements).await } else { replace_all(replacements).await? };
    let answer = InventoryAnswer { dry_run, pools };
    if !dry_run {
        log(&answer);
    }
    Ok(answer)
}

async fn replace_all(replacements: Vec<(&Broker, Inventory)>) -> Result<Vec<PoolChange>, Refusal> {
    let mut changes = Vec::new();
    let mut done: Vec<(&Broker, Arc<Inventory>)> = Vec::new();
    for (broker, inventory) in replacements {
        let before = Arc::clone(&broker.snapshot().await.inventory);
        match broker.replace_inventory(inventory).await {
            Ok((revision, change)) => {
                changes.push(PoolChange { name: broker.pool().clone(), revision, change });
                done.push((broker, before));
            }
            Err(refusal) => {
                undo(done).await;
                return Err(refusal);
            }
        }
    }
    Ok(changes)
}

/// Undoes the replacements before the one that failed.
async fn undo(done: Vec<(&Broker, Arc<Inventory>)>) {
    for (broker, before) in done {
        if let Err(error) = broker.replace_inventory(before.as_ref().clone()).await {
            tracing::error!(pool = broker.pool().as_str(), %error, "failed to put the old inventory back");
        }
    }
}

/// Writes to the log what a replacement has changed.
fn log(answer: &InventoryAnswer) {
    for PoolChange { name, revision, change } in &answer.pools {
        tracing::info!(
            pool = name.as_str(),
            revision,
            added = names(&change.added),
            removed = names(&change.removed),
            changed = names(&change.changed),
            retired = names(&change.retired),
            rules = change.rules,
            "inventory replaced"
        );
    }
}

/// The names for the log, which is spared the last of very many.
fn names(names: &[Name]) -> String {
    let mut text = names.iter().take(NAMES_IN_LOG).map(Name::as_str).collect::<Vec<_>>().join(" ");
    if names.len() > NAMES_IN_LOG {
        text.push_str(&format!(" and {} more", names.len() - NAMES_IN_LOG));
    }
    text
}

#[cfg(test)]
mod tests {
    use respo::{Request, Selector};

    use super::*;

    fn document(pools: &[(&str, &[&str])]) -> InventoryDocument {
        let pools = pools.iter().map(|(pool, names)| {
            let resources = names.iter().map(|name| respo::Resource::new(Name::new(name).unwrap()));
            (Label::new(pool).unwrap(), Inventory::new(resources).unwrap())
        });
        InventoryDocument::new(pools.collect())
    }

    async fn running(document: InventoryDocument) -> Pools {
        let mut brokers = Vec::new();
        for (pool, inventory) in document.pools {
            brokers.push(Broker::builder(pool, inventory).start().await.unwrap());
        }
        Pools::new(brokers)
    }

    #[tokio::test]
    async fn a_document_with_other_pools_changes_nothing_and_is_told_which_there_are() {
        let before = document(&[("a", &["a1"]), ("b", &["b1"])]);
        let inventories = Arc::new(Inventories::new(running(before.clone()).await));
        let other = document(&[("a", &["a2"]), ("c", &["c1"])]);
        let error = inventories.replace(other, false).await.unwrap_err();
        let ReplaceError::Invalid(InventoryProblems(problems)) = error else { panic!("{error}") };
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert_eq!(problems[0].path, "pools[1].name");
        assert!(problems[0].remedy.contains("\"a\", \"b\""), "{problems:?}");
        assert!(problems[1].problem.contains("\"b\" is missing"), "{problems:?}");
        assert_eq!(inventories.current().await, before);
    }

    #[tokio::test]
    async fn a_dry_run_says_what_the_replacement_will_change_and_changes_nothing() {
        let before = document(&[("a", &["a1", "a2"]), ("b", &["b1"])]);
        let after = document(&[("b", &["b1"]), ("a", &["a3"])]);
        let pools = running(before.clone()).await;
        let session = pools.select(Some("a")).unwrap().session();
        let selector = Selector::named(Name::new("a1").unwrap());
        let _lease = session.acquire(Request::one(selector)).await.unwrap();

        let inventories = Arc::new(Inventories::new(pools));
        let would = inventories.replace(after.clone(), true).await.unwrap();
        assert_eq!(inventories.current().await, before);
        let did = inventories.replace(after, false).await.unwrap();
        let changes = |answer: &InventoryAnswer| -> Vec<InventoryChange> {
            answer.pools.iter().map(|pool| pool.change.clone()).collect()
        };
        assert_eq!(changes(&would), changes(&did));
        assert_eq!(did.pools[0].change.retired, [Name::new("a1").unwrap()]);
        assert_eq!(did.pools[0].change.removed, [Name::new("a2").unwrap()]);
        assert!(did.pools[1].change.is_empty());
        assert_eq!(inventories.current().await.pools[0].1.len(), 1);
    }
}
