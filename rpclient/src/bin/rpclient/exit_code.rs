//! How rpclient ends: each reason has a code of its own, and no two share one.

use std::process;

use nix::sys::signal::Signal;

/// Why rpclient ended. [`code`](Self::code) is what the shell sees.
///
/// The codes of rpclient itself lie between 90 and 97, where few commands have theirs, so that
/// `rpclient lock … -- COMMAND` can pass on the code of the command and still be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitCode {
    /// It did what it was asked for.
    Success,
    /// The command line is not right. clap uses the same code for its own errors.
    Usage,
    /// Every resource that matches is taken, and the time to wait for one is over.
    Busy,
    /// Nothing in the inventory matches.
    NoSuch,
    /// The lease was lost while it was held.
    Lost,
    /// respod cannot be reached, or the connection broke before there was a lease.
    Unreachable,
    /// respod refused the call for another reason, or ended the request while it waited.
    Refused,
    /// The inventory has mistakes.
    InvalidInventory,
    /// What answered does not talk like a respod.
    Protocol,
    /// Something on this machine failed: a file that cannot be read or written, for one.
    Local,
    /// The command was found but could not be executed.
    NotExecutable,
    /// There is no such command.
    CommandNotFound,
    /// The command ended with this code.
    Command(u8),
    /// The command, or the waiting for it, was ended by a signal.
    Signal(Signal),
    /// The command was ended by a signal that has no name here.
    SignalNumber(i32),
}

/// The codes and what they mean, as `--help` shows them.
const MEANINGS: [(&str, &str); 14] = [
    ("0", "done; for 'lock' with a command: it ended with 0"),
    ("2", "the command line is not right"),
    ("90", "busy: everything that matches is taken, and the time to wait is over"),
    ("91", "no such: nothing in the inventory matches"),
    ("92", "lost: the lease ended while it was held; a command was stopped"),
    ("93", "unreachable: no connection to respod, or it broke before the grant"),
    ("94", "refused: respod refuses for another reason, or ended the waiting request"),
    ("95", "the inventory has mistakes"),
    ("96", "what answered does not talk like a respod"),
    ("97", "something failed on this machine, such as reading a file"),
    ("126", "the command could not be executed"),
    ("127", "the command was not found"),
    ("128+N", "signal N ended the command, or the waiting"),
    ("other", "the code with which the command ended"),
];

impl ExitCode {
    /// The number.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Usage => 2,
            Self::Busy => 90,
            Self::NoSuch => 91,
            Self::Lost => 92,
            Self::Unreachable => 93,
            Self::Refused => 94,
            Self::InvalidInventory => 95,
            Self::Protocol => 96,
            Self::Local => 97,
            Self::NotExecutable => 126,
            Self::CommandNotFound => 127,
            Self::Command(code) => code,
            Self::Signal(signal) => after_signal(signal as i32),
            Self::SignalNumber(number) => after_signal(number),
        }
    }

    /// What the command's own end means for rpclient.
    pub(crate) fn of_command(status: process::ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt;
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Command(u8::try_from(code & 0xff).unwrap_or(u8::MAX)),
            (None, Some(number)) => {
                Signal::try_from(number).map_or(Self::SignalNumber(number), Self::Signal)
            }
            (None, None) => Self::Local,
        }
    }
}

impl From<ExitCode> for process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.code())
    }
}

fn after_signal(number: i32) -> u8 {
    u8::try_from(128 + number).unwrap_or(u8::MAX)
}

/// The section of `--help` on exit codes.
pub(crate) fn help() -> String {
    let mut text = String::from("Exit codes:\n");
    for (code, meaning) in MEANINGS {
        text.push_str(&format!("  {code:<6} {meaning}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const OWN: [ExitCode; 12] = [
        ExitCode::Success,
        ExitCode::Usage,
        ExitCode::Busy,
        ExitCode::NoSuch,
        ExitCode::Lost,
        ExitCode::Unreachable,
        ExitCode::Refused,
        ExitCode::InvalidInventory,
        ExitCode::Protocol,
        ExitCode::Local,
        ExitCode::NotExecutable,
        ExitCode::CommandNotFound,
    ];

    #[test]
    fn no_two_reasons_share_a_code_and_the_help_tells_each() {
        let codes: BTreeSet<u8> = OWN.iter().map(|code| code.code()).collect();
        assert_eq!(codes.len(), OWN.len());
        for code in codes {
            assert!(MEANINGS.iter().any(|(known, _)| *known == code.to_string()), "{code}");
        }
    }

    #[test]
    fn the_end_of_the_command_is_told_as_a_shell_tells_it() {
        use std::os::unix::process::ExitStatusExt;
        let exited = |code: i32| process::ExitStatus::from_raw(code << 8);
        assert_eq!(ExitCode::of_command(exited(7)).code(), 7);
        assert_eq!(ExitCode::of_command(exited(255)).code(), 255);
        assert_eq!(ExitCode::of_command(process::ExitStatus::from_raw(9)).code(), 137);
        assert_eq!(ExitCode::of_command(process::ExitStatus::from_raw(34)).code(), 162);
    }
}
