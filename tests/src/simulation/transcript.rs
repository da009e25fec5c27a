//! What happened last, for people.

use std::collections::VecDeque;
use std::fmt::Display;

/// The last lines of a story. Nothing is written where none are kept.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    kept: usize,
    lines: VecDeque<String>,
}

impl Transcript {
    /// Keeps the last so many lines.
    #[must_use]
    pub(super) fn keeping(kept: usize) -> Self {
        Self { kept, lines: VecDeque::new() }
    }

    /// Adds a line, at so many microseconds after the start.
    pub(super) fn note<T: Display>(&mut self, at: u64, line: impl FnOnce() -> T) {
        if self.kept == 0 {
            return;
        }
        if self.lines.len() == self.kept {
            self.lines.pop_front();
        }
        self.lines.push_back(format!("{:>11}  {}", Seconds(at), line()));
    }

    /// The lines.
    #[must_use]
    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines.into()
    }
}

struct Seconds(u64);

impl Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)[..])
    }
}
