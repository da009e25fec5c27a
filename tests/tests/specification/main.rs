//! Small stories, one or more for each rule, that show what the specification says.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod assignment;
mod comings_and_goings;
mod figures;
mod keys;
mod limits;
mod matching;
mod once;
mod order;
mod passing_on;
mod possible;
mod promises;
mod stacks;
mod story;
mod terms;
