//! What clients count.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use crate::failure::{Doing, Failure};
use crate::work::Window;

/// The longest time that is told from longer ones, in nanoseconds.
const LONGEST: u64 = 60_000_000_000;
const SIGNIFICANT_DIGITS: u8 = 3;

/// What was done in the window, and how long each took.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) count: u64,
    times: Histogram<u64>,
}

impl Tally {
    pub(crate) fn new() -> Result<Self, Failure> {
        let times = Histogram::new_with_bounds(1, LONGEST, SIGNIFICANT_DIGITS);
        Ok(Self { count: 0, times: times.doing("make a histogram")? })
    }

    /// Counts what began then and has just been done.
    pub(crate) fn count(&mut self, window: Window, begun: Instant) {
        self.count_until(window, begun, Instant::now());
    }

    /// Counts what began and was done then.
    pub(crate) fn count_until(&mut self, window: Window, begun: Instant, done: Instant) {
        if done >= window.from && done <= window.until {
            self.count += 1;
            self.time(window, begun, done);
        }
    }

    /// Notes a time, without counting.
    pub(crate) fn time(&mut self, window: Window, begun: Instant, done: Instant) {
        if done >= window.from && done <= window.until {
            let nanos = u64::try_from((done - begun).as_nanos()).unwrap_or(LONGEST);
            self.times.saturating_record(nanos);
        }
    }

    /// Counts a message that has come now.
    pub(crate) fn heard(&mut self, window: Window) {
        let now = Instant::now();
        if now >= window.from && now <= window.until {
            self.count += 1;
        }
    }

    /// Adds what others have counted.
    pub(crate) fn add(&mut self, other: &Self) -> Result<(), Failure> {
        self.count += other.count;
        self.times.add(&other.times).doing("add up histograms")
    }

    /// How long it took, if anything was timed.
    pub(crate) fn latency(&self) -> Option<Latency> {
        (!self.times.is_empty()).then(|| Latency::of(&self.times))
    }
}

/// How long things took, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    pub(crate) p999: f64,
    pub(crate) max: f64,
}

impl Latency {
    fn of(times: &Histogram<u64>) -> Self {
        let micros = |nanos| Duration::from_nanos(nanos).as_secs_f64() * 1e6;
        let at = |quantile| micros(times.value_at_quantile(quantile));
        let max = micros(times.max());
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), max }
    }

    /// The percentiles with their names, the smallest first.
    pub(crate) fn percentiles(&self) -> [(&'static str, f64); 5] {
        [
            ("p50", self.p50),
            ("p90", self.p90),
            ("p99", self.p99),
            ("p99.9", self.p999),
            ("max", self.max),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_done_inside_the_window_counts() {
        let from = Instant::now();
        let window = Window { from, until: from + Duration::from_secs(1) };
        let mut tally = Tally::new().unwrap();
        let before = from.checked_sub(Duration::from_millis(5)).unwrap();
        tally.count_until(window, before, before + Duration::from_millis(1));
        tally.count_until(window, before, from + Duration::from_millis(5));
        tally.count_until(window, from, from + Duration::from_secs(2));
        assert_eq!(tally.count, 1);
        let p50 = tally.latency().unwrap().p50;
        assert!((9_900.0..10_100.0).contains(&p50), "{p50}");
    }
}
