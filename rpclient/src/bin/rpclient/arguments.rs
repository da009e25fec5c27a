//! The command line.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use rpclient::respo::HumanDuration;
use rpclient::{Client, ClientBuilder, Label, Priority, Text, Token, Wait};

use crate::exit_code;
use crate::failure::Failure;
use crate::holder;
use crate::selection::SelectionArguments;

const EXAMPLES: &str = "\
Examples:
  rpclient status                                 what there is, who holds it, who waits
  rpclient lock bench-1 -- ./flash.sh image.bin   run something while holding bench-1
  rpclient lock location=office1 attributes=can   hold any such resource until Ctrl-C
  rpclient lock --entity jtag --entity arm64,can --wait 10m -- pytest
";

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

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct CommonArguments {
    /// The respod to talk to
    #[arg(
        long,
        global = true,
        env = "RESPO_URL",
        value_name = "URL",
        default_value = "http://127.0.0.1:7373",
        help_heading = "Common options"
    )]
    pub(crate) url: String,
    /// Who asks; others see it while they wait [default: USER@HOST]
    #[arg(
        long,
        global = true,
        env = "RESPO_NAME",
        value_name = "NAME",
        help_heading = "Common options"
    )]
    pub(crate) name: Option<Label>,
    /// The pool, where the respod serves several
    #[arg(
        long,
        global = true,
        env = "RESPO_POOL",
        value_name = "NAME",
        help_heading = "Common options"
    )]
    pub(crate) pool: Option<Label>,
    /// Print JSON instead of text
    #[arg(long, global = true, help_heading = "Common options")]
    pub(crate) json: bool,
    /// A file with the administrator's token, where the respod wants one for its inventory
    #[arg(
        long,
        global = true,
        env = "RESPO_ADMIN_TOKEN_FILE",
        value_name = "FILE",
        help_heading = "Common options"
    )]
    pub(crate) admin_token_file: Option<PathBuf>,
}

impl CommonArguments {
    /// The client that these arguments describe.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Ok(self.builder()?.build())
    }

    /// The same, with the administrator's token: read only where it is needed, so that an unreadable file
    /// keeps nobody from anything else.
    pub(crate) fn administrator(&self) -> Result<Client, Failure> {
        let mut builder = self.builder()?;
        if let Some(path) = &self.admin_token_file {
            let token = fs::read_to_string(path);
            let token = token.map_err(|error| Failure::file("read the token in", path, &error))?;
            builder = builder.admin_token(Token::presented(token.trim()));
        }
        Ok(builder.build())
    }

    fn builder(&self) -> Result<ClientBuilder, Failure> {
        let holder = self.name.clone().unwrap_or_else(holder::default);
        let mut builder = Client::builder(&self.url)?.holder(holder);
        if let Some(pool) = &self.pool {
            builder = builder.pool(pool.clone());
        }
        Ok(builder)
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lease one resource, and run a command while holding it
    #[command(after_long_help = format!("{LOCK_HELP}\n{}", exit_code::help()))]
    Lock(Box<LockArguments>),
    /// Show every resource: its state, its holder, who waits for it
    ///
    /// With --json: the overview as the respod gives it ("GET /" in docs/protocol.md).
    Status,
    /// List the resources that match
    ///
    /// With --json: a list of the resources of the overview, each with its "pool".
    #[command(after_long_help = LIST_HELP)]
    List(SelectionArguments),
    /// Show all there is to know about one resource, and who waits for it
    ///
    /// With --json: {"pool": …, "resource": {…}, "waiting": […]}, the parts as in the overview.
    Show {
        /// The resource
        #[arg(value_name = "NAME")]
        resource: String,
    },
    /// Show the requests that wait, in the order in which they will be served
    ///
    /// With --json: a list of the waiting requests of the overview, each with its "pool".
    Queue,
    /// Read, check and replace the inventory
    #[command(subcommand)]
    Inventory(InventoryCommand),
    /// Print the completions for a shell
    ///
    /// For bash: rpclient completions bash > ~/.local/share/bash-completion/completions/rpclient
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// What to do with the inventory.
#[derive(Debug, Subcommand)]
pub(crate) enum InventoryCommand {
    /// Print the inventory as YAML, with all properties
    ///
    /// With --json: {"pools": [{"name": …, "resources": […]}]}.
    Get {
        /// As it was in this revision; 'rpclient inventory revisions' lists them
        #[arg(long, value_name = "REVISION")]
        revision: Option<u64>,
    },
    /// List which inventories were in force, the newest first
    ///
    /// With --json: the answer of the respod ("GET /v1/inventory/revisions" in docs/protocol.md).
    Revisions,
    /// Put an earlier revision of a pool's inventory in force again
    ///
    /// With --json: the answer of the respod ("POST /inventory" in docs/protocol.md).
    Revert {
        /// The revision; 'rpclient inventory revisions' lists them
        revision: u64,
        /// Only say what would change
        #[arg(long)]
        dry_run: bool,
    },
    /// Replace the inventory, whole or not at all
    ///
    /// With --json: the answer of the respod ("POST /inventory" in docs/protocol.md).
    Push {
        /// The inventory as YAML; '-' is standard input
        file: PathBuf,
        /// Only say what would change
        #[arg(long)]
        dry_run: bool,
    },
    /// Check an inventory without a respod: prints every mistake as FILE:LINE:COLUMN
    ///
    /// With --json: {"file": …, "problems": […]}, where each problem has "path", "line", "column",
    /// "problem" and "remedy".
    Check {
        /// The inventory as YAML; '-' is standard input
        file: PathBuf,
    },
    /// Show how an inventory differs from the present one, down to the changed fields
    ///
    /// With --json: the answer of the respod to a dry run.
    Diff {
        /// The inventory as YAML; '-' is standard input
        file: PathBuf,
    },
}

const LIST_HELP: &str = "\
A word is a NAME, or a KEY=VALUE as in 'POST /lock': resource, location, attributes, entities. All that \
is said must hold; of several names, one.

Examples:
  rpclient list
  rpclient list location=office1 attributes=can,lin
  rpclient list --entity arm64 --json
";

const LOCK_HELP: &str = "\
Waiting. A line on standard error says who holds what and how many go first: live on a terminal, \
otherwise when it begins, when the place changes (at most every 10 s), and every 5 minutes. A signal \
leaves the queue.

The command runs in a process group of its own, with these variables:
  RESPO_RESOURCE             the name of the resource
  RESPO_LEASE_ID             the id of the lease
  RESPO_FENCE                its fence: a number that rises with every grant
  RESPO_LEASE_FILE           a file with the lease as JSON: its token, the
                             resource, its entities, all their properties.
                             Only you can read it; it is removed at the end
  RESPO_URL                  the respod
  RESPO_<ENTITY>_<PROPERTY>  each property that is a text, a number or a truth
                             value: serial-port of dut is
                             RESPO_DUT_SERIAL_PORT
A nested property is named by its path; lists are in the lease file only. Where two properties come \
to the same name, the first in the order of entity and path keeps it; none takes one of the names \
above.

Signals. INT, TERM, HUP and QUIT are passed on to the command's process group, USR1 and USR2 to the \
command; the lease is held until it ends. On a terminal the command is in the foreground, so that \
Ctrl-C, Ctrl-Z and input reach it directly. If the lease is lost, the command's process group gets \
TERM, and KILL after --term-grace. The same happens if rpclient itself is killed. Signals that were \
ignored when rpclient started stay so, as under nohup, or INT for what a script runs with '&'.

When respod is away. If the connection breaks, or respod is restarted or crashes, rpclient makes \
another connection and takes up its place or its lease there; the command is not disturbed. A line \
says so when respod is back, and one before that if it takes longer than 10 s. As long as connections \
are refused, respod is not there, and the lease is held: nobody is granted the resource before respod \
is back and has waited for its clients. If there is no answer at all, respod may be running and end \
the lease: it is taken for lost 17 s after the last sign of respod, which gives the resource to the \
next in line about 20 s after the last sign of its holder. A command that needs longer than the \
difference to end after TERM should have a --term-grace of less than 3 s. If the command ends while \
respod is away, rpclient tries for 5 s to release the lease.

Without a command the lease is held until Ctrl-C or TERM; the name of the resource, or with --json the \
lease without its token, is printed on standard output. With a command, standard output is the \
command's alone.

Examples:
  rpclient lock bench-1 -- pytest -x tests/can
  rpclient lock bench-1 bench-2 --no-wait -- ./smoke.sh
  rpclient lock --location office1 --attributes can,lin -- ./run
  rpclient lock --entity jtag --entity arm64 -- sh -c 'ssh \"$RESPO_DUT_HOST\"'
  rpclient lock bench-1 --linger 1m -- ./survives-a-broken-network.sh
";

/// What `lock` takes.
#[derive(Debug, Args)]
pub(crate) struct LockArguments {
    #[command(flatten)]
    pub(crate) selection: SelectionArguments,
    /// Who goes first: -1000 to 1000, higher first
    #[arg(long, value_name = "N", default_value = "0", allow_negative_numbers = true)]
    pub(crate) priority: Priority,
    /// What it is for; others see it while they wait
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<Text>,
    /// A key and value to go with the lease; may be repeated
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = parse_tag)]
    pub(crate) tags: Vec<(Label, Text)>,
    /// How long to wait for the grant: a duration (90, 30s, 10m, 1h30m), 0, or 'forever'
    #[arg(long, value_name = "DURATION", default_value = "forever", value_parser = parse_wait)]
    pub(crate) wait: Wait,
    /// Do not wait if everything that matches is taken; the same as --wait 0
    #[arg(long, conflicts_with = "wait")]
    pub(crate) no_wait: bool,
    /// How long the place in the queue and the lease outlive a broken connection while respod runs;
    /// rpclient makes a new one meanwhile
    #[arg(long, value_name = "DURATION", default_value = "0")]
    pub(crate) linger: HumanDuration,
    /// End the lease, and stop the command, this long after the grant
    #[arg(long, value_name = "DURATION")]
    pub(crate) max_duration: Option<HumanDuration>,
    /// How long the command has between TERM and KILL when the lease is lost
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub(crate) term_grace: HumanDuration,
    /// Say nothing but errors and warnings
    #[arg(long, short)]
    pub(crate) quiet: bool,
    /// The command to run while holding the resource, and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

fn parse_wait(text: &str) -> Result<Wait, String> {
    if text == "forever" {
        return Ok(Wait::Forever);
    }
    match text.parse::<HumanDuration>() {
        Ok(HumanDuration(duration)) if duration.is_zero() => Ok(Wait::No),
        Ok(HumanDuration(duration)) => Ok(Wait::UpTo(duration)),
        Err(error) => Err(format!("{error}; or write forever")),
    }
}

fn parse_tag(text: &str) -> Result<(Label, Text), String> {
    let (key, value) = text.split_once('=').ok_or("a tag is written KEY=VALUE")?;
    let key = key.parse().map_err(|error| format!("the key: {error}"))?;
    let value = value.parse().map_err(|error| format!("the value: {error}"))?;
    Ok((key, value))
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
    fn every_command_can_be_read() {
        for line in [
            "status --json",
            "list bench-1 --attributes a",
            "show bench-1 --name me --pool lab",
            "queue",
            "inventory get",
            "inventory push - --dry-run --admin-token-file token",
            "inventory check inventory.yaml",
            "inventory diff inventory.yaml",
            "completions bash",
            "lock bench-1 --priority -5 --tag a=b=c --linger 1m --max-duration 1h --term-grace 1s -q",
        ] {
            let words = std::iter::once("rpclient").chain(line.split_whitespace());
            Arguments::try_parse_from(words).unwrap();
        }
    }

    #[test]
    fn names_stand_before_the_dashes_and_the_command_after_them() {
        let line = ["rpclient", "lock", "bench-1", "location=office1", "--", "make", "-j", "flash"];
        let arguments = Arguments::try_parse_from(line).unwrap();
        let Command::Lock(lock) = arguments.command else { panic!() };
        assert_eq!(lock.command, ["make", "-j", "flash"]);
        let selector = lock.selection.selector().unwrap();
        assert_eq!(selector.to_string(), "resource=bench-1&location=office1");
    }

    #[test]
    fn a_wait_is_a_duration_or_none_or_for_ever() {
        assert_eq!(parse_wait("0").unwrap(), Wait::No);
        assert_eq!(parse_wait("forever").unwrap(), Wait::Forever);
        assert_eq!(parse_wait("10m").unwrap(), Wait::UpTo(std::time::Duration::from_secs(600)));
        assert!(parse_wait("soon").unwrap_err().contains("forever"));
    }
}
