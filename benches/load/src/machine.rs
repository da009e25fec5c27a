//! On what it was measured.

use std::fs;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::server::redis_version;

/// What figures depend on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    /// In GiB.
    pub(crate) memory: u64,
    pub(crate) kernel: String,
    pub(crate) compiler: String,
    pub(crate) redis: Option<String>,
    /// How many processes were about to run, on average over the last minute, before anything was measured.
    pub(crate) load_average: f64,
}

impl Machine {
    /// This one. What it does not tell is left out.
    pub(crate) fn this() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let kilobytes = field(&read("/proc/meminfo"), "MemTotal").and_then(first_number);
        Self {
            processor: field(&read("/proc/cpuinfo"), "model name").unwrap_or_default(),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory: (kilobytes.unwrap_or_default() / (1024.0 * 1024.0)).round() as u64,
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            compiler: compiler().unwrap_or_default(),
            redis: redis_version(),
            load_average: first_number(read("/proc/loadavg")).unwrap_or_default(),
        }
    }
}

fn field(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn first_number(text: String) -> Option<f64> {
    text.split_whitespace().next()?.parse().ok()
}

fn compiler() -> Option<String> {
    let output = Command::new("rustc").arg("--version").output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
