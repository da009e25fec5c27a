//! Reads what is said of a request, the lines of a lock stream or messages of a WebSocket, and takes the
//! secrets out of it.
//!
//! A later respod may say more than this version knows: unknown keys and events are left out, and a
//! reason of an unknown kind still ends the lease.

use std::fmt;
use std::time::Duration;

use respo::wire::{Event, GrantedLease, Problem, QueuedRequest};
use respo::{EndReason, Token};
use serde::{Deserialize, de};
use serde_json::Value;

/// Why the server ended a request or a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ending {
    /// The reason, as far as this version knows it.
    pub reason: Option<EndReason>,
    /// The stable name of the reason, as the server gave it.
    pub code: String,
    /// The reason as a sentence for people.
    pub detail: String,
}

impl Ending {
    pub(crate) fn new(code: impl Into<String>, detail: String) -> Self {
        let code = code.into();
        let reason = EndReason::deserialize(Value::String(code.clone())).ok();
        Self { reason, code, detail }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.detail.is_empty() { &self.code } else { &self.detail })
    }
}

/// One line of a lock stream, or one message about a request. The tokens have been taken out of what is shown to callers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LineEvent {
    Queued {
        place: QueuedRequest,
        token: Option<Token>,
    },
    Granted {
        lease: Box<GrantedLease>,
        token: Token,
    },
    Heartbeat,
    Draining {
        deadline: Duration,
    },
    /// The connection is about to end, and the request outlives it. A token is good for `grace` once the
    /// server is back.
    Restarting {
        grace: Duration,
    },
    Ended(Ending),
    /// The server refuses what the request's message asked for. In a lock stream there is none: there, the
    /// call is answered with it.
    Refused(Box<Problem>),
}

/// Reads one line. `None`: an event that this version does not know.
pub(crate) fn read_line(line: &[u8]) -> Result<Option<LineEvent>, serde_json::Error> {
    read_event(serde_json::from_slice(line)?)
}

/// The same of what has been read as JSON.
pub(crate) fn read_event(mut value: Value) -> Result<Option<LineEvent>, serde_json::Error> {
    let kind = value.get("event").and_then(Value::as_str).unwrap_or_default().to_owned();
    match kind.as_str() {
        "ended" => return read_ending(value).map(|ending| Some(LineEvent::Ended(ending))),
        "error" => {
            let problem = serde_json::from_value(value["problem"].take())?;
            return Ok(Some(LineEvent::Refused(Box::new(problem))));
        }
        "queued" | "granted" | "heartbeat" | "draining" | "restarting" => {}
        _ => return Ok(None),
    }
    Ok(match serde_json::from_value(value)? {
        Event::Queued { request: mut place } => {
            let token = place.token.take().map(Token::presented);
            Some(LineEvent::Queued { place, token })
        }
        Event::Granted { mut lease } => {
            let token = take_token(&mut lease)?;
            Some(LineEvent::Granted { lease: Box::new(lease), token })
        }
        Event::Heartbeat { .. } => Some(LineEvent::Heartbeat),
        Event::Draining { deadline_seconds } => {
            Some(LineEvent::Draining { deadline: Duration::from_secs(deadline_seconds) })
        }
        Event::Restarting { grace_seconds } => {
            Some(LineEvent::Restarting { grace: Duration::from_secs(grace_seconds) })
        }
        _ => None,
    })
}

/// Takes the token out of a lease, and sees to it that the lease has resources.
pub(crate) fn take_token(lease: &mut GrantedLease) -> Result<Token, serde_json::Error> {
    // An earlier respod knows of requests for one resource only.
    if lease.resources.is_empty() {
        lease.resources = vec![lease.resource.iter().cloned().collect()];
    }
    if lease.all().next().is_none() {
        return Err(de::Error::custom("a lease without a resource"));
    }
    Ok(Token::presented(std::mem::take(&mut lease.token)))
}

fn read_ending(value: Value) -> Result<Ending, serde_json::Error> {
    #[derive(Deserialize)]
    struct Ended {
        reason: String,
        #[serde(default)]
        detail: String,
    }
    let ended: Ended = serde_json::from_value(value)?;
    Ok(Ending::new(ended.reason, ended.detail))
}

#[cfg(test)]
mod tests {
    use respo::wire::ResourceState;

    use super::*;

    #[test]
    fn unknown_events_and_keys_are_skipped() {
        assert_eq!(read_line(br#"{"event":"weather","sky":"blue"}"#).unwrap(), None);
        assert_eq!(read_line(br#"{"no":"event"}"#).unwrap(), None);
        let heartbeat = br#"{"event":"heartbeat","time":"2026-11-21T08:15:35Z","mood":"good"}"#;
        assert_eq!(read_line(heartbeat).unwrap(), Some(LineEvent::Heartbeat));
        assert!(read_line(b"<html>").is_err());
    }

    #[test]
    fn a_state_that_is_not_known_does_not_spoil_the_line() {
        let line = br#"{"event":"queued","request":{"id":2,"token":"secret","position":1,"of":1,
            "since":"2026-11-21T08:15:30Z","candidates_total":2,"candidates":[
            {"resource":"bench-1","state":"leased"},{"resource":"bench-2","state":"on fire"}]}}"#;
        let Some(LineEvent::Queued { place, token }) = read_line(line).unwrap() else { panic!() };
        let states: Vec<_> = place.candidates.iter().map(|one| one.state).collect();
        assert_eq!(states, [ResourceState::Leased, ResourceState::Unknown]);
        assert_eq!(place.candidates_total, 2);
        assert_eq!(token.unwrap().reveal(), "secret");
        assert_eq!(place.token, None);
    }

    #[test]
    fn an_end_for_a_reason_that_is_not_known_is_still_an_end() {
        let line = br#"{"event":"ended","id":1,"reason":"earthquake","detail":"the ground shook"}"#;
        let Some(LineEvent::Ended(ending)) = read_line(line).unwrap() else { panic!() };
        assert_eq!((ending.reason, ending.code.as_str()), (None, "earthquake"));
        assert_eq!(ending.to_string(), "the ground shook");
    }

    #[test]
    fn what_is_read_never_prints_a_token() {
        let line = br#"{"event":"granted","lease":{"id":1,"token":"secret","fence":1,"pool":"lab",
            "resource":{"name":"bench-1"},"since":"2026-11-21T08:15:30Z"}}"#;
        let event = read_line(line).unwrap().unwrap();
        assert!(!format!("{event:?}").contains("secret"));
    }
}
