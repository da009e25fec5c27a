//! The command line.

mod durations;
mod tools;

use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use respo::{HumanDuration, Limits};
use tracing_subscriber::EnvFilter;

use durations::{Retention, heartbeat, positive};
pub(crate) use tools::{DbCommand, HistoryCommand, HistoryExport, HistoryFormat, Tool};

const AFTER_HELP: &str = "\
Durations are seconds (90) or units (500ms, 30s, 10m, 1h30m, 2d).

Signals:
  SIGTERM, SIGINT  stop: take no more connections and tell every client. Leases and the queue are
                   kept for the next start; with --store memory they end, within --drain-timeout.
                   A second one ends respod at once
  SIGHUP           read the inventory file again; one with mistakes is refused, and the old one stays

Exit codes:
  0  ended in good order, or what was checked is good
  1  the inventory cannot be read or has mistakes, or the checked database has
  2  wrong usage
  3  cannot start, for instance because the address or the data directory is taken, or a tool failed
  4  ended by a second signal";

/// Leases the resources of an inventory to one client at a time, over HTTP.
#[derive(Debug, Parser)]
#[command(
    name = "respod",
    version,
    after_help = AFTER_HELP,
    max_term_width = 100,
    args_conflicts_with_subcommands = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) tool: Option<Tool>,

    /// The inventory to serve (YAML), and what SIGHUP reads. A store that has an inventory keeps its
    /// own: this one is put in force by SIGHUP, or `rpclient inventory push`
    #[arg(long, value_name = "FILE", env = "RESPOD_INVENTORY")]
    pub(crate) inventory: Option<PathBuf>,

    /// Where leases, the queue, the inventory and the history are kept
    #[arg(long, value_name = "STORE", env = "RESPOD_STORE", default_value = "sqlite")]
    pub(crate) store: StoreKind,

    /// The directory of the SQLite database; it is made if there is none
    #[arg(
        long,
        value_name = "DIRECTORY",
        env = tools::DATA_DIR_VARIABLE,
        default_value = tools::DATA_DIR
    )]
    pub(crate) data_dir: PathBuf,

    /// How long clients have to come back after a start, before what they hold or wait for ends
    #[arg(
        long,
        value_name = "DURATION",
        env = "RESPOD_GRACE",
        default_value_t = HumanDuration(Limits::default().grace)
    )]
    pub(crate) grace: HumanDuration,

    /// How long the history of what has ended is kept: a duration, or `forever`
    #[arg(long, value_name = "DURATION", env = "RESPOD_KEEP_HISTORY", default_value = "366d")]
    pub(crate) keep_history: Retention,

    /// How many revisions of a pool's inventory are kept, the one in force included
    #[arg(
        long,
        value_name = "COUNT",
        env = "RESPOD_KEEP_REVISIONS",
        default_value_t = 100,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub(crate) keep_revisions: u32,

    /// The address to listen on, unless systemd passes a socket; port 0 takes any free one. The address
    /// in use is the first line on stdout: `listening on http://…`
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "RESPOD_LISTEN",
        default_value = "127.0.0.1:7373",
        value_parser = host_and_port
    )]
    pub(crate) listen: String,

    /// Check an inventory (`-` is stdin), print every mistake, and exit
    #[arg(
        long,
        value_name = "FILE",
        env = "RESPOD_VALIDATE_SCHEMA",
        conflicts_with = "print_schema"
    )]
    pub(crate) validate_schema: Option<PathBuf>,

    /// Print the JSON Schema of inventories, and exit
    #[arg(long, env = "RESPOD_PRINT_SCHEMA")]
    pub(crate) print_schema: bool,

    /// Reading and replacing the inventory over HTTP needs the token in this file
    #[arg(long, value_name = "FILE", env = "RESPOD_ADMIN_TOKEN_FILE")]
    pub(crate) admin_token_file: Option<PathBuf>,

    /// The most requests that wait in a pool
    #[arg(
        long,
        value_name = "COUNT",
        env = "RESPOD_MAX_WAITING",
        default_value_t = Limits::default().max_waiting
    )]
    pub(crate) max_waiting: usize,

    /// The longest that a lease may last, also where its request does not say
    #[arg(long, value_name = "DURATION", env = "RESPOD_MAX_DURATION", value_parser = positive)]
    pub(crate) max_duration: Option<HumanDuration>,

    /// The longest that a request may ask to outlive its connection
    #[arg(
        long,
        value_name = "DURATION",
        env = "RESPOD_MAX_LINGER",
        default_value_t = HumanDuration(Limits::default().max_linger)
    )]
    pub(crate) max_linger: HumanDuration,

    /// The longest that a request may ask to live without being renewed
    #[arg(
        long,
        value_name = "DURATION",
        env = "RESPOD_MAX_TTL",
        default_value_t = HumanDuration(Limits::default().max_ttl)
    )]
    pub(crate) max_ttl: HumanDuration,

    /// The longest silence on a stream, and how often a WebSocket is pinged; at most 5s, which is what clients
    /// count on
    #[arg(
        long,
        value_name = "DURATION",
        env = "RESPOD_HEARTBEAT",
        default_value = "5s",
        value_parser = heartbeat
    )]
    pub(crate) heartbeat: HumanDuration,

    /// The most connections at a time; who comes next is answered 503
    #[arg(
        long,
        value_name = "COUNT",
        env = "RESPOD_MAX_CONNECTIONS",
        default_value_t = 10_000,
        value_parser = clap::value_parser!(u32).range(1..=1_000_000)
    )]
    pub(crate) max_connections: u32,

    /// The longest request body, in bytes
    #[arg(
        long,
        value_name = "BYTES",
        env = "RESPOD_MAX_BODY",
        default_value_t = 16 * 1024 * 1024
    )]
    pub(crate) max_body: u64,

    /// How long a request body may take to arrive
    #[arg(
        long,
        value_name = "DURATION",
        env = "RESPOD_BODY_TIMEOUT",
        default_value = "30s",
        value_parser = positive
    )]
    pub(crate) body_timeout: HumanDuration,

    /// How long the head of a request may take to arrive, and how long a connection may be idle
    #[arg(
        long,
        value_name = "DURATION",
        env = "RESPOD_HEADER_TIMEOUT",
        default_value = "30s",
        value_parser = positive
    )]
    pub(crate) header_timeout: HumanDuration,

    /// With --store memory: how long holders have to finish when respod is stopped
    #[arg(long, value_name = "DURATION", env = "RESPOD_DRAIN_TIMEOUT", default_value = "10s")]
    pub(crate) drain_timeout: HumanDuration,

    /// How to write the log, which goes to stderr
    #[arg(long, value_name = "FORMAT", env = "RESPOD_LOG_FORMAT", default_value = "human")]
    pub(crate) log_format: LogFormat,

    /// What to log: error, warn, info, debug, trace, or a filter such as `info,respo=debug`
    #[arg(
        long,
        value_name = "LEVEL",
        env = "RESPOD_LOG",
        default_value = "info",
        value_parser = log_filter
    )]
    pub(crate) log_level: String,
}

/// Where leases, the queue and the inventory are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StoreKind {
    /// In a database; they survive a restart.
    Sqlite,
    /// In memory; they end with respod.
    Memory,
}

/// How to write the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Human,
    /// A JSON object a line.
    Json,
}

/// What the host is shows only when it is looked up.
fn host_and_port(text: &str) -> Result<String, String> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => {
            Ok(text.to_owned())
        }
        _ => Err("write HOST:PORT, such as 127.0.0.1:7373".to_owned()),
    }
}

fn log_filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_flag_has_an_environment_variable() {
        let actions = ["help", "version"];
        let command = Arguments::command();
        for argument in command.get_arguments() {
            let name = argument.get_id().as_str();
            assert!(actions.contains(&name) || argument.get_env().is_some(), "{name} has none");
        }
    }
}
