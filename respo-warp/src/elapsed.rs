//! How long ago something was, for people.

use respo::Timestamp;

/// The time from `since` to `now` in its largest sensible unit: `42 s`, `7 min`, `5 h`, `3 d`.
pub(crate) fn elapsed(since: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(since).as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_is_told_in_its_largest_sensible_unit() {
        let start = Timestamp::from_micros(1_000_000);
        let after = |seconds| elapsed(start, start.after(Duration::from_secs(seconds)));
        assert_eq!(after(0), "0 s");
        assert_eq!(after(59), "59 s");
        assert_eq!(after(60), "1 min");
        assert_eq!(after(3599), "59 min");
        assert_eq!(after(3600), "1 h");
        assert_eq!(after(47 * 3600), "47 h");
        assert_eq!(after(48 * 3600), "2 d");
        assert_eq!(elapsed(start.after(Duration::from_secs(5)), start), "0 s");
    }
}
