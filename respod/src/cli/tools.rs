//! The command line of what respod does beside serving.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use respo::{Label, Timestamp};

/// Where the database is unless said otherwise.
pub(super) const DATA_DIR: &str = "./respod-data";
pub(super) const DATA_DIR_VARIABLE: &str = "RESPOD_DATA_DIR";

/// What respod does beside serving. All of it works while a respod uses the same directory.
#[derive(Debug, Subcommand)]
pub(crate) enum Tool {
    /// Copy or check the database, while a respod uses it or none does
    #[command(subcommand)]
    Db(DbCommand),
    /// Read who had what, for how long, and why it ended
    #[command(subcommand)]
    History(HistoryCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Copy the database, as it is at one moment, to a new file
    Backup {
        /// The file to write; it must not exist
        file: PathBuf,
        #[command(flatten)]
        data: DataDirectory,
    },
    /// Check that the database is sound and that what it says makes sense
    Check {
        #[command(flatten)]
        data: DataDirectory,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum HistoryCommand {
    /// Print every request that has ended, the first to end first
    Export(HistoryExport),
}

/// `respod history export`.
#[derive(Debug, Args)]
pub(crate) struct HistoryExport {
    /// How to print it
    #[arg(long, value_name = "FORMAT", default_value = "jsonl")]
    pub(crate) format: HistoryFormat,

    /// Write to this new file instead of stdout
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// What ended at this time or later: 2026-11-22, or 2026-11-22T08:15:30Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Timestamp>,

    /// What ended before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<Timestamp>,

    /// Of this pool
    #[arg(long, value_name = "POOL")]
    pub(crate) pool: Option<Label>,

    #[command(flatten)]
    pub(crate) data: DataDirectory,
}

/// How to print the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HistoryFormat {
    /// A JSON object a line.
    Jsonl,
    /// Comma-separated values (RFC 4180) with a line of headers.
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct DataDirectory {
    /// The data directory of the respod
    #[arg(
        long = "data-dir",
        value_name = "DIRECTORY",
        env = DATA_DIR_VARIABLE,
        default_value = DATA_DIR
    )]
    pub(crate) path: PathBuf,
}

/// A time, or a day, which begins at midnight UTC.
fn time(text: &str) -> Result<Timestamp, String> {
    let day = format!("{text}T00:00:00Z");
    [text, &day]
        .iter()
        .find_map(|text| text.parse().ok())
        .ok_or_else(|| "write a day (2026-11-22) or a time (2026-11-22T08:15:30Z)".to_owned())
}
