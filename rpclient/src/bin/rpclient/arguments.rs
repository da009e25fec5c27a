//! The command line.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use rpclient::respo::HumanDuration;
use rpclient::{Client, ClientBuilder, EventId, Label, Token};

use crate::exit_code;
use crate::failure::Failure;
use crate::help::{ACQUIRE_HELP, EXAMPLES, LIST_HELP, LOCK_HELP};
use crate::holder;
use crate::lease_arguments::{
    AcquireArguments, AllowArguments, CancelArguments, DisallowArguments, ExtendArguments,
    ReleaseArguments, RenewArguments, TransferArguments,
};
use crate::lease_document::LeaseDocument;
use crate::request_arguments::RequestArguments;
use crate::selection::ListArguments;

/// Where a respod listens unless it is told otherwise.
const DEFAULT_URL: &str = "http://127.0.0.1:7373";

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
        let is_flag = |name| matches.value_source(name) == Some(ValueSource::CommandLine);
        arguments.common.flags = Flags { url: is_flag("url"), pool: is_flag("pool") };
        Ok(arguments)
    }
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct CommonArguments {
    /// The respod to talk to [default: that of the lease file, or http://127.0.0.1:7373]
    #[arg(
        long,
        global = true,
        env = "RESPO_URL",
        value_name = "URL",
        help_heading = "Common options"
    )]
    pub(crate) url: Option<String>,
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
    #[arg(skip)]
    flags: Flags,
}

/// What the command line itself says, rather than the environment.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    url: bool,
    pool: bool,
}

impl CommonArguments {
    /// The client that these arguments describe.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        Ok(self.builder()?.build())
    }

    /// The same for what a lease file is about, which says where that is. A flag goes before that; the
    /// environment, which is about something else as likely as not, does not.
    pub(crate) fn client_of(&self, document: &LeaseDocument) -> Result<Client, Failure> {
        let flag = self.url.as_ref().filter(|_| self.flags.url);
        let url = flag.or(document.url.as_ref()).or(self.url.as_ref());
        let flag = self.pool.as_ref().filter(|_| self.flags.pool);
        Ok(self.builder_for(url, flag.or(Some(&document.pool)))?.build())
    }

    /// The same without regard to flags, which are about something new.
    pub(crate) fn client_where_it_is(&self, document: &LeaseDocument) -> Result<Client, Failure> {
        let url = document.url.as_ref().or(self.url.as_ref());
        Ok(self.builder_for(url, Some(&document.pool))?.build())
    }

    /// Whether [`client_of`](Self::client_of) asks where the lease file says that the lease is: nobody else
    /// can tell that it is over.
    pub(crate) fn asks_where_it_is(&self, document: &LeaseDocument) -> bool {
        let asked = if self.flags.url { self.url.as_ref() } else { document.url.as_ref() };
        let is_same_url = match (asked, &document.url) {
            (Some(asked), Some(known)) => is_same_url(asked, known),
            _ => false,
        };
        is_same_url && (!self.flags.pool || self.pool.as_ref() == Some(&document.pool))
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
        self.builder_for(self.url.as_ref(), self.pool.as_ref())
    }

    fn builder_for(
        &self,
        url: Option<&String>,
        pool: Option<&Label>,
    ) -> Result<ClientBuilder, Failure> {
        let holder = self.name.clone().unwrap_or_else(holder::default);
        let url = url.map_or(DEFAULT_URL, String::as_str);
        let mut builder = Client::builder(url)?.holder(holder);
        if let Some(pool) = pool {
            builder = builder.pool(pool.clone());
        }
        Ok(builder)
    }
}

/// Whether they are the same but for how they are written.
pub(crate) fn is_same_url(one: &str, other: &str) -> bool {
    let read = |url| Client::new(url).map(|client| client.url()).ok();
    one == other || matches!((read(one), read(other)), (Some(one), Some(other)) if one == other)
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Lease what is needed, and run a command while holding it
    ///
    /// Each argument is one requirement: 'bench-1', '2 location=office1 +can'. All of them are granted
    /// together or not at all.
    #[command(after_long_help = format!("{LOCK_HELP}\n{}", exit_code::help()))]
    Lock(Box<LockArguments>),
    /// Lease what is needed for a time, without a lasting connection: for scripts
    ///
    /// The id and the token of the lease are written to a file, which the commands below read.
    #[command(after_long_help = format!("{ACQUIRE_HELP}\n{}", exit_code::help()))]
    Acquire(Box<AcquireArguments>),
    /// Keep the lease of a file for its --ttl from now
    ///
    /// With --json: {"id": …, "expires": …}.
    Renew(RenewArguments),
    /// Move the end of the lease of a file
    ///
    /// With --json: {"id": …, "expires": …}.
    Extend(ExtendArguments),
    /// Give back the lease of a file, or some resources of it
    Release(ReleaseArguments),
    /// Take back the waiting request of a file, or end any request or lease as the administrator
    Cancel(CancelArguments),
    /// Pass the lease of a file on to somebody else
    ///
    /// Prints what the new holder needs, as a lease file. The old file is removed: its token is good for nothing
    /// any more.
    Transfer(TransferArguments),
    /// Let somebody else renew, extend and release the lease of a file
    ///
    /// Prints what they need for it, as a lease file with a token of their own.
    Allow(AllowArguments),
    /// Take that back
    Disallow(DisallowArguments),
    /// Show what happens, as it happens
    ///
    /// Goes on when respod is restarted. With --json: one event a line ("GET /v1/events" in docs/protocol.md).
    Watch {
        /// From what came after this event on, as far as respod has kept it; --json shows the ids
        #[arg(long, value_name = "ID")]
        after: Option<EventId>,
    },
    /// Show who holds what and who waits for what, one line each
    ///
    /// With --json: {"leases": […], "waiting": […]}, the items as in "GET /v1/leases" and "GET /v1/requests".
    Who,
    /// Show every resource: its state, its holder, who waits for it
    ///
    /// With --json: the overview as the respod gives it ("GET /" in docs/protocol.md).
    Status,
    /// List the resources that match
    ///
    /// With --json: a list of the resources as in the overview, each with its "pool".
    #[command(after_long_help = LIST_HELP)]
    List(ListArguments),
    /// Show all there is to know about one resource, and who waits for it
    ///
    /// The overview does not show properties. Where it cannot be known from it whether a request that asks
    /// for some waits for this resource, that is said to be so perhaps.
    ///
    /// With --json: {"pool": …, "resource": {…}, "waiting": […]}, the parts as in the overview; "stacks" and
    /// "perhaps_waiting" where there are any.
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
    /// Print rent-a-bot's descriptor or AVE's stacks as an inventory, without a respod
    ///
    /// Its pool is called rent-a-bot or ave, or as --pool says. An inventory is printed as it is.
    ///
    /// With --json: {"pools": [{"name": …, "resources": […]}]}.
    Convert {
        /// The descriptor as YAML, or AVE's broker.json; '-' is standard input
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

/// What `lock` takes.
#[derive(Debug, Args)]
pub(crate) struct LockArguments {
    #[command(flatten)]
    pub(crate) request: RequestArguments,
    /// Take up the lease or the place of this file, which 'transfer' or 'acquire' has written, in place of asking
    /// for something; '-' is standard input
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "requirements", "resources", "location", "attributes", "entities", "request", "priority",
            "description", "tags", "wait", "no_wait", "max_duration", "linger"
        ]
    )]
    pub(crate) resume: Option<PathBuf>,
    /// How long the place in the queue and the lease outlive a broken connection while respod runs;
    /// rpclient makes a new one meanwhile [default: 0]
    #[arg(long, value_name = "DURATION")]
    pub(crate) linger: Option<HumanDuration>,
    /// How long the command has between TERM and KILL when the lease is lost
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub(crate) term_grace: HumanDuration,
    /// The command to run while holding what was leased, and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[cfg(test)]
mod tests {
    use rpclient::Wait;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_command_can_be_read() {
        for line in [
            "status --json",
            "list location=office1 +can --attributes a",
            "lock --request request.json --wait 10m -- true",
            "show bench-1 --name me --pool lab",
            "queue",
            "inventory get",
            "inventory push - --dry-run --admin-token-file token",
            "inventory check inventory.yaml",
            "inventory diff inventory.yaml",
            "inventory convert descriptor.yaml --pool lab",
            "completions bash",
            "acquire 2 --ttl 5m --file lease.json --idempotency-key k --no-wait",
            "renew --ttl 5m",
            "extend --by 1h --file lease.json",
            "release bench-1 bench-2 --file lease.json",
            "cancel 7 --admin-token-file token",
            "cancel --file lease.json",
            "transfer --to bob --output bobs.json",
            "allow bob",
            "disallow bob",
            "watch --json --after 1764316800000000-42",
            "who --pool lab",
            "lock --resume bobs.json -- true",
            "lock bench-1 --priority -5 --tag a=b=c --linger 1m --max-duration 1h --term-grace 1s -q",
        ] {
            let words = std::iter::once("rpclient").chain(line.split_whitespace());
            Arguments::try_parse_from(words).unwrap();
        }
    }

    fn document() -> LeaseDocument {
        let json = r#"{"url":"http://lab:1","pool":"lab","id":2,"token":"t"}"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_lease_file_says_where_its_lease_is_unless_a_flag_does() {
        for (flags, url, is_its_own) in [
            (&[][..], "http://lab:1", true),
            (&["--url", "http://lab:1/"], "http://lab:1", true),
            (&["--url", "http://other:1"], "http://other:1", false),
            (&["--pool", "lab"], "http://lab:1", true),
            (&["--pool", "attic"], "http://lab:1", false),
        ] {
            for flags_go_first in [false, true] {
                let mut words = vec!["rpclient"];
                let parts = if flags_go_first { [flags, &["renew"]] } else { [&["renew"], flags] };
                words.extend(parts.concat());
                let common = Arguments::of(words).unwrap().common;
                let client = common.client_of(&document()).unwrap();
                assert!(is_same_url(&client.url(), url), "{flags:?}: {}", client.url());
                assert_eq!(common.asks_where_it_is(&document()), is_its_own, "{flags:?}");
            }
        }
    }

    #[test]
    fn requirements_stand_before_the_dashes_and_the_command_after_them() {
        let line = ["rpclient", "lock", "bench-1", "2 +can @s", "--", "make", "-j", "flash"];
        let arguments = Arguments::try_parse_from(line).unwrap();
        let Command::Lock(lock) = arguments.command else { panic!() };
        assert_eq!(lock.command, ["make", "-j", "flash"]);
        assert_eq!(lock.request.requirements, ["bench-1", "2 +can @s"]);
    }

    #[test]
    fn who_takes_a_lease_up_asks_for_nothing_else() {
        for more in ["bench-1", "--wait=0", "--linger=1m", "--location=office1", "--tag=a=b"] {
            let line = ["rpclient", "lock", "--resume", "lease.json", more];
            Arguments::try_parse_from(line).unwrap_err();
        }
    }

    #[test]
    fn a_wait_is_a_duration_or_none_or_for_ever() {
        let read = |wait: &str| {
            let arguments = Arguments::try_parse_from(["rpclient", "lock", "--wait", wait]);
            arguments.map(|arguments| match arguments.command {
                Command::Lock(lock) => lock.request.wait,
                _ => None,
            })
        };
        assert_eq!(read("0").unwrap(), Some(Wait::No));
        assert_eq!(read("forever").unwrap(), Some(Wait::Forever));
        assert_eq!(read("10m").unwrap(), Some(Wait::UpTo(std::time::Duration::from_secs(600))));
        assert!(read("soon").unwrap_err().to_string().contains("forever"));
    }
}
