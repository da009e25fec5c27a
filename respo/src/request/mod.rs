//! What a client asks for, and how long it waits and holds.

pub(crate) mod draft;
mod json;
mod lists;
mod requirement;
mod sizes;
pub mod text;
mod wait;

pub use json::RequestJsonError;
pub use requirement::{
    MAX_KEYS, MAX_REQUESTED, MAX_REQUIREMENTS, MAX_STACK_LABELS, Requirement, RequirementError,
    Wanted,
};
#[cfg(feature = "engine")]
pub(crate) use sizes::check_sizes;
pub use text::RequirementTextError;
pub use wait::{Wait, WaitError};

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::inventory::Resource;
use crate::names::{Label, Name, Text};
use crate::selector::Selector;

/// The most tags that a request may carry.
pub const MAX_TAGS: usize = 32;

/// The id of a request and of the lease that it becomes. It rises with every request of a pool.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RequestId(pub u64);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A number that rises with every grant in a pool: a device can refuse one smaller than it has seen.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fence(pub u64);

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who goes first: −1000…1000, higher first, 0 unless said otherwise.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "i64", into = "i64")]
pub struct Priority(i16);

/// A priority outside of −1000…1000.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a priority; it is a whole number from -1000 to 1000, higher goes first")]
pub struct PriorityError(pub String);

impl Priority {
    /// Checks the range.
    ///
    /// # Errors
    /// [`PriorityError`] outside of −1000…1000.
    pub fn new(value: i64) -> Result<Self, PriorityError> {
        match i16::try_from(value) {
            Ok(small) if (-1000..=1000).contains(&small) => Ok(Self(small)),
            _ => Err(PriorityError(value.to_string())),
        }
    }

    /// The number.
    #[must_use]
    pub fn value(self) -> i16 {
        self.0
    }
}

impl std::str::FromStr for Priority {
    type Err = PriorityError;
    fn from_str(text: &str) -> Result<Self, PriorityError> {
        let value: i64 = text.trim().parse().map_err(|_| PriorityError(format!("{text:?}")))?;
        Self::new(value)
    }
}

impl TryFrom<i64> for Priority {
    type Error = PriorityError;
    fn try_from(value: i64) -> Result<Self, PriorityError> {
        Self::new(value)
    }
}

impl From<Priority> for i64 {
    fn from(priority: Priority) -> i64 {
        i64::from(priority.0)
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What keeps a request and its lease alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hold {
    /// The session's connection. When that ends, the lease stays for `linger`, so that the client can
    /// come back for it with its token.
    Connection {
        /// Zero: the lease ends with the connection.
        linger: Duration,
    },
    /// Renewal: it belongs to no connection, and ends when it is not renewed for so long. While it waits,
    /// a session that follows it keeps it, too.
    Ttl {
        /// At least [`MIN_TTL`].
        ttl: Duration,
    },
}

/// The shortest time for which a lease may be kept alive by renewal: one second.
pub const MIN_TTL: Duration = Duration::from_secs(1);

impl Default for Hold {
    fn default() -> Self {
        Self::Connection { linger: Duration::ZERO }
    }
}

/// What a client asks for: granted all together or not at all.
///
/// As JSON, which is what clients send and stores keep, it is a map of what was asked for; see
/// [`from_json`](Self::from_json):
///
/// ```
/// use respo::{Name, Request, Selector};
/// let request = Request::one(Selector::named(Name::new("bench-1")?));
/// let text = serde_json::to_string(&request)?;
/// assert_eq!(text, r#"{"requirements":[{"resource":"bench-1"}]}"#);
/// assert_eq!(serde_json::from_str::<Request>(&text)?, request);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What is needed: checked, so the list is closed.
    requirements: Vec<Requirement>,
    /// Who goes first.
    pub priority: Priority,
    /// What it is for; others see it while they wait.
    pub description: Option<Text>,
    /// Who asks; others see it while they wait.
    pub holder: Option<Label>,
    /// Free-form keys and values.
    pub tags: BTreeMap<Label, Text>,
    /// How long to wait for the grant.
    pub wait: Wait,
    /// What keeps it alive.
    pub hold: Hold,
    /// The lease ends at the latest this long after its grant.
    pub max_duration: Option<Duration>,
}

impl Request {
    /// A request for one resource that matches `selector`.
    #[must_use]
    pub fn one(selector: Selector) -> Self {
        Self::of(vec![Requirement::one(selector)])
    }

    /// A request for all of `requirements` together.
    ///
    /// # Errors
    /// [`RequirementError`] if there is none, or too much of something, or a key is there twice.
    pub fn new(requirements: Vec<Requirement>) -> Result<Self, RequirementError> {
        requirement::check(&requirements)?;
        Ok(Self::of(requirements))
    }

    fn of(requirements: Vec<Requirement>) -> Self {
        Self {
            requirements,
            priority: Priority::default(),
            description: None,
            holder: None,
            tags: BTreeMap::new(),
            wait: Wait::default(),
            hold: Hold::default(),
            max_duration: None,
        }
    }

    /// Asks for all of `requirements` instead.
    ///
    /// # Errors
    /// As for [`new`](Self::new); nothing has changed then.
    pub fn set_requirements(
        &mut self,
        requirements: Vec<Requirement>,
    ) -> Result<(), RequirementError> {
        requirement::check(&requirements)?;
        self.requirements = requirements;
        Ok(())
    }

    /// How many resources are needed in all.
    #[must_use]
    pub fn requested(&self) -> usize {
        self.requirements.iter().map(|requirement| usize::from(requirement.count)).sum()
    }

    /// The resource that exists under a key that is not in the inventory, while it is asked for or held:
    /// its properties are the request's tags.
    #[must_use]
    pub fn ephemeral(&self, key: Name) -> Resource {
        let mut resource = Resource::new(key);
        let tags = self.tags.iter();
        let property = |(tag, text): (&Label, &Text)| (tag.to_string(), text.as_str().into());
        resource.properties = tags.map(property).collect();
        resource
    }

    /// What is needed.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// How long the request outlives its session, if it belongs to one.
    #[must_use]
    pub fn linger(&self) -> Duration {
        match self.hold {
            Hold::Connection { linger } => linger,
            Hold::Ttl { .. } => Duration::ZERO,
        }
    }

    /// How long it lives without being renewed, if that is what keeps it alive.
    #[must_use]
    pub fn ttl(&self) -> Option<Duration> {
        match self.hold {
            Hold::Connection { .. } => None,
            Hold::Ttl { ttl } => Some(ttl),
        }
    }
}
