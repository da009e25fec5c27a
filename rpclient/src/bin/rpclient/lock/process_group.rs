//! The process group that the command and everything it starts runs in.

use std::fs;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

/// A process group whose leader is the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProcessGroup(pub(super) Pid);

impl ProcessGroup {
    /// Sends `signal` to every process of the group. One that no longer exists needs none.
    pub(super) fn signal(self, signal: Signal) {
        ignore_absent(killpg(self.0, signal), signal);
    }

    /// Sends `signal` to the command alone.
    pub(super) fn signal_leader(self, signal: Signal) {
        ignore_absent(kill(self.0, signal), signal);
    }

    /// Asks every process to end. A stopped one must go on to be able to.
    pub(super) fn terminate(self) {
        self.signal(Signal::SIGTERM);
        self.signal(Signal::SIGCONT);
    }

    /// Whether a process of the group is still running.
    ///
    /// The system counts those that have ended but that nobody has waited for, and in a container often
    /// nobody ever does: they are left out where /proc tells.
    pub(super) fn is_running(self) -> bool {
        if killpg(self.0, None) == Err(Errno::ESRCH) {
            return false;
        }
        let Ok(processes) = fs::read_dir("/proc") else {
            return true;
        };
        let mut told = false;
        for process in processes.flatten() {
            let Ok(stat) = fs::read_to_string(process.path().join("stat")) else {
                continue;
            };
            let Some((state, group)) = state_and_group(&stat) else {
                continue;
            };
            told = true;
            if group == self.0.as_raw() && !matches!(state, "Z" | "X") {
                return true;
            }
        }
        !told
    }
}

fn ignore_absent(sent: nix::Result<()>, signal: Signal) {
    match sent {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(error) => crate::output::say(&format!("cannot send {signal} to the command: {error}")),
    }
}

/// The state and the process group in a `/proc/PID/stat`. The name before them may contain anything.
fn state_and_group(stat: &str) -> Option<(&str, i32)> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ');
    let state = fields.next()?;
    let group = fields.nth(1)?.parse().ok()?;
    Some((state, group))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_process_is_read_whatever_it_is_called() {
        let stat = "812 (a) Z (b) ) S 1 700 700 0 -1 4194560";
        assert_eq!(state_and_group(stat), Some(("S", 700)));
        assert_eq!(state_and_group("nothing"), None);
    }

    #[test]
    fn a_process_that_nobody_waited_for_does_not_count_as_running() {
        let mut child = Command::new("cat")
            .stdin(std::process::Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let group = ProcessGroup(Pid::from_raw(child.id().try_into().unwrap()));
        assert!(group.is_running());
        // It ends and becomes a zombie, since it is waited for only at the end.
        group.signal(Signal::SIGKILL);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
        while group.is_running() && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        assert!(!group.is_running());
        assert_eq!(killpg(group.0, None), Ok(()));
        child.wait().unwrap();
        assert!(!group.is_running());
    }
}
