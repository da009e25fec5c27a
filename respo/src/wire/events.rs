//! What happens in a pool, as everyone may know it: no properties, no tokens.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::lease::EndReason;
use crate::names::{Label, Name, Text};
use crate::request::{Fence, Priority, RequestId};
use crate::time::Timestamp;

/// The place of an event among those of its pool: prints as `<epoch>-<number>`.
///
/// The epoch is that of the server's start: events of an earlier start are not kept. Within an epoch
/// numbers rise by one.
///
/// ```
/// use respo::wire::EventId;
/// let id: EventId = "1764316800000000-42".parse()?;
/// assert_eq!(id.number, 42);
/// assert_eq!(id.to_string(), "1764316800000000-42");
/// assert!("42".parse::<EventId>().is_err());
/// # Ok::<(), respo::wire::EventIdError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    /// When the pool was started, in microseconds since the Unix epoch.
    pub epoch: u64,
    /// Counted from 1.
    pub number: u64,
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.number)
    }
}

/// Why a text is not an [`EventId`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the id of an event; it is two numbers with - between them")]
pub struct EventIdError(String);

impl FromStr for EventId {
    type Err = EventIdError;

    fn from_str(text: &str) -> Result<Self, EventIdError> {
        let error = || EventIdError(text.to_owned());
        let number = |digits: &str| -> Result<u64, EventIdError> {
            let are_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            if are_digits { digits.parse().map_err(|_| error()) } else { Err(error()) }
        };
        let (epoch, rest) = text.split_once('-').ok_or_else(error)?;
        Ok(Self { epoch: number(epoch)?, number: number(rest)? })
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Something that happened in a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicEvent {
    /// Its place among those of its pool.
    pub id: EventId,
    /// When.
    pub time: Timestamp,
    /// Where.
    pub pool: Label,
    /// What.
    #[serde(flatten)]
    pub what: Happening,
}

/// What happened. `request` and `lease` are ids: a lease keeps that of its request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
#[non_exhaustive]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Happening {
    /// A request came in. Where it is granted at once, `granted` follows at the same time.
    Queued {
        /// Which one.
        request: RequestId,
        /// Who asks.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<Label>,
        /// What for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        description: Option<Text>,
        /// Who goes first.
        priority: Priority,
        /// What it asks for, requirement by requirement, in the short form.
        requirements: Vec<String>,
    },
    /// A request was granted.
    Granted {
        /// Which one.
        lease: RequestId,
        /// Its fence.
        fence: Fence,
        /// Who holds it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<Label>,
        /// The resources, per requirement.
        resources: Vec<Vec<Name>>,
    },
    /// A request ended while it waited.
    Withdrawn {
        /// Which one.
        request: RequestId,
        /// Who asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<Label>,
        /// Why.
        reason: EndReason,
    },
    /// A lease ended.
    Ended {
        /// Which one.
        lease: RequestId,
        /// Who held it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        holder: Option<Label>,
        /// What it held to the end.
        resources: Vec<Name>,
        /// Why.
        reason: EndReason,
    },
    /// A part of a lease was released; the rest goes on.
    PartlyReleased {
        /// Which one.
        lease: RequestId,
        /// What was released.
        resources: Vec<Name>,
    },
    /// A lease was given more time.
    Extended {
        /// Which one.
        lease: RequestId,
        /// When it ends now.
        expires: Timestamp,
    },
    /// A lease passed to another holder.
    Transferred {
        /// Which one.
        lease: RequestId,
        /// Who had it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<Label>,
        /// Who has it now.
        to: Label,
    },
    /// Somebody else may act on a lease from now on.
    Allowed {
        /// Which one.
        lease: RequestId,
        /// Who.
        who: Label,
    },
    /// Somebody else may not act on a lease any more.
    Disallowed {
        /// Which one.
        lease: RequestId,
        /// Who.
        who: Label,
    },
    /// The client of a request or lease is away, and may come back until then.
    Orphaned {
        /// Which one.
        id: RequestId,
        /// Until when.
        until: Timestamp,
    },
    /// A client has taken up a request or lease.
    Resumed {
        /// Which one.
        id: RequestId,
    },
    /// The inventory was replaced.
    Inventory {
        /// The revision in force.
        revision: u64,
    },
}

impl Happening {
    /// The stable name of what happened, as the surfaces show it: `what` of its JSON.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Granted { .. } => "granted",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Ended { .. } => "ended",
            Self::PartlyReleased { .. } => "partly_released",
            Self::Extended { .. } => "extended",
            Self::Transferred { .. } => "transferred",
            Self::Allowed { .. } => "allowed",
            Self::Disallowed { .. } => "disallowed",
            Self::Orphaned { .. } => "orphaned",
            Self::Resumed { .. } => "resumed",
            Self::Inventory { .. } => "inventory",
        }
    }
}
