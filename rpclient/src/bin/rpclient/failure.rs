//! A failure: what people read and the code that the shell gets.

use std::io;
use std::path::Path;

use rpclient::respo::wire::{Candidate, ResourceState};
use rpclient::{Error, Unmatched, UrlError};

use crate::exit_code::ExitCode;

/// Why rpclient could not do what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit_code: ExitCode,
    /// What went wrong, where, and how to mend it; may have several lines.
    pub(crate) message: String,
}

impl Failure {
    pub(crate) fn new(exit_code: ExitCode, message: impl Into<String>) -> Self {
        Self { exit_code, message: message.into() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(ExitCode::Usage, message)
    }

    /// `what` could not be done with `path`.
    pub(crate) fn file(what: &str, path: &Path, error: &io::Error) -> Self {
        Self::new(ExitCode::Local, format!("cannot {what} {}: {}", path.display(), plain(error)))
    }
}

impl From<UrlError> for Failure {
    fn from(error: UrlError) -> Self {
        Self::usage(format!("{error} (set --url or RESPO_URL)"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(exit_code(&error), message(&error))
    }
}

fn exit_code(error: &Error) -> ExitCode {
    match error {
        Error::Url(_) => ExitCode::Usage,
        Error::Unreachable { .. } => ExitCode::Unreachable,
        Error::Busy { .. } | Error::WaitExpired { .. } => ExitCode::Busy,
        Error::NoSuch { .. } => ExitCode::NoSuch,
        Error::InvalidInventory { .. } => ExitCode::InvalidInventory,
        Error::Lost(_) => ExitCode::Lost,
        Error::Protocol { .. } => ExitCode::Protocol,
        Error::Refused(problem) => match problem.code.as_str() {
            "no_such_pool" | "no_such_revision" => ExitCode::NoSuch,
            "pool_required" => ExitCode::Usage,
            _ => ExitCode::Refused,
        },
        _ => ExitCode::Refused,
    }
}

fn message(error: &Error) -> String {
    match error {
        Error::Unreachable { url, source } => unreachable(url, source),
        Error::Busy { detail, candidates, limit } => {
            let hint = "wait for it with --wait 10m, or without a limit by leaving --wait out";
            // Where a limit is the reason, nobody else is.
            let candidates = if limit.is_some() { &[] } else { candidates.as_slice() };
            format!("busy: {}\n{hint}", taken(detail, candidates))
        }
        Error::WaitExpired { detail } => format!("busy: {detail}"),
        Error::NoSuch { detail, parts } => {
            format!(
                "no such resource: {}\n'rpclient list' shows what there is",
                unmatched(detail, parts)
            )
        }
        Error::Protocol { url, .. } => format!("{error}\nis {url} the address of a respod?"),
        Error::Refused(problem) => match problem.code.as_str() {
            "unauthorized" => {
                format!("{error}\ngive the administrator's token with --admin-token-file FILE")
            }
            "no_such_revision" => {
                format!("{error}\n'rpclient inventory revisions' lists those there are")
            }
            "pool_required" => format!("{error}\nname it with --pool or RESPO_POOL"),
            code => format!("respod refuses: {error} ({code})"),
        },
        other => other.to_string(),
    }
}

fn unreachable(url: &str, source: &io::Error) -> String {
    let mut text = format!("cannot reach respod at {url}: {}", plain(source));
    text.push_str(match source.kind() {
        io::ErrorKind::ConnectionRefused => "; is it running? set --url or RESPO_URL",
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => "",
        _ => "; set --url or RESPO_URL",
    });
    text
}

/// The system's words without its number: `connection refused`, not `Connection refused (os error 111)`.
pub(crate) fn plain(error: &io::Error) -> String {
    plain_text(&error.to_string())
}

/// The same of what a system's error has already been made into.
pub(crate) fn plain_text(text: &str) -> String {
    let words = text.split(" (os error ").next().unwrap_or(text);
    let mut characters = words.chars();
    match characters.next() {
        Some(first) => first.to_lowercase().chain(characters).collect(),
        None => text.to_owned(),
    }
}

/// The detail, or, where it is known of which requirements the parts are, a line for each of them.
fn unmatched(detail: &str, parts: &[Unmatched]) -> String {
    if parts.iter().all(|part| part.requirement.is_none()) {
        return detail.to_owned();
    }
    let line = |part: &Unmatched| match part.requirement {
        Some(number) => format!("\n  requirement {number}: {}", part.detail),
        None => format!("\n  {}", part.detail),
    };
    format!("nothing can satisfy the request{}", parts.iter().map(line).collect::<String>())
}

/// The detail, or a line for each of those who have what is missing, where the server listed them.
fn taken(detail: &str, candidates: &[Candidate]) -> String {
    if candidates.is_empty() {
        return detail.to_owned();
    }
    let is_free = |candidate: &Candidate| candidate.state == ResourceState::Free;
    let mut text = String::from(match candidates.iter().any(is_free) {
        false => "every matching resource is taken",
        true => "not enough of what matches is free",
    });
    for candidate in candidates {
        if let Some(why) = why_taken(candidate) {
            text.push_str(&format!("\n  {} is {why}", candidate.resource));
        }
    }
    text
}

fn why_taken(candidate: &Candidate) -> Option<String> {
    if let Some(waiter) = &candidate.held_back_for {
        return Some(match &waiter.holder {
            Some(holder) => format!("held back for {holder}, who waits for more"),
            None => format!("held back for request {}, which waits for more", waiter.id),
        });
    }
    let lease = candidate.lease.as_ref()?;
    let mut text = String::from(match candidate.state {
        ResourceState::Collateral => "wired to what is held",
        _ => "held",
    });
    if let Some(holder) = &lease.holder {
        text.push_str(&format!(" by {holder}"));
    }
    text.push_str(&format!(" since {}", lease.since));
    if let Some(description) = &lease.description {
        text.push_str(&format!(": {description}"));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn busy(candidates: Value) -> String {
        let candidates: Vec<Candidate> = serde_json::from_value(candidates).unwrap();
        taken("what the server said", &candidates)
    }

    #[test]
    fn each_of_those_who_have_what_is_missing_is_a_line() {
        let lease = json!({"id": 1, "fence": 1, "holder": "alice", "description": "nightly",
            "since": "2026-11-21T08:10:02Z"});
        assert_eq!(
            busy(json!([
                {"resource": "a", "state": "leased", "lease": lease},
                {"resource": "b", "state": "collateral", "lease": lease},
                {"resource": "c", "state": "held_back", "held_back_for": {"id": 7, "holder": "bob"}},
                {"resource": "d", "state": "held_back", "held_back_for": {"id": 8}}
            ])),
            "every matching resource is taken
  a is held by alice since 2026-11-21T08:10:02.000Z: nightly
  b is wired to what is held by alice since 2026-11-21T08:10:02.000Z: nightly
  c is held back for bob, who waits for more
  d is held back for request 8, which waits for more"
        );
        let free = busy(json!([{"resource": "a", "state": "free"}]));
        assert_eq!(free, "not enough of what matches is free");
        assert_eq!(busy(json!([])), "what the server said");
    }
}
