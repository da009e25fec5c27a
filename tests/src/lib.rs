//! What the black-box tests are made of: the real binaries, run as a user runs them, and clients that
//! can do to a connection what real clients do to it, the unpleasant things included.
//!
//! Everything here waits for conditions, never for time to pass, and panics with a description of
//! what it saw when a condition does not come true within [`DEADLINE`].

// This crate is test code through and through: a panic is how it reports.
#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod binaries;

pub mod connection;
pub mod crash;
pub mod daemon;
pub mod deadline;
pub mod file_limit;
pub mod fuzzing;
pub mod http2;
pub mod inventories;
mod json_requests;
pub mod lock_stream;
pub mod namespace;
mod notices;
pub mod openapi;
pub mod program;
pub mod protocol_page;
pub mod random_histories;
pub mod relay;
pub mod rentabot;
pub mod reply;
pub mod scenario;
pub mod settings;
pub mod simulation;
pub mod skipped;
pub mod specification;
pub mod strace;
pub mod surfaces;
pub mod token_leases;
pub mod web_socket;

pub use connection::Connection;
pub use daemon::Daemon;
pub use deadline::{DEADLINE, eventually, within};
pub use file_limit::open_files;
pub use json_requests::leased_names;
pub use lock_stream::LockStream;
pub use program::{Finished, Program, Running};
pub use relay::Relay;
pub use reply::Reply;
pub use settings::Settings;
pub use web_socket::WebSocket;
