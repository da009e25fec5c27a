//! What `inventory` can do, and what each of it takes.

use std::path::PathBuf;

use clap::Subcommand;

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
