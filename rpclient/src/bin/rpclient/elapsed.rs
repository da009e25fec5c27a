//! How long something has taken, in the two largest units: `5s`, `12m3s`, `2h5m`, `3d4h`.

use std::time::Duration;

use rpclient::respo::Timestamp;

const UNITS: [(&str, u64); 4] = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// `duration` to the precision that a person waiting cares about.
pub(crate) fn coarse(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let Some(first) = UNITS.iter().position(|(_, unit)| seconds >= *unit) else {
        return "0s".to_owned();
    };
    let mut text = String::new();
    let mut rest = seconds;
    for (name, unit) in UNITS.iter().skip(first).take(2) {
        if rest >= *unit {
            text.push_str(&format!("{}{name}", rest / unit));
            rest %= unit;
        }
    }
    text
}

/// The same of what is still to come: half a second and more counts as one.
pub(crate) fn rounded(duration: Duration) -> String {
    coarse(duration + Duration::from_millis(500))
}

/// How long before `now` it was `then`.
pub(crate) fn since(then: Timestamp, now: Timestamp) -> String {
    coarse(now.since(then))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_shown_in_their_two_largest_units() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (723, "12m3s"),
            (3_600, "1h"),
            (7_503, "2h5m"),
            (3_605, "1h"),
            (273_600, "3d4h"),
        ] {
            assert_eq!(coarse(Duration::from_secs(seconds)), text);
        }
    }
}
