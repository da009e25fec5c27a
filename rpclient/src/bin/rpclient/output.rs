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
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(ExitCode::Local, format!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes `value` to standard output as indented JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value);
    let text = text.map_err(|error| {
        Failure::new(ExitCode::Local, format!("cannot write the answer as JSON: {error}"))
    })?;
    print(&format!("{text}\n"))
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
