//! Playing many histories, on several threads.

use std::fmt;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::checkers::Violation;
use super::figures::Figures;
use super::{Layer, Settings};

/// How many lines of a story are told when it goes wrong.
pub const LAST_LINES: usize = 60;

/// What came of many histories.
#[derive(Debug, Default)]
pub struct Report {
    /// How much happened.
    pub figures: Figures,
    /// The history with the smallest seed in which something went wrong.
    pub failure: Option<Failure>,
    /// How long it took.
    pub took: Duration,
}

/// A history in which something went wrong.
#[derive(Debug)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// Which layer was simulated.
    pub layer: Layer,
    /// What went wrong.
    pub violation: Violation,
    /// The last lines of its story.
    pub transcript: Vec<String>,
}

/// Plays the histories of these seeds until all are played or something goes wrong.
#[must_use]
pub fn run(layer: Layer, seeds: Range<u64>, jobs: NonZeroUsize, settings: &Settings) -> Report {
    let started = Instant::now();
    let next = AtomicU64::new(seeds.start);
    let report = Mutex::new(Report::default());
    std::thread::scope(|scope| {
        for _ in 0..jobs.get() {
            scope.spawn(|| work(layer, &next, seeds.end, settings, &report));
        }
    });
    let mut report = report.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(failure) = &mut report.failure {
        // The same history again, this time written down.
        let settings = Settings { transcript: LAST_LINES, ..settings.clone() };
        failure.transcript = layer.play(failure.seed, &settings).transcript;
    }
    report.took = started.elapsed();
    report
}

fn work(layer: Layer, next: &AtomicU64, end: u64, settings: &Settings, report: &Mutex<Report>) {
    let mut figures = Figures::default();
    let mut failed = None;
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            break;
        }
        let outcome = layer.play(seed, settings);
        figures.add(&outcome.figures);
        if let Some(violation) = outcome.violation {
            failed = Some(Failure { seed, layer, violation, transcript: Vec::new() });
            next.store(end, Ordering::Relaxed);
            break;
        }
    }
    let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
    report.figures.add(&figures);
    let is_first =
        |failure: &Failure| report.failure.as_ref().is_none_or(|f| failure.seed < f.seed);
    if failed.as_ref().is_some_and(is_first) {
        report.failure = failed;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(failure) = &self.failure {
            writeln!(f, "{failure}")?;
        }
        let seconds = self.took.as_secs_f64();
        let rate = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
        let Figures { histories, commands, .. } = self.figures;
        write!(f, "{}", self.figures)?;
        write!(
            f,
            "{seconds:.1} s, {:.0} histories and {:.0} commands per second",
            rate(histories),
            rate(commands)
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the last steps of seed {}:", self.seed)?;
        for line in &self.transcript {
            writeln!(f, "  {line}")?;
        }
        writeln!(f, "{}", self.violation)?;
        write!(
            f,
            "replay it with: cargo run --release -p tests --bin simulate -- --layer {} --seed {}",
            self.layer.name(),
            self.seed
        )
    }
}
