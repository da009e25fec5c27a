//! A deterministic simulator: whole histories of a pool, faults included, from a seed alone.
//!
//! There are two layers. [`Layer::Engine`] plays histories of the engine by itself, with a simulated network,
//! store and server around it, fast enough for millions. [`Layer::Broker`] plays the real broker on tokio's
//! paused clock over a simulated store. What must hold is in [`checkers`], each rule in a file of its own, and
//! [`bug`] has the faults that show that the checkers find something.
//!
//! A history has two parts: first everything goes wrong that can, then the faults stop, and everything must
//! drain.

pub mod broker;
pub mod bug;
pub mod checkers;
pub mod engine;
pub mod figures;
pub mod kinds;
mod observer;
pub mod plan;
mod pool;
pub mod run;
pub mod specification;
mod store;
mod transcript;
mod wishes;

use bug::Bug;
use checkers::{Property, Violation};
use figures::Figures;
use kinds::Kinds;

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Layer {
    /// The engine, with everything around it simulated.
    Engine,
    /// The broker, with clients and the store simulated.
    Broker,
}

/// How histories are played.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What is generated.
    pub kinds: Kinds,
    /// A planted bug.
    pub bug: Option<Bug>,
    /// The one property to check, instead of all.
    pub only: Option<Property>,
    /// How many lines of the transcript are kept. Keeping none is much faster.
    pub transcript: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { kinds: Kinds::CURRENT, bug: None, only: None, transcript: 0 }
    }
}

/// What came of one history.
#[derive(Debug)]
pub struct Outcome {
    /// The first thing that went wrong.
    pub violation: Option<Violation>,
    /// How much happened.
    pub figures: Figures,
    /// The last lines of the story, if they were to be kept.
    pub transcript: Vec<String>,
}

impl Layer {
    /// Plays the history of this seed.
    #[must_use]
    pub fn play(self, seed: u64, settings: &Settings) -> Outcome {
        match self {
            Self::Engine => engine::play(seed, settings),
            Self::Broker => broker::play(seed, settings),
        }
    }

    /// As the command line has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Engine => "engine",
            Self::Broker => "broker",
        }
    }
}
