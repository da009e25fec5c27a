//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use respo::{HumanDuration, Limits};
use tracing_subscriber::EnvFilter;

const AFTER_HELP: &str = "\
Durations are seconds (90) or units (500ms, 30s, 10m, 1h30m, 2d).

Signals:
  SIGTERM, SIGINT  stop: take no more connections, tell every client, end within --drain-timeout;
                   a second one ends respod at once
  SIGHUP           read the inventory file again; one with mistakes is refused, and the old one stays

Exit codes:
  0  ended in good order, or the validated inventory is good
  1  the inventory cannot be read or has mistakes
  2  wrong usage
  3  cannot start, for instance because the address is taken
  4  ended by a second signal";

/// Leases the resources of an inventory to one client at a time, over HTTP.
#[derive(Debug, Parser)]
#[command(name = "respod", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Arguments {
    /// The inventory to serve (YAML)
    #[arg(
        long,
        value_name = "FILE",
        env = "RESPOD_INVENTORY",
        required_unless_present_any = ["validate_schema", "print_schema"]
    )]
    pub(crate) inventory: Option<PathBuf>,

    /// The address to listen on; port 0 takes any free one. The address in use is the first line on
    /// stdout: `listening on http://…`
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

    /// The longest silence on a stream; at most 5s, which is what clients count on
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

    /// How long holders have to finish when respod is stopped
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

/// How to write the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Human,
    /// A JSON object a line.
    Json,
}

fn positive(text: &str) -> Result<HumanDuration, String> {
    let duration: HumanDuration = text.parse().map_err(|error| format!("{error}"))?;
    if duration.0.is_zero() { Err("it must be longer than zero".to_owned()) } else { Ok(duration) }
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

/// Clients take a server for gone after three times this long.
const LONGEST_HEARTBEAT: Duration = Duration::from_secs(5);

fn heartbeat(text: &str) -> Result<HumanDuration, String> {
    let heartbeat = positive(text)?;
    if heartbeat.0 > LONGEST_HEARTBEAT {
        return Err("it must be 5s at most: clients that hear nothing for 15s give up".to_owned());
    }
    Ok(heartbeat)
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
        for argument in Arguments::command().get_arguments() {
            let name = argument.get_id().as_str();
            assert!(actions.contains(&name) || argument.get_env().is_some(), "{name} has none");
        }
    }
}
