//! What clients were told, and whether a store still has it.

use std::collections::BTreeMap;

use respo::wire::{Event, Overview};
use respo::{EndReason, Fence, Label, RequestId, Token, TokenDigest};
use serde_json::Value;

use super::kept::Kept;

/// Something that a client was told, and that must be true from then on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Fact {
    /// It waits, and its token is good.
    Queued { pool: Label, id: RequestId, token: Option<TokenDigest> },
    /// It was granted, and its token is good.
    Granted { pool: Label, id: RequestId, fence: Fence, token: Option<TokenDigest> },
    /// It has ended; why is not always told.
    Ended { pool: Label, id: RequestId, reason: Option<EndReason> },
    /// This revision of the inventory is in force.
    InForce { pool: Label, revision: u64 },
}

impl Fact {
    /// Whether the store still knows of it, be it as history.
    ///
    /// # Errors
    /// What is wrong.
    pub(crate) fn holds(&self, kept: &Kept) -> Result<(), String> {
        let verdict = match self {
            Self::Queued { pool, id, token } => kept.has(pool, *id, None, *token),
            Self::Granted { pool, id, fence, token } => kept.has(pool, *id, Some(*fence), *token),
            Self::Ended { pool, id, reason } => kept.has_ended(pool, *id, *reason),
            Self::InForce { pool, revision } => {
                let found = kept.pools.get(pool).map_or(0, |state| state.revision);
                if found >= *revision { Ok(()) } else { Err(format!("revision {found}")) }
            }
        };
        verdict
            .map_err(|problem| format!("a client was told {self:?}, and the store has {problem}"))
    }
}

/// The conversations of a respod with its clients, each over a socket of its own.
#[derive(Debug, Default)]
pub(crate) struct Conversations {
    requests: BTreeMap<String, String>,
}

impl Conversations {
    /// Takes what respod has read from a socket.
    pub(crate) fn heard(&mut self, socket: &str, bytes: &[u8]) {
        let request = self.requests.entry(socket.to_owned()).or_default();
        request.push_str(&String::from_utf8_lossy(bytes));
    }

    /// What the client learns from what respod writes to a socket.
    pub(crate) fn said(&self, socket: &str, bytes: &[u8]) -> Vec<Fact> {
        let text = String::from_utf8_lossy(bytes);
        let request = self.requests.get(socket).map_or("", String::as_str);
        let mut facts = Vec::new();
        if text.starts_with("HTTP/1.1 204") {
            let path = request.strip_prefix("DELETE /v1/leases/").expect("a release");
            let id = path.split('?').next().and_then(|id| id.parse().ok()).expect("an id");
            facts.push(Fact::Ended { pool: pool_of(request), id: RequestId(id), reason: None });
        }
        for (start, _) in text.match_indices("{\"event\":") {
            let event = first_value(&text[start..]);
            let event = serde_json::from_value(event).expect("an event");
            facts.extend(told(event, || pool_of(request)));
        }
        if let Some(start) = text.find("{\"dry_run\":false") {
            let report = first_value(&text[start..]);
            for pool in report["pools"].as_array().expect("pools") {
                let revision = pool["revision"].as_u64().expect("a revision");
                let name = pool["name"].as_str().expect("a name");
                facts.push(Fact::InForce { pool: Label::new(name).unwrap(), revision });
            }
        }
        if let Some(start) = text.find("{\"version\":") {
            let overview = serde_json::from_value(first_value(&text[start..]));
            facts.extend(shown(overview.expect("an overview")));
        }
        facts
    }
}

/// What everybody may see.
fn shown(overview: Overview) -> Vec<Fact> {
    let mut facts = Vec::new();
    for pool in overview.pools {
        let name = || pool.name.clone();
        let leases = pool.resources.iter().filter_map(|resource| resource.lease.as_ref());
        facts.extend(leases.map(|lease| Fact::Granted {
            pool: name(),
            id: lease.id,
            fence: lease.fence,
            token: None,
        }));
        let waiting = pool.waiting.iter();
        facts.extend(waiting.map(|it| Fact::Queued { pool: name(), id: it.id, token: None }));
        facts.push(Fact::InForce { pool: name(), revision: pool.revision });
    }
    facts
}

fn told(event: Event, pool: impl Fn() -> Label) -> Option<Fact> {
    let digest = |token: String| Token::presented(token).digest();
    match event {
        Event::Queued { request } => {
            Some(Fact::Queued { pool: pool(), id: request.id, token: request.token.map(digest) })
        }
        Event::Granted { lease } => Some(Fact::Granted {
            pool: lease.pool,
            id: lease.id,
            fence: lease.fence,
            token: Some(digest(lease.token)),
        }),
        Event::Ended { reason: EndReason::TakenOver, .. } => None,
        Event::Ended { id, reason, .. } => {
            Some(Fact::Ended { pool: pool(), id, reason: Some(reason) })
        }
        _ => None,
    }
}

fn pool_of(request: &str) -> Label {
    let line = request.lines().next().unwrap_or_default();
    let (_, rest) = line.split_once("pool=").unwrap_or_else(|| panic!("no pool in {line:?}"));
    let end = rest.find(['&', ' ']).expect("the end of the path");
    Label::new(&rest[..end]).unwrap()
}

/// The JSON that a text begins with.
fn first_value(text: &str) -> Value {
    let mut values = serde_json::Deserializer::from_str(text).into_iter();
    values.next().expect("a value").unwrap_or_else(|error| panic!("{error}: {text}"))
}
