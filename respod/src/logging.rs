//! The log: events on stderr, for people or as JSON.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::cli::LogFormat;

/// What must never be logged, whatever the filter: the messages on WebSockets, as they have tokens in them.
const SECRET: [&str; 2] = ["tungstenite=info", "tokio_tungstenite=info"];

/// Starts to log what `filter` lets through. An invalid filter has been refused before.
pub(crate) fn start(filter: &str, format: LogFormat) {
    let mut filter = EnvFilter::new(filter);
    for directive in SECRET {
        match directive.parse() {
            Ok(directive) => filter = filter.add_directive(directive),
            Err(error) => eprintln!("{directive} is no filter: {error}"),
        }
    }
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Human => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}
