//! Reads what a client says. Every mistake is told with its place, so that the connection can live on.

mod fields;

use respo::wire::socket::{ClientMessage, Listed, MAX_REF_CHARS};
use respo::wire::{Problem, ProblemKind};
use respo::{IdempotencyKeyError, Request, RequestJsonError};

use crate::refused::Refused;
use fields::Fields;

/// What every type has.
const COMMON: [&str; 2] = ["type", "ref"];

/// The types of messages that there are.
const TYPES: [&str; 12] = [
    "request",
    "resume",
    "cancel",
    "release",
    "renew",
    "extend",
    "transfer",
    "allow",
    "disallow",
    "subscribe",
    "unsubscribe",
    "list",
];

/// Why a message is not understood.
#[derive(Debug)]
pub(crate) struct NotUnderstood {
    /// Its `ref`, as far as it can be read and is a valid one.
    pub(crate) reference: Option<String>,
    pub(crate) problem: Refused,
}

/// What was sent as bytes.
pub(crate) fn binary() -> Refused {
    Refused::malformed("", "it is binary; every message is a JSON object in a text message")
}

/// A `ref` that is in use.
pub(crate) fn in_use(reference: &str) -> Refused {
    Refused::malformed("ref", &format!("{reference:?} is open on this connection; use another"))
}

/// An `idempotency_key` that is none.
pub(crate) fn bad_key(error: &IdempotencyKeyError) -> Refused {
    Refused::malformed("idempotency_key", &error.to_string())
}

/// A `subscription` that is none.
pub(crate) fn no_subscription(reference: &str) -> Refused {
    let reference = fields::short(reference);
    Refused::malformed(
        "subscription",
        &format!("there is no subscription {reference:?} on this connection"),
    )
}

/// Reads a text message.
pub(crate) fn message(text: &str) -> Result<ClientMessage, NotUnderstood> {
    let anonymous = |problem| NotUnderstood { reference: None, problem };
    let mut fields = Fields::read(text).map_err(anonymous)?;
    let reference = reference(&mut fields).map_err(anonymous)?;
    let understood = match kind(&mut fields) {
        Ok(kind) => of_kind(kind, reference.clone(), fields),
        Err(problem) => Err(problem),
    };
    understood.map_err(|problem| NotUnderstood { reference: Some(reference), problem })
}

fn reference(fields: &mut Fields<'_>) -> Result<String, Refused> {
    let reference: String = fields.required("ref")?;
    let length = reference.chars().count();
    match length {
        0 => {
            Err(Refused::malformed("ref", "it is empty; use a text that no other open message has"))
        }
        1..=MAX_REF_CHARS => Ok(reference),
        _ => {
            let problem = format!("it has {length} characters, and {MAX_REF_CHARS} at most may be");
            Err(Refused::malformed("ref", &problem))
        }
    }
}

fn kind(fields: &mut Fields<'_>) -> Result<&'static str, Refused> {
    let kind: String = fields.required("type")?;
    TYPES.into_iter().find(|known| *known == kind).ok_or_else(|| {
        let known = TYPES.join(", ");
        Refused::malformed(
            "type",
            &format!("there is no {:?}; there are {known}", fields::short(&kind)),
        )
    })
}

fn of_kind(
    kind: &str,
    reference: String,
    mut fields: Fields<'_>,
) -> Result<ClientMessage, Refused> {
    let f = &mut fields;
    let message = match kind {
        "request" => ClientMessage::Request {
            reference,
            pool: f.optional("pool")?,
            request: request(f)?,
            idempotency_key: f.optional("idempotency_key")?,
        },
        "resume" => ClientMessage::Resume {
            reference,
            pool: f.optional("pool")?,
            token: f.required("token")?,
        },
        "subscribe" => ClientMessage::Subscribe {
            reference,
            pool: f.optional("pool")?,
            after: f.optional("after")?,
        },
        "unsubscribe" => {
            ClientMessage::Unsubscribe { reference, subscription: f.required("subscription")? }
        }
        "list" => list(reference, f)?,
        _ => about_lease(kind, reference, f)?,
    };
    fields.none_left(kind)?;
    Ok(message)
}

/// Those that name a request or lease.
fn about_lease(
    kind: &str,
    reference: String,
    f: &mut Fields<'_>,
) -> Result<ClientMessage, Refused> {
    let id = f.required("id")?;
    let pool = f.optional("pool")?;
    let token = f.optional("token")?;
    Ok(match kind {
        "cancel" => ClientMessage::Cancel { reference, id, pool, token },
        "release" => {
            let resources = f.optional("resources")?.unwrap_or_default();
            ClientMessage::Release { reference, id, pool, token, resources }
        }
        "renew" => ClientMessage::Renew { reference, id, pool, token, ttl: f.optional("ttl")? },
        "extend" => ClientMessage::Extend { reference, id, pool, token, by: f.required("by")? },
        "transfer" => ClientMessage::Transfer { reference, id, pool, token, to: f.required("to")? },
        "allow" => ClientMessage::Allow { reference, id, pool, token, who: f.required("who")? },
        _ => ClientMessage::Disallow { reference, id, pool, token, who: f.required("who")? },
    })
}

fn list(reference: String, f: &mut Fields<'_>) -> Result<ClientMessage, Refused> {
    let (of, pool) = (f.required("of")?, f.optional("pool")?);
    let query: Option<String> = f.optional("query")?;
    if query.is_some() && of != Listed::Resources {
        return Err(Refused::malformed("query", "it goes with a list of resources only"));
    }
    Ok(ClientMessage::List { reference, of, pool, query })
}

/// What is asked for, whose mistakes are told as those in the body of `POST /lock`.
fn request(fields: &mut Fields<'_>) -> Result<Request, Refused> {
    let Some(json) = fields.take("request") else {
        return Err(Refused::malformed("request", "it is missing; it says what is asked for"));
    };
    Request::from_json(json.as_bytes()).map_err(|error| {
        let RequestJsonError { path, problem } = error;
        let place = if path.is_empty() { String::new() } else { format!(" at {path}") };
        let detail = format!("the request{place}: {problem}");
        Problem::new(ProblemKind::Malformed, detail).with("path", path).into()
    })
}

#[cfg(test)]
mod tests;
