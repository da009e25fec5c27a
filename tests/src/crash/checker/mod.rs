//! Judges a history, from what the clients saw alone.
//!
//! Every rule counts only what is certain. What a client was told happened before it was told; what it
//! sent took effect after it was sent, if at all; what nobody was told may or may not have happened. So a
//! violation is one for sure, whatever the delays were.

mod answers;
mod ended_for_good;
mod exclusion;
mod fences;
mod identities;
mod kept;
mod liveness;
mod lives;
mod order;
mod server_runs;

use std::collections::BTreeMap;
use std::fmt;

use crate::crash::checker::lives::{Life, follow};
use crate::crash::checker::server_runs::ServerRuns;
use crate::crash::history::History;

/// What a history must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Property {
    /// The history makes sense: nobody is told of what it has not asked for.
    WellFormed,
    /// No two clients hold one resource at once, by time and by fence.
    Exclusion,
    /// Fences only rise.
    Fences,
    /// One id is one request, with one lease, one fence and one resource, for ever.
    Identities,
    /// What a client was told of is there until the client ends it or its time has run out.
    Kept,
    /// What has ended stays ended.
    EndedForGood,
    /// Nobody who waits is overtaken.
    Order,
    /// Every answer is one that the protocol has for it.
    Answers,
    /// The server stays up by itself, and in the end nothing is left.
    Liveness,
}

/// Something that must not happen, and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// What is violated.
    pub property: Property,
    /// By whom and when.
    pub explanation: String,
}

impl Violation {
    fn of(property: Property, explanation: impl Into<String>) -> Self {
        Self { property, explanation: explanation.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.property, self.explanation)
    }
}

/// What the rules look at.
#[derive(Debug)]
struct Evidence<'h> {
    history: &'h History,
    runs: ServerRuns,
    lives: Vec<Life<'h>>,
}

/// Finds every violation in a history. A good one has none.
#[must_use]
pub fn check(history: &History) -> Vec<Violation> {
    let runs = ServerRuns::of(history);
    let (lives, malformed) = follow(history);
    let evidence = Evidence { history, runs, lives };
    let rules = [
        exclusion::check,
        fences::check,
        identities::check,
        kept::check,
        ended_for_good::check,
        order::check,
        answers::check,
        liveness::check,
    ];
    malformed.into_iter().chain(rules.iter().flat_map(|rule| rule(&evidence))).collect()
}

/// Writes the violations for a person: how many there are of each property, and the first ten of them.
///
/// # Errors
/// The writer's.
pub fn list(violations: &[Violation], to: &mut impl fmt::Write) -> fmt::Result {
    const LISTED: usize = 10;
    writeln!(to, "{} violations", violations.len())?;
    let mut properties: BTreeMap<Property, Vec<&str>> = BTreeMap::new();
    for Violation { property, explanation } in violations {
        properties.entry(*property).or_default().push(explanation);
    }
    for (property, explanations) in properties {
        writeln!(to, "{property:?}: {}", explanations.len())?;
        for explanation in explanations.iter().take(LISTED) {
            writeln!(to, "- {explanation}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
