//! How long a silent server is waited for, by how often it pings.

use std::time::Duration;

/// The limits of silence on one socket.
///
/// A server takes a client for gone when it has heard nothing of it for three heartbeats, not even the
/// answer to a ping, and then gives its leases away. The client has heard a ping before the server hears
/// the answer; so if all of these limits together are shorter than three heartbeats, the client stops
/// before anyone else can begin. They come to 2.4 heartbeats: 12 s of 15 s with a respod that pings every
/// 5 s. The rest is for a command that takes a while to end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pace {
    /// How long the server may say nothing before the connection counts as broken: 2.2 heartbeats, or less.
    pub(crate) limit: Duration,
    /// How long to look once more then for what may have arrived while this process was stopped and read
    /// nothing.
    pub(crate) second_look: Duration,
    /// How long an attempt to come back may take that begins when there is no time left.
    pub(crate) last_attempt: Duration,
}

/// What a server is taken to do that does not say how often it pings, or says nonsense.
const HEARTBEAT: Duration = Duration::from_secs(5);

impl Pace {
    /// Without pings: the server says something every 5 s, and gives a lease away about 20 s after the last
    /// sign of its holder.
    pub(crate) fn of_lines(limit: Duration) -> Self {
        let (second_look, last_attempt) = (Duration::from_millis(250), Duration::from_millis(750));
        Self { limit, second_look, last_attempt }
    }

    /// With a ping every so many seconds. `limit` is the most that the caller allows.
    pub(crate) fn of_pings(heartbeat_seconds: f64, limit: Duration) -> Self {
        let heartbeat = Duration::try_from_secs_f64(heartbeat_seconds);
        let heartbeat = heartbeat.ok().filter(|time| !time.is_zero()).unwrap_or(HEARTBEAT);
        let lines = Self::of_lines(limit);
        Self {
            limit: limit.min(heartbeat.saturating_mul(11) / 5),
            second_look: lines.second_look.min(heartbeat / 20),
            last_attempt: lines.last_attempt.min(heartbeat.saturating_mul(3) / 20),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_heartbeat_a_client_stops_before_three_of_them_are_over() {
        for seconds in [0.001, 0.1, 1.0, 5.0, 60.0] {
            let pace = Pace::of_pings(seconds, Duration::MAX);
            let all = pace.limit + pace.second_look + pace.last_attempt;
            assert!(all < Duration::from_secs_f64(2.5 * seconds), "{seconds}: {pace:?}");
            assert!(pace.limit > Duration::from_secs_f64(2.0 * seconds), "{seconds}: {pace:?}");
        }
        let pace = Pace::of_pings(5.0, Duration::from_secs(16));
        assert_eq!(pace.limit + pace.second_look + pace.last_attempt, Duration::from_secs(12));
    }

    #[test]
    fn a_shorter_limit_counts_and_nonsense_does_not() {
        let limit = Duration::from_millis(200);
        assert_eq!(Pace::of_pings(5.0, limit).limit, limit);
        for seconds in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Pace::of_pings(seconds, Duration::MAX).limit, Duration::from_secs(11));
        }
    }
}
