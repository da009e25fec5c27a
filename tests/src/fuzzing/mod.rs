//! Fuzz targets: what must be true of the parsers and of the engine, whatever bytes they are given.
//!
//! A target is an ordinary function, which panics when it has found something. Two things drive it: libFuzzer,
//! which looks for bytes that lead to code not yet reached (`tests/fuzz/run`), and proptest, which changes good
//! inputs at random and is part of the test run (`tests/tests/fuzzing`).

pub mod commands;
pub mod condition;
pub mod inventory;
mod pool;
pub mod request;
pub mod requirement;
pub mod selector;

use std::borrow::Cow;
use std::time::{Duration, Instant};

/// The longest that any input may take. It is far beyond what is needed, also without optimization and on a
/// machine that has other things to do, and far below what anything exponential would take.
pub const MOST_TIME: Duration = Duration::from_secs(20);

/// A target and its name, which its folders of inputs have, too.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What it is called.
    pub name: &'static str,
    run: fn(&[u8]) -> bool,
}

/// The query strings of `POST /lock`, and selectors in the same form.
pub const SELECTOR: Target = Target { name: "selector", run: selector::target };
/// Requirements in their text form.
pub const REQUIREMENT: Target = Target { name: "requirement", run: requirement::target };
/// Requests as JSON.
pub const REQUEST: Target = Target { name: "request", run: request::target };
/// Inventories as YAML.
pub const INVENTORY: Target = Target { name: "inventory", run: inventory::target };
/// Conditions, and what they say of some resources.
pub const CONDITION: Target = Target { name: "condition", run: condition::target };
/// Sequences of commands to an engine.
pub const COMMANDS: Target = Target { name: "commands", run: commands::target };

impl Target {
    /// Tries an input, and says whether it was taken rather than refused.
    ///
    /// # Panics
    /// If something is not as it must be, or takes longer than [`MOST_TIME`].
    pub fn try_on(&self, input: &[u8]) -> bool {
        let started = Instant::now();
        let is_taken = (self.run)(input);
        let took = started.elapsed();
        assert!(took < MOST_TIME, "{} took {took:?} for an input", self.name);
        is_taken
    }
}

/// Makes ready for libFuzzer, whose own hook ends the process at any panic. What the engine catches is no
/// finding; what is not caught is still one.
pub fn prepare() {
    drop(std::panic::take_hook());
}

/// What the bytes say, for parsers of text. What is not UTF-8 is replaced, so that changes within a character
/// are not wasted.
fn text(input: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(input)
}

/// Whether a message has in it what does not belong on a terminal.
fn has_hidden(message: &str) -> bool {
    message.contains(|c: char| c.is_control() && c != '\n')
}
