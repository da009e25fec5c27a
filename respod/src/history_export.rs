//! `respod history export`: who had what, as JSON lines or as comma-separated values.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, ErrorKind, Write};

use respo::Request;
use respo_sqlite::history::{self, HistoryEntry, HistoryError, HistoryFilter};
use serde::Serialize;

use crate::cli::{HistoryExport, HistoryFormat};
use crate::exit::Exit;
use crate::output::complain;

pub(crate) fn run(export: &HistoryExport) -> Exit {
    match export_to_its_place(export) {
        Ok(()) => Exit::Success,
        // Whoever read it has seen enough.
        Err(HistoryError::Stopped(error)) if error.kind() == ErrorKind::BrokenPipe => Exit::Success,
        Err(HistoryError::Stopped(error)) => {
            complain(&format!("the history cannot be written: {error}"));
            Exit::CannotStart
        }
        Err(error) => {
            complain(&error);
            Exit::CannotStart
        }
    }
}

fn export_to_its_place(export: &HistoryExport) -> Result<(), HistoryError<io::Error>> {
    let Some(path) = &export.output else {
        return write(export, BufWriter::new(io::stdout().lock()));
    };
    let file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| {
        let problem = format!("{}: {error}", path.display());
        HistoryError::Stopped(io::Error::new(error.kind(), problem))
    })?;
    let written = write(export, BufWriter::new(file));
    if written.is_err() {
        // Half an export would be taken for a whole one.
        std::fs::remove_file(path).map_err(HistoryError::Stopped)?;
    }
    written
}

fn write(export: &HistoryExport, mut to: impl Write) -> Result<(), HistoryError<io::Error>> {
    let filter =
        HistoryFilter { pool: export.pool.clone(), since: export.since, until: export.until };
    match export.format {
        HistoryFormat::Jsonl => {
            history::read(&export.data.path, &filter, |entry| {
                serde_json::to_writer(&mut to, &entry)?;
                to.write_all(b"\n")
            })?;
        }
        HistoryFormat::Csv => {
            let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(&mut to);
            csv.write_record(HEADERS).map_err(|error| HistoryError::Stopped(io_error(error)))?;
            history::read(&export.data.path, &filter, |entry| {
                csv.serialize(CsvRow::from(&entry)).map_err(io_error)
            })?;
            csv.flush().map_err(HistoryError::Stopped)?;
        }
    }
    to.flush().map_err(HistoryError::Stopped)
}

/// The failure to write, of the kind that it is: `From` makes every one of an unknown kind.
fn io_error(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// The headers, in the order of [`CsvRow`]: they are there even if nothing else is.
const HEADERS: [&str; 16] = [
    "pool",
    "id",
    "fence",
    "resources",
    "holder",
    "description",
    "priority",
    "requested",
    "tags",
    "queued",
    "granted",
    "ended",
    "waited_seconds",
    "held_seconds",
    "reason",
    "changes",
];

/// An entry as one line of a table.
#[derive(Serialize)]
struct CsvRow<'a> {
    pool: &'a str,
    id: u64,
    fence: Option<u64>,
    /// Names with spaces between them.
    resources: String,
    holder: &'a str,
    description: &'a str,
    priority: i16,
    /// As JSON.
    requested: String,
    /// As JSON.
    tags: String,
    queued: String,
    granted: Option<String>,
    ended: String,
    waited_seconds: f64,
    held_seconds: Option<f64>,
    reason: &'a str,
    /// As JSON.
    changes: String,
}

impl<'a> From<&'a HistoryEntry> for CsvRow<'a> {
    fn from(entry: &'a HistoryEntry) -> Self {
        let request = &entry.request;
        Self {
            pool: &entry.pool,
            id: entry.id.0,
            fence: entry.fence.map(|fence| fence.0),
            resources: entry.resources.join(" "),
            holder: request.holder.as_ref().map_or("", AsRef::as_ref),
            description: request.description.as_ref().map_or("", |text| text.as_str()),
            priority: request.priority.value(),
            requested: requested(request),
            tags: serde_json::to_string(&request.tags).unwrap_or_default(),
            queued: entry.queued.to_string(),
            granted: entry.granted.map(|granted| granted.to_string()),
            ended: entry.ended.to_string(),
            waited_seconds: entry.waited_seconds,
            held_seconds: entry.held_seconds,
            reason: &entry.reason,
            changes: serde_json::to_string(&entry.changes).unwrap_or_default(),
        }
    }
}

/// What was asked for, in full: the requirements, as in the JSON of the request.
fn requested(request: &Request) -> String {
    let request = serde_json::to_value(request).unwrap_or_default();
    request.get("requirements").map(ToString::to_string).unwrap_or_default()
}
