//! What the store does beyond the conformance suite: what its tables say, what it forgets, and how it counts
//! the time.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod group_commit;
mod history;
mod migration;
mod passing_time;
mod records;
mod revisions;
mod spent_keys;
