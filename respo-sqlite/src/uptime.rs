//! How long the machine has been up: a clock that nobody sets.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime};

/// A reading of the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UpTime {
    /// Which boot of the machine it is of, or which process where the system does not tell.
    pub(crate) boot: &'static str,
    /// In microseconds. Readings with the same `boot` can be compared.
    pub(crate) micros: i64,
}

impl UpTime {
    pub(crate) fn now() -> Self {
        match (boot(), since_boot()) {
            (Some(boot), Some(micros)) => Self { boot, micros },
            _ => Self { boot: process(), micros: since_start() },
        }
    }
}

/// The kernel's name for this boot.
fn boot() -> Option<&'static str> {
    static BOOT: OnceLock<Option<String>> = OnceLock::new();
    let read = || {
        let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(text.trim().to_owned()).filter(|boot| !boot.is_empty())
    };
    BOOT.get_or_init(read).as_deref()
}

/// Counts on while the machine sleeps.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn since_boot() -> Option<i64> {
    let reading = nix::time::clock_gettime(nix::time::ClockId::CLOCK_BOOTTIME).ok()?;
    let seconds: i64 = reading.tv_sec();
    seconds.checked_mul(1_000_000)?.checked_add(reading.tv_nsec() / 1_000)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn since_boot() -> Option<i64> {
    None
}

/// A name for this process that no earlier one had.
fn process() -> &'static str {
    static PROCESS: OnceLock<String> = OnceLock::new();
    PROCESS.get_or_init(|| {
        let started = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let started = started.unwrap_or_default().as_nanos();
        format!("process {} of {started}", std::process::id())
    })
}

fn since_start() -> i64 {
    static START: OnceLock<Instant> = OnceLock::new();
    let elapsed = START.get_or_init(Instant::now).elapsed();
    i64::try_from(elapsed.as_micros()).unwrap_or(i64::MAX)
}
