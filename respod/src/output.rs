//! What respod prints when it does not serve.

use std::fmt::Display;
use std::io::Write;

/// Prints lines to stdout. Whoever reads them may stop to, which is no failure.
pub(crate) fn print(lines: impl IntoIterator<Item = impl Display>) {
    let mut stdout = std::io::stdout().lock();
    for line in lines {
        if writeln!(stdout, "{line}").is_err() {
            return;
        }
    }
}

/// Says on stderr what went wrong.
pub(crate) fn complain(problem: &dyn Display) {
    eprintln!("respod: {problem}");
}
