//! What the library and the command make of what a server says and does.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod coming_back;
mod fake_respod;
#[cfg(feature = "cli")]
mod file_commands;
mod leases;
#[cfg(feature = "cli")]
mod list_command;
#[cfg(feature = "cli")]
mod lock_command;
mod release;
mod requests;
mod sharing;
mod sockets;
mod surface;
mod token_leases;
