//! The command line: a file for each kind of commands.

mod command;
mod common;
mod inventory;
mod lease;
mod lock;
mod request;

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches, Parser};

pub(crate) use command::Command;
pub(crate) use common::{CommonArguments, is_same_url};
pub(crate) use inventory::InventoryCommand;
pub(crate) use lease::{
    AcquireArguments, AllowArguments, CancelArguments, DisallowArguments, ExtendArguments,
    ReleaseArguments, RenewArguments, TransferArguments,
};
pub(crate) use lock::LockArguments;
pub(crate) use request::RequestArguments;

use crate::exit_code;
use crate::help::EXAMPLES;

/// Leases shared resources, such as test benches, from a respod.
#[derive(Debug, Parser)]
#[command(
    name = "rpclient",
    version,
    max_term_width = 100,
    after_help = EXAMPLES,
    after_long_help = format!("{EXAMPLES}\n{}", exit_code::help()),
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) common: CommonArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// What this process was called with. Ends it where that cannot be understood, or asks for help.
    pub(crate) fn read() -> Self {
        Self::of(std::env::args_os()).unwrap_or_else(|error| error.exit())
    }

    fn of(
        words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    ) -> clap::error::Result<Self> {
        let matches = Self::command().try_get_matches_from(words)?;
        let mut arguments = Self::from_arg_matches(&matches)?;
        arguments.common.note_flags(&matches);
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
