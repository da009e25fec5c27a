//! What goes to standard output and to standard error.

use std::io::{self, Write};

use serde::Serialize;

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// Writes `text` to standard output and flushes it.
///
/// A reader that has gone away, as in `rpclient list | head -1`, has seen what it wanted: the output is
/// cut short without a complaint.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_to_reader(text).map(drop)
}

/// The same where there is always more to come; says whether there is a reader yet.
pub(crate) fn print_to_reader(text: &str) -> Result<bool, Failure> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => {
            Err(Failure::new(ExitCode::Local, format!("cannot write the output: {error}")))
        }
    }
}

/// Writes `value` to standard output as indented JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| not_json(&error))?;
    print(&format!("{text}\n"))
}

/// `value` as JSON in one line.
pub(crate) fn json_line(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(value).map_err(|error| not_json(&error))?;
    Ok(text + "\n")
}

fn not_json(error: &serde_json::Error) -> Failure {
    Failure::new(ExitCode::Local, format!("cannot write the answer as JSON: {error}"))
}

/// Tells people something: each line of `message` on standard error, after `rpclient: `.
///
/// Control characters are left out, so that nothing that a server says can play with the terminal.
pub(crate) fn say(message: &str) {
    let mut text = String::new();
    for line in message.lines() {
        text.push_str("rpclient: ");
        text.extend(line.chars().filter(|character| !character.is_control()));
        text.push('\n');
    }
    // Where standard error is closed, nobody is left to be told.
    io::stderr().write_all(text.as_bytes()).ok();
}
