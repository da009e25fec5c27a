//! The fields of a message, each of which is read once and as what it should be.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{DeserializeOwned, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::COMMON;
use crate::refused::Refused;

/// The most characters of what was sent that an answer repeats.
const MAX_REPEATED: usize = 100;

/// The fields of a message that have not been read yet.
pub(super) struct Fields<'m> {
    unread: BTreeMap<Cow<'m, str>, &'m RawValue>,
    /// What has been asked for: what there may be.
    known: Vec<&'static str>,
}

impl<'m> Fields<'m> {
    /// Takes a message apart, which must be one JSON object with each field once.
    pub(super) fn read(text: &'m str) -> Result<Self, Refused> {
        match serde_json::from_str(text) {
            Ok(Unread(unread)) => Ok(Self { unread, known: Vec::new() }),
            Err(error) if error.is_data() => Err(Refused::malformed("", &without_place(&error))),
            Err(error) => Err(Refused::malformed("", &format!("it is not JSON: {error}"))),
        }
    }

    /// The JSON of a field, if it is there.
    pub(super) fn take(&mut self, name: &'static str) -> Option<&'m str> {
        self.known.push(name);
        self.unread.remove(name).map(RawValue::get)
    }

    /// A field that may be left out, or be `null`.
    pub(super) fn optional<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
    ) -> Result<Option<T>, Refused> {
        let Some(json) = self.take(name) else {
            return Ok(None);
        };
        serde_json::from_str(json).map_err(|error| Refused::malformed(name, &without_place(&error)))
    }

    /// A field that must be there.
    pub(super) fn required<T: DeserializeOwned>(
        &mut self,
        name: &'static str,
    ) -> Result<T, Refused> {
        self.optional(name)?.ok_or_else(|| Refused::malformed(name, "it is missing"))
    }

    /// Refuses what nobody has asked for.
    pub(super) fn none_left(self, kind: &str) -> Result<(), Refused> {
        let Some(name) = self.unread.keys().next() else {
            return Ok(());
        };
        let known = self.known.iter().filter(|name| !COMMON.contains(name));
        let known: Vec<&str> = COMMON.iter().chain(known).copied().collect();
        let problem = format!("there is none of this name; a {kind:?} has {}", known.join(", "));
        Err(Refused::malformed(&short(name), &problem))
    }
}

/// Not more of what was sent than helps to find it, and nothing that would disturb a terminal.
pub(super) fn short(text: &str) -> String {
    let visible = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    let mut short: String = visible.take(MAX_REPEATED + 1).collect();
    if short.chars().count() > MAX_REPEATED {
        short.pop();
        short.push('…');
    }
    short
}

/// What serde_json says, without a place in a text that the client has never seen.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = message.strip_suffix(&place).unwrap_or(&message);
    // It may repeat what was sent, and says at its end what would be right.
    let length = message.chars().count();
    let visible = message.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c });
    if length <= 4 * MAX_REPEATED {
        return visible.collect();
    }
    let (start, end) =
        (visible.clone().take(2 * MAX_REPEATED), visible.skip(length - 2 * MAX_REPEATED));
    start.chain(['…']).chain(end).collect()
}

struct Unread<'m>(BTreeMap<Cow<'m, str>, &'m RawValue>);

/// The name of a field, which is seldom written with an escape.
#[derive(Deserialize)]
#[serde(transparent)]
struct FieldName<'m>(#[serde(borrow)] Cow<'m, str>);

impl<'de> Deserialize<'de> for Unread<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Once)
    }
}

struct Once;

impl<'de> Visitor<'de> for Once {
    type Value = Unread<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((FieldName(name), value)) = map.next_entry::<FieldName<'de>, &RawValue>()? {
            if fields.contains_key(&name) {
                return Err(A::Error::custom(format!("{:?} is given twice", short(&name))));
            }
            fields.insert(name, value);
        }
        Ok(Unread(fields))
    }
}
