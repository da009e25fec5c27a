//! What is measured: a server, and how it is spoken to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A server, and the surface of it where it has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Subject {
    Respod {
        store: Store,
        surface: Surface,
    },
    Redis {
        disk: Disk,
    },
    /// A WebSocket that says back what it is told.
    Echo,
    /// A warp endpoint that answers and does nothing.
    Warp,
}

/// Where respod keeps leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Store {
    /// On the disk, each before it is told.
    Sqlite,
    Memory,
}

/// How respod is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    Lock,
    Ws,
    V1,
}

/// Whether Redis writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disk {
    /// Nothing.
    Never,
    /// Each command before it is answered: `appendfsync always`.
    Always,
}

/// Every subject, by its name.
const NAMES: [(&str, Subject); 10] = [
    ("respod-sqlite/lock", Subject::Respod { store: Store::Sqlite, surface: Surface::Lock }),
    ("respod-sqlite/ws", Subject::Respod { store: Store::Sqlite, surface: Surface::Ws }),
    ("respod-sqlite/v1", Subject::Respod { store: Store::Sqlite, surface: Surface::V1 }),
    ("respod-memory/lock", Subject::Respod { store: Store::Memory, surface: Surface::Lock }),
    ("respod-memory/ws", Subject::Respod { store: Store::Memory, surface: Surface::Ws }),
    ("respod-memory/v1", Subject::Respod { store: Store::Memory, surface: Surface::V1 }),
    ("redis-never", Subject::Redis { disk: Disk::Never }),
    ("redis-always", Subject::Redis { disk: Disk::Always }),
    ("echo", Subject::Echo),
    ("warp", Subject::Warp),
];

impl Subject {
    /// How it is written on the command line and in the results.
    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, subject)| *subject == self).map_or("", |(name, _)| name)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.name().to_owned()
    }
}

impl TryFrom<String> for Subject {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}

impl FromStr for Subject {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = NAMES.iter().find(|(name, _)| *name == text);
        named.map(|(_, subject)| *subject).ok_or_else(|| {
            let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            format!("{text:?} is nothing that is measured; it is one of {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_back_from_its_name() {
        for (name, subject) in NAMES {
            assert_eq!(subject.to_string(), name);
            assert_eq!(name.parse(), Ok(subject));
        }
        assert!("redis".parse::<Subject>().is_err());
    }
}
