//! What a store gives back from the files that it finds.

use std::collections::BTreeMap;
use std::path::Path;

use respo::{EndReason, Fence, InventoryStore, Label, RequestId, Revision, State, TokenDigest};
use respo_sqlite::history::{self, HistoryEntry, HistoryFilter};
use respo_sqlite::{SqliteStore, StoreOptions};

use super::simulated_disk::Image;

/// Everything that a store has.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Kept {
    pub(crate) pools: BTreeMap<Label, State>,
    pub(crate) revisions: BTreeMap<Label, Vec<Revision>>,
    pub(crate) history: Vec<HistoryEntry>,
}

impl Kept {
    /// Opens the image in a directory of its own, as respod does when it starts, and reads everything.
    ///
    /// # Errors
    /// If it does not open, or `respod db check` finds something.
    pub(crate) async fn of(image: &Image, directory: &Path) -> Result<Self, String> {
        std::fs::create_dir(directory).expect("a directory for the image");
        for (name, content) in image {
            std::fs::write(directory.join(name), content).expect("the image is written");
        }
        let kept = Self::read(directory).await?;
        let problems = match respo_sqlite::check(directory) {
            Ok(report) => report.problems,
            Err(error) => vec![error.to_string()],
        };
        if problems.is_empty() { Ok(kept) } else { Err(problems.join("; ")) }
    }

    async fn read(directory: &Path) -> Result<Self, String> {
        let mut kept = Self::default();
        let store = SqliteStore::open(directory, StoreOptions::default());
        let store = store.map_err(|error| error.to_string())?;
        for pool in store.pools().await.map_err(|error| error.to_string())? {
            let recovered = store.recover(&pool).await.map_err(|error| error.to_string())?;
            let revisions = store.revisions(&pool).await.map_err(|error| error.to_string())?;
            kept.pools.extend(recovered.map(|recovered| (pool.clone(), recovered.state)));
            kept.revisions.insert(pool, revisions);
        }
        let add = |entry| {
            kept.history.push(entry);
            Ok::<(), String>(())
        };
        history::read(directory, &HistoryFilter::default(), add)
            .map_err(|error| error.to_string())?;
        Ok(kept)
    }

    /// Whether a request is there, or has been.
    pub(super) fn has(
        &self,
        pool: &Label,
        id: RequestId,
        fence: Option<Fence>,
        token: Option<TokenDigest>,
    ) -> Result<(), String> {
        if let Some(entry) = self.entry(pool, id) {
            return if fence.is_none() || entry.fence == fence {
                Ok(())
            } else {
                Err(format!("{entry:?}"))
            };
        }
        let request = self.pools.get(pool).and_then(|state| state.requests.get(&id));
        let request = request.ok_or("nothing of it")?;
        let found = request.grant.as_ref().map(|grant| grant.fence);
        let is_good =
            (fence.is_none() || found == fence) && token.is_none_or(|token| request.token == token);
        if is_good { Ok(()) } else { Err(format!("{request:?}")) }
    }

    pub(super) fn has_ended(
        &self,
        pool: &Label,
        id: RequestId,
        reason: Option<EndReason>,
    ) -> Result<(), String> {
        if self.pools.get(pool).is_some_and(|state| state.requests.contains_key(&id)) {
            return Err("it still".to_owned());
        }
        let entry = self.entry(pool, id).ok_or("no history of it")?;
        if reason.is_none_or(|reason| reason.code() == entry.reason) {
            Ok(())
        } else {
            Err(format!("{entry:?}"))
        }
    }

    fn entry(&self, pool: &Label, id: RequestId) -> Option<&HistoryEntry> {
        self.history.iter().find(|entry| entry.pool == pool.as_str() && entry.id == id)
    }
}
