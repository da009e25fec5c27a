//! How long a request waits.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::time::HumanDuration;

/// How long a request waits for its grant.
///
/// Written as `0`, as a duration, or as `forever`:
///
/// ```
/// use respo::Wait;
/// assert_eq!("0".parse(), Ok(Wait::No));
/// assert_eq!("10m".parse::<Wait>().unwrap().to_string(), "10m");
/// assert_eq!(Wait::Forever.to_string(), "forever");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wait {
    /// It is granted at once or refused as `busy`.
    No,
    /// It ends with `wait_expired` if it has not been granted by then. Zero is the same as [`No`](Self::No).
    UpTo(Duration),
    /// Until it is granted or its session ends.
    #[default]
    Forever,
}

/// Why a text does not say how long to wait.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}, or \"forever\"")]
pub struct WaitError(#[from] crate::time::DurationError);

impl FromStr for Wait {
    type Err = WaitError;

    fn from_str(text: &str) -> Result<Self, WaitError> {
        if text == "forever" {
            return Ok(Self::Forever);
        }
        match text.parse()? {
            HumanDuration(Duration::ZERO) => Ok(Self::No),
            HumanDuration(limit) => Ok(Self::UpTo(limit)),
        }
    }
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forever => f.pad("forever"),
            Self::No | Self::UpTo(Duration::ZERO) => f.pad("0"),
            Self::UpTo(limit) => HumanDuration(*limit).fmt(f),
        }
    }
}
