//! Durations on the command line.

use std::str::FromStr;
use std::time::Duration;

use respo::HumanDuration;

pub(super) fn positive(text: &str) -> Result<HumanDuration, String> {
    let duration: HumanDuration = text.parse().map_err(|error| format!("{error}"))?;
    if duration.0.is_zero() { Err("it must be longer than zero".to_owned()) } else { Ok(duration) }
}

/// Clients take a server for gone after three times this long.
const LONGEST_HEARTBEAT: Duration = Duration::from_secs(5);

pub(super) fn heartbeat(text: &str) -> Result<HumanDuration, String> {
    let heartbeat = positive(text)?;
    if heartbeat.0 > LONGEST_HEARTBEAT {
        return Err("it must be 5s at most: clients that hear nothing for 15s give up".to_owned());
    }
    Ok(heartbeat)
}

/// How long something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retention {
    /// For this long.
    For(Duration),
    /// For ever.
    Forever,
}

impl Retention {
    /// `None`: for ever.
    pub(crate) fn duration(self) -> Option<Duration> {
        match self {
            Self::For(duration) => Some(duration),
            Self::Forever => None,
        }
    }
}

impl FromStr for Retention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "forever" {
            return Ok(Self::Forever);
        }
        match text.parse() {
            Ok(HumanDuration(duration)) => Ok(Self::For(duration)),
            Err(error) => Err(format!("{error}, or \"forever\"")),
        }
    }
}
