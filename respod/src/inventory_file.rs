//! Reading inventory files, and telling what is wrong with them.

use std::io::Read;
use std::path::Path;

use respo::yaml::{InventoryDocument, InventoryProblems};

/// Why an inventory file is no good.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InventoryFileError {
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    #[error("it has mistakes")]
    Invalid(InventoryProblems),
}

/// Reads and checks an inventory file, a descriptor of rent-a-bot or AVE's stacks; `-` is stdin.
pub(crate) fn read(path: &Path) -> Result<InventoryDocument, InventoryFileError> {
    let bytes = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        bytes
    } else {
        std::fs::read(path)?
    };
    let document = InventoryDocument::decode(&bytes).and_then(InventoryDocument::parse_any);
    document.map_err(InventoryFileError::Invalid)
}

impl InventoryFileError {
    /// A line for each problem: `FILE:LINE:COLUMN: path: problem; remedy`.
    pub(crate) fn lines(&self, path: &Path) -> Vec<String> {
        match self {
            Self::Unreadable(_) => vec![format!("{}: {self}", name(path))],
            Self::Invalid(problems) => lines(problems, path),
        }
    }
}

/// A line for each problem: `FILE:LINE:COLUMN: path: problem; remedy`.
pub(crate) fn lines(problems: &InventoryProblems, path: &Path) -> Vec<String> {
    let name = name(path);
    problems.0.iter().map(|problem| problem.in_file(&name)).collect()
}

/// What a file is called in messages.
pub(crate) fn name(path: &Path) -> String {
    if path.as_os_str() == "-" { "stdin".to_owned() } else { path.display().to_string() }
}
