//! What `lock` takes: what to ask for, and the command to run meanwhile.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use rpclient::respo::HumanDuration;

use super::request::RequestArguments;

/// What `lock` takes.
#[derive(Debug, Args)]
pub(crate) struct LockArguments {
    #[command(flatten)]
    pub(crate) request: RequestArguments,
    /// Take up the lease or the place of this file, which 'transfer' or 'acquire' has written, in place of asking
    /// for something; '-' is standard input
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = [
            "requirements", "resources", "location", "attributes", "entities", "request", "priority",
            "description", "tags", "wait", "no_wait", "max_duration", "linger"
        ]
    )]
    pub(crate) resume: Option<PathBuf>,
    /// How long the place in the queue and the lease outlive a broken connection while respod runs;
    /// rpclient makes a new one meanwhile [default: 0]
    #[arg(long, value_name = "DURATION")]
    pub(crate) linger: Option<HumanDuration>,
    /// How long the command has between TERM and KILL when the lease is lost
    #[arg(long, value_name = "DURATION", default_value = "10s")]
    pub(crate) term_grace: HumanDuration,
    /// The command to run while holding what was leased, and its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use rpclient::Wait;

    use crate::arguments::{Arguments, Command};

    #[test]
    fn requirements_stand_before_the_dashes_and_the_command_after_them() {
        let line = ["rpclient", "lock", "bench-1", "2 +can @s", "--", "make", "-j", "flash"];
        let arguments = Arguments::try_parse_from(line).unwrap();
        let Command::Lock(lock) = arguments.command else { panic!() };
        assert_eq!(lock.command, ["make", "-j", "flash"]);
        assert_eq!(lock.request.requirements, ["bench-1", "2 +can @s"]);
    }

    #[test]
    fn who_takes_a_lease_up_asks_for_nothing_else() {
        for more in ["bench-1", "--wait=0", "--linger=1m", "--location=office1", "--tag=a=b"] {
            let line = ["rpclient", "lock", "--resume", "lease.json", more];
            Arguments::try_parse_from(line).unwrap_err();
        }
    }

    #[test]
    fn a_wait_is_a_duration_or_none_or_for_ever() {
        let read = |wait: &str| {
            let arguments = Arguments::try_parse_from(["rpclient", "lock", "--wait", wait]);
            arguments.map(|arguments| match arguments.command {
                Command::Lock(lock) => lock.request.wait,
                _ => None,
            })
        };
        assert_eq!(read("0").unwrap(), Some(Wait::No));
        assert_eq!(read("forever").unwrap(), Some(Wait::Forever));
        assert_eq!(read("10m").unwrap(), Some(Wait::UpTo(std::time::Duration::from_secs(600))));
        assert!(read("soon").unwrap_err().to_string().contains("forever"));
    }
}
