//! The signals that rpclient answers instead of dying from them.

use std::fs;

use nix::sys::signal::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::exit_code::ExitCode;
use crate::failure::Failure;

/// The signals that end the waiting, and that a command is passed on.
const PASSED_ON: [Signal; 6] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
];
/// More than these many signals that nobody has looked at are as good as these many.
const BACKLOG: usize = 64;

/// The signals that arrive, in order.
pub(crate) struct Signals {
    arrived: mpsc::Receiver<Signal>,
}

impl Signals {
    /// Starts to listen. A signal that is being ignored, as SIGHUP is under nohup, stays ignored.
    pub(crate) fn listen() -> Result<Self, Failure> {
        let (sender, arrived) = mpsc::channel(BACKLOG);
        let ignored = ignored_signals();
        for kind in PASSED_ON {
            if ignored & mask(kind) != 0 {
                continue;
            }
            let listening = signal(SignalKind::from_raw(kind as i32));
            let mut stream = listening.map_err(|error| {
                Failure::new(ExitCode::Local, format!("cannot listen for {kind}: {error}"))
            })?;
            let sender = sender.clone();
            tokio::spawn(async move {
                while stream.recv().await.is_some() {
                    // A full channel holds enough signals of this kind already.
                    if let Err(mpsc::error::TrySendError::Closed(_)) = sender.try_send(kind) {
                        return;
                    }
                }
            });
        }
        Ok(Self { arrived })
    }

    /// The next signal. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Signal {
        match self.arrived.recv().await {
            Some(signal) => signal,
            // Every signal is ignored: none will come.
            None => std::future::pending().await,
        }
    }
}

fn mask(signal: Signal) -> u64 {
    1 << (signal as u64 - 1)
}

/// The signals that this process was told to ignore when it was started, as the kernel tells it.
fn ignored_signals() -> u64 {
    // Only Linux tells. Elsewhere none counts as ignored.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored_in(&status)
}

fn ignored_in(status: &str) -> u64 {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nohup_ignores_is_seen() {
        let status = "Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\n";
        let ignored = ignored_in(status);
        assert_ne!(ignored & mask(Signal::SIGHUP), 0);
        assert_eq!(ignored & mask(Signal::SIGTERM), 0);
        assert_eq!(ignored_in(""), 0);
    }
}
