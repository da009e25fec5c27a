//! What was measured, as JSON.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::failure::{Doing, Failure};
use crate::machine::Machine;
use crate::subject::Subject;
use crate::tally::Latency;
use crate::work::Work;

/// Everything that one command measured.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Results {
    pub(crate) machine: Machine,
    /// The command line.
    pub(crate) command: String,
    pub(crate) loads: Vec<Outcome>,
    #[serde(default)]
    pub(crate) lists: Vec<ListsOutcome>,
    #[serde(default)]
    pub(crate) starts: Vec<StartOutcome>,
    /// How long the disk takes to synchronise one record, in microseconds, for each run.
    #[serde(default)]
    pub(crate) disk_commits: Vec<f64>,
}

/// What came of one load.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) subject: Subject,
    pub(crate) work: Work,
    pub(crate) clients: usize,
    /// Requests of each client, where it only waits.
    pub(crate) requests: usize,
    pub(crate) resources: usize,
    /// Which of several runs, from 0. Ratios are of the same run.
    pub(crate) run: usize,
    pub(crate) figures: Figures,
}

/// The figures of a load.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// What [`Work`] says is counted.
    pub(crate) count: u64,
    pub(crate) seconds: f64,
    pub(crate) per_second: f64,
    /// How long each took, in microseconds.
    pub(crate) latency: Option<Latency>,
    /// How many cores the server used, and how many the clients.
    pub(crate) server_cores: f64,
    pub(crate) generator_cores: f64,
    /// What the server had resident before the clients came, and at the end, in bytes.
    pub(crate) memory_before: u64,
    pub(crate) memory: u64,
}

/// Lists that were read while resources were leased.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ListsOutcome {
    pub(crate) subject: Subject,
    pub(crate) resources: usize,
    pub(crate) clients: usize,
    pub(crate) run: usize,
    /// Cycles a second without anybody who reads lists, and with.
    pub(crate) alone: f64,
    pub(crate) beside: f64,
    /// How long a list took, by its path.
    pub(crate) lists: Vec<(String, Latency)>,
}

/// A start with a store that has much in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StartOutcome {
    pub(crate) resources: usize,
    pub(crate) leases: usize,
    pub(crate) waiting: usize,
    pub(crate) run: usize,
    /// From the start of the process to its first grant, in seconds.
    pub(crate) seconds: f64,
    /// What it has resident then, in bytes.
    pub(crate) memory: u64,
}

impl Outcome {
    /// How much memory a client costs the server, in bytes.
    pub(crate) fn memory_per_client(&self) -> f64 {
        let grown = self.figures.memory.saturating_sub(self.figures.memory_before);
        grown as f64 / self.clients as f64
    }
}

impl Results {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let what = format!("read {}", path.display());
        serde_json::from_slice(&fs::read(path).doing(&what)?).doing(&what)
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let what = format!("write {}", path.display());
        let mut json = serde_json::to_string_pretty(self).doing(&what)?;
        json.push('\n');
        fs::write(path, json).doing(&what)
    }
}
