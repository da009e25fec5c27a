//! How long respod takes to start with a store that has much in it.

use std::time::Instant;

use benches::stored;
use tempfile::TempDir;
use tokio::runtime::Builder;

use crate::client::{Answer, Client, Wanted};
use crate::failure::{Doing, Failure};
use crate::results::StartOutcome;
use crate::server::{Site, on_store};
use crate::subject::{Store, Subject, Surface};

/// What is in the store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stored {
    pub(crate) resources: usize,
    pub(crate) leases: usize,
    pub(crate) waiting: usize,
}

/// Fills a store, starts respod on it, and waits for the first grant.
pub(crate) fn measure(site: &Site, stored: Stored, run: usize) -> Result<StartOutcome, Failure> {
    let Stored { resources, leases, waiting } = stored;
    if leases >= resources {
        return Err(Failure::new(
            "there must be a resource that is not leased, for the first grant",
        ));
    }
    let directory = TempDir::with_prefix_in("load-", &site.directory);
    let directory = directory.doing(format!("make a directory in {}", site.directory.display()))?;
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(stored::fill(&directory.path().join("data"), resources, leases, waiting));
    let begun = Instant::now();
    let server = on_store(&site.respod, directory)?;
    let subject = Subject::Respod { store: Store::Sqlite, surface: Surface::Lock };
    let answer = runtime.block_on(async {
        let mut client = Client::open(subject, server.address, 0).await?;
        client.ask(Wanted::Own(resources - 1)).await
    })?;
    let seconds = begun.elapsed().as_secs_f64();
    match answer {
        Answer::Granted(_) => {
            let memory = server.process.memory()?;
            Ok(StartOutcome { resources, leases, waiting, run, seconds, memory })
        }
        Answer::Queued => Err(Failure::new("a free resource was not granted")),
    }
}
