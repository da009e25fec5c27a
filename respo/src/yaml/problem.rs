//! What is wrong with an inventory, and where.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::node::Place;
use super::path::Path;

/// The most mistakes that are listed for one inventory.
pub const MAX_PROBLEMS: usize = 1_000;

/// One mistake in an inventory.
///
/// Printed, it takes one line:
///
/// ```
/// # use respo::yaml::InventoryDocument;
/// let problems = InventoryDocument::parse("pool: {name: lab, resources: {b-1: {location: []}}}")
///     .unwrap_err();
/// assert_eq!(
///     problems.0[0].to_string(),
///     "line 1, column 47: pool.resources.b-1.location: a list where a text is expected; \
///      write one location, such as \"office1\"",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InventoryProblem {
    /// Where: `pool.resources.resource1.entities.dut.attributes[1]`.
    ///
    /// Lists count from 0. A key that has dots, brackets, quotes or white space in it is written in
    /// quotes (`pool.resources."a.b".location`), one longer than 64 characters is cut short. Empty
    /// where the mistake is in the document as a whole.
    pub path: String,
    /// The line, counted from 1, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column, counted from 1 in characters, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// What is wrong.
    pub problem: String,
    /// What would be right.
    pub remedy: String,
}

impl InventoryProblem {
    pub(super) fn new(
        path: &Path<'_>,
        place: Option<Place>,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            path: path.to_string(),
            line: place.map(|place| place.line as usize),
            column: place.map(|place| place.column as usize),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

impl InventoryProblem {
    /// The mistake as compilers write theirs: `FILE:LINE:COLUMN: path: problem; remedy`.
    #[must_use]
    pub fn in_file(&self, file: &str) -> String {
        let numbers = [self.line, self.column].into_iter().flatten();
        let mut place: String = numbers.map(|number| format!(":{number}")).collect();
        place.insert_str(0, file);
        let text = Self { line: None, column: None, ..self.clone() };
        format!("{place}: {text}")
    }
}

impl fmt::Display for InventoryProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}, ")?;
        }
        if let Some(column) = self.column {
            write!(f, "column {column}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}; {}", self.problem, self.remedy)
    }
}

/// Every mistake of an inventory, in the order of the file; at least one.
///
/// Where there are more than [`MAX_PROBLEMS`], the last one says that there are more. Printed, each
/// takes one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryProblems(pub Vec<InventoryProblem>);

impl fmt::Display for InventoryProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for InventoryProblems {}

/// The mistakes found so far.
#[derive(Debug, Default)]
pub(super) struct Problems {
    found: Vec<InventoryProblem>,
    /// Where each was found: an anchored value with a mistake is visited once for each alias of it,
    /// but it is one mistake.
    seen: BTreeSet<(Place, String)>,
    has_more: bool,
}

impl Problems {
    /// Takes note of a mistake.
    pub(super) fn add(
        &mut self,
        path: &Path<'_>,
        place: Place,
        problem: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let problem = problem.into();
        let key = (place, problem);
        if self.seen.contains(&key) {
            return;
        }
        if self.found.len() == MAX_PROBLEMS {
            self.has_more = true;
            return;
        }
        self.found.push(InventoryProblem::new(path, Some(place), key.1.clone(), remedy));
        self.seen.insert(key);
    }

    /// Takes note of a mistake that keeps the rest of the document from being read.
    pub(super) fn add_fatal(&mut self, problem: InventoryProblem) {
        self.found.push(problem);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// All of them in the order of the file.
    pub(super) fn into_sorted(mut self) -> InventoryProblems {
        // Only aliases are visited out of order. A stable sort keeps the rest as it is.
        self.found.sort_by_key(|problem| (problem.line, problem.column));
        if self.has_more {
            let problem = format!("more mistakes; only the first {MAX_PROBLEMS} are listed");
            let remedy = "correct these and check again";
            self.found.push(InventoryProblem::new(&Path::Document, None, problem, remedy));
        }
        InventoryProblems(self.found)
    }
}
