//! How respod ends, as its callers see it.

use std::process::ExitCode;

/// The exit codes. `--help` lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// It was stopped and has ended in good order, or what it checked is good.
    Success = 0,
    /// The inventory cannot be read, or has mistakes; or the database that was checked has.
    Invalid = 1,
    /// Wrong usage.
    Usage = 2,
    /// It cannot start, for instance because the address is taken, or a tool has failed.
    CannotStart = 3,
    /// A second signal stopped it before everything had ended.
    Interrupted = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
