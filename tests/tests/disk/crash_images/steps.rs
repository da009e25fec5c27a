//! What respod did to the files of its data directory, and what it told clients, in order.

use std::path::Path;

use tests::strace::{SystemCall, Trace};

use super::facts::{Conversations, Fact};

/// What must be traced.
pub(crate) const CALLS: [&str; 17] = [
    "openat",
    "creat",
    "pwrite64",
    "pwritev",
    "write",
    "writev",
    "sendto",
    "sendmsg",
    "read",
    "recvfrom",
    "ftruncate",
    "fallocate",
    "fsync",
    "fdatasync",
    "unlink",
    "mkdir",
    "rename",
];

/// One thing that respod did.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// Makes the directory itself.
    MakeDirectory,
    /// Synchronizes what the directory itself is in.
    SynchronizeParent,
    Create(String),
    Remove(String),
    Write {
        name: String,
        offset: usize,
        bytes: Vec<u8>,
    },
    SetLength {
        name: String,
        length: usize,
    },
    Synchronize(String),
    SynchronizeDirectory,
    Answer(Fact),
    /// What was taken out.
    Nothing,
}

/// Files that are not read after a crash: SQLite makes the first anew, and the second says only which
/// process there is.
const VOLATILE: [&str; 2] = ["respo.db-shm", "respod.pid"];

/// The steps of one run of a respod on this directory.
pub(crate) fn steps(trace: &Trace, directory: &Path) -> Vec<Step> {
    let mut conversations = Conversations::default();
    let mut steps: Vec<(usize, Step)> = Vec::new();
    // What is heard counts from the return on, and so does a synchronization; what is said or written may
    // arrive as soon as the call has begun.
    for call in &trace.calls {
        if let Some(socket) = call.target().filter(|target| target.starts_with("TCP:[")) {
            match (call.name.as_str(), call.returned) {
                ("read" | "recvfrom", Some(_)) if !call.has_flag("MSG_PEEK") => {
                    conversations.heard(socket, &call.bytes())
                }
                ("write" | "writev" | "sendto" | "sendmsg", _) => {
                    let facts = conversations.said(socket, &call.bytes());
                    steps.extend(facts.into_iter().map(|fact| (call.began, Step::Answer(fact))));
                }
                _ => {}
            }
        } else {
            steps.extend(step(call, directory));
        }
    }
    steps.sort_by_key(|(line, _)| *line);
    steps.into_iter().map(|(_, step)| step).collect()
}

fn step(call: &SystemCall, directory: &Path) -> Option<(usize, Step)> {
    let inside = |path: &str| {
        let name = Path::new(path).strip_prefix(directory).ok()?.to_str()?;
        (!VOLATILE.contains(&name)).then(|| name.to_owned())
    };
    let target = || call.target().and_then(inside);
    let named = || inside(&path_of(call));
    let number = || usize::try_from(call.last_number()?).ok();
    match call.name.as_str() {
        "openat" if call.has_flag("O_CREAT") && call.result.is_some() => {
            Some((call.began, Step::Create(named()?)))
        }
        "mkdir" if directory == Path::new(&path_of(call)) => {
            Some((call.began, Step::MakeDirectory))
        }
        "fsync" if call.target().map(Path::new) == directory.parent() => {
            call.result?;
            Some((call.returned?, Step::SynchronizeParent))
        }
        "unlink" => Some((call.began, Step::Remove(named()?))),
        "pwrite64" => {
            let (name, offset, bytes) = (target()?, number()?, call.bytes());
            Some((call.began, Step::Write { name, offset, bytes }))
        }
        "ftruncate" => Some((call.began, Step::SetLength { name: target()?, length: number()? })),
        "fsync" | "fdatasync" => {
            let name = target()?;
            call.result?;
            let step = match name.as_str() {
                "" => Step::SynchronizeDirectory,
                _ => Step::Synchronize(name),
            };
            Some((call.returned?, step))
        }
        "creat" | "pwritev" | "write" | "writev" | "fallocate" | "rename" => {
            // None of them has a place in the simulated disk, and SQLite uses none.
            assert_eq!(target().or_else(named), None, "{call:?}");
            None
        }
        _ => None,
    }
}

fn path_of(call: &SystemCall) -> String {
    String::from_utf8_lossy(&call.bytes()).into_owned()
}
