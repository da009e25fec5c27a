//! Who has the terminal: rpclient or its command.
//!
//! The command runs in a process group of its own, so that all of it can be ended. A terminal gives
//! input, and the signals of Ctrl-C and Ctrl-Z, to one group, the foreground. So rpclient does for its
//! command what a shell does for a job: it puts it into the foreground, and when it stops, takes the
//! terminal back and stops too, so that the shell above is in charge.
//!
//! Where output goes on into a pipe (`rpclient lock … | less`), the others in it may need the terminal:
//! the command gets it when it first asks for it. Until then a signal from the keyboard reaches rpclient,
//! which passes it on.

use std::fs::File;
use std::io::{IsTerminal, stdin, stdout};

use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::sys::wait::WaitStatus;
use nix::unistd::{Pid, getpgrp, tcgetpgrp, tcsetpgrp};

use super::process_group::ProcessGroup;

/// The terminal that this session has, as seen by a command's parent.
pub(super) struct Terminal {
    tty: Option<File>,
    command: ProcessGroup,
    /// Whether the command is to have the terminal whenever rpclient would have it.
    lent: bool,
}

/// Whether this process is in the foreground of its terminal. Nothing live is drawn elsewhere.
pub(super) fn in_foreground() -> bool {
    open().is_some_and(|tty| tcgetpgrp(&tty) == Ok(getpgrp()))
}

fn open() -> Option<File> {
    File::options().read(true).write(true).open("/dev/tty").ok()
}

impl Terminal {
    /// To be called as soon as the command has been started.
    pub(super) fn of(command: ProcessGroup) -> Self {
        // Where it cannot be seen that the command stops, it must not be given the terminal: Ctrl-Z
        // would leave nobody to take it back.
        let tty = if cfg!(target_os = "linux") { open() } else { None };
        let mut terminal = Self { tty, command, lent: false };
        if terminal.foreground() == Some(getpgrp())
            && stdin().is_terminal()
            && stdout().is_terminal()
        {
            terminal.lend();
        }
        terminal
    }

    /// Does what a change of the command's state asks for; to be called on SIGCHLD.
    pub(super) fn command_changed(&mut self) {
        let Some(signal) = self.stopped_by() else {
            return;
        };
        let foreground = self.foreground();
        let ours = foreground == Some(getpgrp()) || foreground == Some(self.command.0);
        match signal {
            // It asked for the terminal, perhaps before it was given it.
            Signal::SIGTTIN | Signal::SIGTTOU if ours => {
                self.lend();
                self.command.signal(Signal::SIGCONT);
            }
            // It asked for it in the background: all of the job stops, until the shell lets it go on.
            Signal::SIGTTIN | Signal::SIGTTOU => stop(signal),
            Signal::SIGTSTP => {
                self.take_back();
                stop(signal);
                self.go_on();
            }
            // Someone stopped it on purpose, and will let it go on.
            _ => {}
        }
    }

    /// Lets the command go on; to be called when rpclient has been stopped and goes on, on SIGCONT.
    pub(super) fn go_on(&mut self) {
        if self.lent && self.foreground() == Some(getpgrp()) {
            self.lend();
        }
        self.command.signal(Signal::SIGCONT);
    }

    /// Puts rpclient's own group into the foreground, if the command's is there.
    pub(super) fn take_back(&self) {
        if self.foreground() == Some(self.command.0) {
            self.set_foreground(getpgrp());
        }
    }

    fn lend(&mut self) {
        self.lent = true;
        self.set_foreground(self.command.0);
    }

    fn foreground(&self) -> Option<Pid> {
        self.tty.as_ref().and_then(|tty| tcgetpgrp(tty).ok())
    }

    fn set_foreground(&self, group: Pid) {
        let Some(tty) = &self.tty else { return };
        // From the background this brings SIGTTOU, which would stop rpclient unless it is blocked.
        let mut blocked = SigSet::empty();
        blocked.add(Signal::SIGTTOU);
        let Ok(before) = blocked.thread_swap_mask(SigmaskHow::SIG_BLOCK) else {
            return;
        };
        // It fails if the group has just ended, and then there is nobody to be given the terminal.
        tcsetpgrp(tty, group).ok();
        before.thread_set_mask().ok();
    }

    /// The signal that has stopped the command, if one has since the last call.
    fn stopped_by(&self) -> Option<Signal> {
        #[cfg(target_os = "linux")]
        {
            use nix::sys::wait::{Id, WaitPidFlag, waitid};
            // Only stops are asked for: the command's end is for its owner to see.
            let flags = WaitPidFlag::WSTOPPED | WaitPidFlag::WNOHANG;
            if let Ok(WaitStatus::Stopped(_, signal)) = waitid(Id::Pid(self.command.0), flags) {
                return Some(signal);
            }
        }
        None
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.take_back();
    }
}

/// Stops this process and the rest of its job, as the terminal would have done. Returns when it goes on;
/// at once if it is nobody's job, since then nobody could let it go on.
fn stop(signal: Signal) {
    kill(Pid::from_raw(0), signal).ok();
}
