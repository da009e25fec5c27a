//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::server::Bare;
use crate::subject::Subject;
use crate::work::Work;

const AFTER_HELP: &str = "\
Everything runs on this machine, on the loopback, and ends by itself. SUBJECT is one of respod-sqlite/lock,
respod-sqlite/ws, respod-sqlite/v1, the same with respod-memory, redis-never, redis-always (these two need
Debian's redis-server: apt-get install --no-install-recommends redis-server), echo and warp.";

/// Measures how fast respod is, beside what else people would use.
#[derive(Debug, Parser)]
#[command(name = "load", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) task: Task,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Task {
    /// Run one load against one server, and print the figures as JSON
    Run {
        #[arg(long, value_name = "WORK")]
        work: Work,
        #[arg(long, value_name = "SUBJECT")]
        subject: Subject,
        #[arg(long, value_name = "COUNT", default_value_t = 64, value_parser = count(100_000))]
        clients: u32,
        /// With w5-waiting over a WebSocket: how many requests of each client wait
        #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = count(1_000))]
        requests: u32,
        /// How many resources there are, if not as many as the work needs
        #[arg(long, value_name = "COUNT", value_parser = count(100_000))]
        resources: Option<u32>,
        #[command(flatten)]
        duration: Length,
        #[command(flatten)]
        place: Place,
    },
    /// Measure lists that are read while 16 clients lease, and print the figures as JSON
    Lists {
        #[arg(long, value_name = "SUBJECT", default_value = "respod-sqlite/ws")]
        subject: Subject,
        #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = count(100_000))]
        resources: u32,
        #[command(flatten)]
        duration: Length,
        #[command(flatten)]
        place: Place,
    },
    /// Measure a start with a store that has much in it, and print the figures as JSON
    Start {
        #[arg(long, value_name = "COUNT", default_value_t = 100_000, value_parser = count(100_000))]
        resources: u32,
        #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = count(100_000))]
        leases: u32,
        #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = count(100_000))]
        waiting: u32,
        #[command(flatten)]
        place: Place,
    },
    /// Measure everything, and print the table
    Table {
        #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = count(20))]
        runs: u32,
        /// Only these works
        #[arg(long, value_name = "WORK", value_delimiter = ',')]
        only: Vec<Work>,
        /// Keep the results, and rewrite the page and the plots in docs/
        #[arg(long)]
        write: bool,
        #[command(flatten)]
        duration: Length,
        #[command(flatten)]
        place: Place,
    },
    /// Rewrite the page and the plots in docs/ from the results that were kept, and from what criterion has measured
    Page,
    /// Serve what the bare transports are measured with, until killed
    #[command(hide = true)]
    Serve { bare: Bare },
}

/// How long, and with how much.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Length {
    /// How long each load is measured, after half a second of warming up
    #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = count(600))]
    pub(crate) seconds: u32,
    /// How many threads the clients share
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = count(64))]
    pub(crate) threads: u32,
}

/// Where things are.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// The respod to measure; without it, that of this workspace is built, in the profile of this program
    #[arg(long, value_name = "FILE")]
    pub(crate) respod: Option<PathBuf>,
    /// Where servers keep their data, on the disk that is measured; target/ without it
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) directory: Option<PathBuf>,
}

impl Length {
    pub(crate) fn measured(self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }
}

fn count(most: i64) -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=most)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
