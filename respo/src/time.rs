//! Points in time, as the engine is given them, and durations, as people write them.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A point in time: microseconds since the Unix epoch.
///
/// The broker's clock reads the wall clock once, when it starts, and counts on from there with a
/// monotonic clock: within a run, time never jumps and never goes back. Over a restart it goes on
/// where it was, as far as the store can tell how much time has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The point `micros` microseconds after the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// This point and `duration`; the end of time where that would overflow.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)))
    }

    /// This point on a clock that shows `to` when this one shows `from`.
    #[must_use]
    pub fn moved(self, from: Self, to: Self) -> Self {
        if to >= from {
            Self(self.0.saturating_add(to.0 - from.0))
        } else {
            Self(self.0.saturating_sub(from.0 - to.0))
        }
    }

    /// How long it is from `earlier` to this point; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// As a calendar time; the latest one that has a calendar date where this is later.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        i64::try_from(self.0)
            .ok()
            .and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok())
            .unwrap_or(jiff::Timestamp::MAX)
    }
}

/// RFC 3339, with any offset.
impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let time: jiff::Timestamp =
            text.parse().map_err(|error: jiff::Error| TimestampError(error.to_string()))?;
        u64::try_from(time.as_microsecond())
            .map(Self)
            .map_err(|_| TimestampError("it is before 1970".to_owned()))
    }
}

/// RFC 3339 in UTC with milliseconds: `2026-11-21T08:15:30.250Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.to_jiff())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.6}", self.to_jiff()))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Why a string is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not a time such as 2026-11-21T08:15:30Z: {0}")]
pub struct TimestampError(String);

/// The longest duration that a request may name: 366 days.
pub const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 3600);

/// Why a string is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// It does not have the form of one.
    #[error("{0:?} is not a duration; write seconds (90) or units (500ms, 30s, 10m, 1h30m, 2d)")]
    Malformed(String),
    /// It is longer than [`MAX_DURATION`].
    #[error("{0:?} is longer than the longest duration, 366 days")]
    TooLong(String),
}

/// A duration as people write it: `90` (seconds), `500ms`, `30s`, `10m`, `1h30m`, `2d`.
///
/// It prints in the same form, the largest units first, and reads back the same.
///
/// ```
/// use respo::HumanDuration;
/// let wait: HumanDuration = "1h30m".parse()?;
/// assert_eq!(wait.0.as_secs(), 5400);
/// assert_eq!(wait.to_string(), "1h30m");
/// assert!("soon".parse::<HumanDuration>().is_err());
/// # Ok::<(), respo::DurationError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanDuration(pub Duration);

/// In microseconds.
const UNITS: [(&str, u64); 6] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

impl FromStr for HumanDuration {
    type Err = DurationError;

    fn from_str(text: &str) -> Result<Self, DurationError> {
        let malformed = || DurationError::Malformed(text.to_owned());
        let too_long = || DurationError::TooLong(text.to_owned());
        let mut micros: u64 = 0;
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(malformed());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (number, tail) = rest.split_at(digits);
            if number.is_empty() {
                return Err(malformed());
            }
            let number: u64 = number.parse().map_err(|_| too_long())?;
            let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
            let (unit, tail) = tail.split_at(letters);
            let factor = match unit {
                "" if rest.len() == digits && rest.len() == text.trim().len() => 1_000_000,
                _ => UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(malformed)?.1,
            };
            micros = number
                .checked_mul(factor)
                .and_then(|part| micros.checked_add(part))
                .ok_or_else(too_long)?;
            rest = tail.trim_start();
        }
        let duration = Duration::from_micros(micros);
        if duration > MAX_DURATION { Err(too_long()) } else { Ok(Self(duration)) }
    }
}

impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded up: what is longer than nothing must not read back as nothing.
        let micros = self.0.as_nanos().div_ceil(1_000);
        let mut micros = u64::try_from(micros).unwrap_or(u64::MAX);
        if micros == 0 {
            return f.pad("0s");
        }
        let mut text = String::new();
        for (unit, factor) in UNITS {
            if micros >= factor {
                text.push_str(&format!("{}{unit}", micros / factor));
                micros %= factor;
            }
        }
        f.pad(&text)
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}
