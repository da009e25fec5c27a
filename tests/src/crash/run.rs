//! One run of the crash test, from the first start of the server to the verdict.

use std::fmt;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use respo::wire::{Overview, ResourceState};
use tempfile::TempDir;
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;

use crate::crash::checker::{self, Violation};
use crate::crash::client::Client;
use crate::crash::exchange::Exchange;
use crate::crash::figures::Figures;
use crate::crash::history::{Event, History};
use crate::crash::killer::Killer;
use crate::crash::pace::{self, Pace};
use crate::crash::port::ReservedPort;
use crate::crash::recorder::Recorder;
use crate::crash::server::Server;
use crate::crash::workload;

/// How long anything may take, once the kills have stopped, before it is said to hang.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What a run does.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The respod to run.
    pub respod: PathBuf,
    /// From which all choices follow.
    pub seed: u64,
    /// How often the server is killed.
    pub kills: u32,
    /// How many clients work with it.
    pub clients: u32,
    /// How long a server waits for each client after its start.
    pub grace: Duration,
}

impl Settings {
    /// A run of this respod with what is usual for the rest.
    #[must_use]
    pub fn new(respod: PathBuf, seed: u64, kills: u32) -> Self {
        Self { respod, seed, kills, clients: 14, grace: Duration::from_secs(1) }
    }
}

/// What came out of a run.
#[derive(Debug)]
pub struct Outcome {
    /// What was done.
    pub settings: Settings,
    /// What happened.
    pub history: History,
    /// How much.
    pub figures: Figures,
    /// What should not have happened.
    pub violations: Vec<Violation>,
    /// Why the run did not come to its end, if it did not.
    pub problem: Option<String>,
    folder: TempDir,
}

impl Outcome {
    /// Whether the run came to its end and nothing speaks against it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.problem.is_none() && self.violations.is_empty()
    }

    /// Leaves the evidence behind: the folder that this returns has the history (`history.jsonl`),
    /// respod's log and its data.
    ///
    /// # Errors
    /// If the history cannot be written.
    pub fn keep(self) -> io::Result<PathBuf> {
        let folder = self.folder.keep();
        self.history.write(File::create(folder.join("history.jsonl"))?)?;
        Ok(folder)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { settings, figures, violations, problem, .. } = self;
        writeln!(f, "seed {}, {} clients", settings.seed, settings.clients)?;
        writeln!(f, "{figures}")?;
        if let Some(problem) = problem {
            writeln!(f, "the run did not come to its end: {problem}")?;
        }
        checker::list(violations, f)
    }
}

/// Makes a run.
///
/// # Errors
/// If it cannot even begin. What goes wrong later is part of the outcome.
pub async fn run(settings: Settings) -> io::Result<Outcome> {
    let folder = TempDir::with_prefix("respo-crash-")?;
    let port = ReservedPort::any()?;
    let recorder = Recorder::start();
    let grace_ms = u64::try_from(settings.grace.as_millis()).unwrap_or(u64::MAX);
    let Settings { seed, clients, grace, .. } = settings;
    recorder.record(Event::Began { seed, clients, grace_ms });
    let address = port.address();
    std::fs::write(folder.path().join("inventory.yaml"), workload::inventory())?;
    let mut server = Server::new(&settings.respod, folder.path(), address, grace, recorder.clone());
    let faults = Faults { settings: &settings, address, recorder: &recorder };
    let result = faults.inflict(&mut server).await;
    let problem = result.and(server.finish().await).err().map(|problem| problem.to_string());
    let history = recorder.history();
    let figures = Figures::of(&history);
    let violations = checker::check(&history);
    Ok(Outcome { settings, history, figures, violations, problem, folder })
}

/// What happens to a server and its clients.
struct Faults<'r> {
    settings: &'r Settings,
    address: SocketAddr,
    recorder: &'r Recorder,
}

impl Faults<'_> {
    /// Kills and starts, and then lets everything drain.
    async fn inflict(&self, server: &mut Server) -> io::Result<()> {
        let (sender, reader) = pace::pace();
        let mut clients = JoinSet::new();
        for number in 1..=self.settings.clients {
            let Settings { seed, .. } = *self.settings;
            let (address, recorder) = (self.address, self.recorder.clone());
            let pace = reader.clone();
            clients.spawn(Client { number, seed, address, recorder, pace }.run());
        }
        let killer = Killer::new(self.settings.seed, self.settings.grace, &sender);
        tokio::select! {
            result = killer.run(server, self.settings.kills) => result?,
            Some(client) = clients.join_next() => {
                client.map_err(panicked)?;
                return Err(io::Error::other("a client left before it was told to"));
            }
        }
        sender.send_replace(Pace::Over);
        // The overview is of most interest where the clients have not come to their ends.
        let left = timeout(PATIENCE, all(&mut clients)).await;
        clients.abort_all();
        self.look_at_the_rest().await?;
        left.unwrap_or_else(|_| Err(io::Error::other(format!("clients hang after {PATIENCE:?}"))))
    }

    /// Looks at the overview until nothing is left, or for as long as that may take.
    async fn look_at_the_rest(&self) -> io::Result<()> {
        let begin = tokio::time::Instant::now();
        let mut looks = tokio::time::interval(Duration::from_millis(15));
        loop {
            looks.tick().await;
            let (not_free, waiting) = rest(&overview(self.address).await?);
            let nothing = not_free.is_empty() && waiting.is_empty();
            if nothing || begin.elapsed() > PATIENCE {
                self.recorder.record(Event::Left { not_free, waiting });
                return Ok(());
            }
        }
    }
}

async fn all(clients: &mut JoinSet<()>) -> io::Result<()> {
    while let Some(client) = clients.join_next().await {
        client.map_err(panicked)?;
    }
    Ok(())
}

fn panicked(error: JoinError) -> io::Error {
    io::Error::other(format!("a client did not expect what it was told: {error}"))
}

async fn overview(address: SocketAddr) -> io::Result<Overview> {
    let mut exchange = Exchange::open(address).await?;
    exchange.ask("GET", "/", "Accept: application/json\r\n").await?;
    serde_json::from_slice(&exchange.rest().await?).map_err(io::Error::other)
}

/// What is not free, and who waits.
fn rest(overview: &Overview) -> (Vec<String>, Vec<u64>) {
    let resources = overview.pools.iter().flat_map(|pool| &pool.resources);
    let not_free = resources.filter(|resource| resource.state != ResourceState::Free).map(|it| {
        let holder = it.lease.as_ref().and_then(|lease| lease.holder.as_ref());
        let holder = holder.map(ToString::to_string).unwrap_or_default();
        format!("{} ({}, {holder})", it.name, it.state.code())
    });
    let waiting = overview.pools.iter().flat_map(|pool| &pool.waiting).map(|it| it.id.0);
    (not_free.collect(), waiting.collect())
}
