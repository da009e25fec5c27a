//! Which commands there are.

use clap::Subcommand;
use clap_complete::Shell;
use rpclient::EventId;

use super::inventory::InventoryCommand;
use super::lease::{
    AcquireArguments, AllowArguments, CancelArguments, DisallowArguments, ExtendArguments,
    ReleaseArguments, RenewArguments, TransferArguments,
};
use super::lock::LockArguments;
use crate::exit_code;
use crate::help::{ACQUIRE_HELP, LIST_HELP, LOCK_HELP};
use crate::selection::ListArguments;

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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::arguments::Arguments;

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
}
