//! The guard: a second rpclient that stops the command if the first one is killed.
//!
//! When rpclient is killed with SIGKILL its connection closes, its lease ends, and the resource goes to
//! the next in line; the command knows nothing of it and would go on using the resource. The guard reads
//! from a pipe whose other end only rpclient has. When the pipe ends without the word that all is well,
//! it ends the command and removes the lease file.
//!
//! It runs in a process group of its own: what kills rpclient's group does not kill it.

use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use super::process_group::ProcessGroup;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::output;

/// What rpclient gives itself as its only argument to become a guard. It is not a command for people, so
/// it is not among theirs.
const COMMAND: &str = "guard-command";
/// What the guard is told when rpclient has seen to everything itself.
const ALL_IS_WELL: &str = "all is well";
/// How often the guard looks whether the command has ended: it is not its parent, so nothing tells it.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What the guard is to do. It gets this first, then the command's group once there is a command.
#[derive(Debug, Serialize, Deserialize)]
struct Orders {
    lease_file: PathBuf,
    grace_ms: u64,
}

/// A guard that is on watch. Dropping it calls it off.
pub(super) struct Guard {
    process: Child,
    /// `None` once it has been called off.
    pipe: Option<ChildStdin>,
}

impl Guard {
    /// Starts a guard, before there is a command: from the command's first moment on there is nothing
    /// left to do but [`watch`](Self::watch).
    pub(super) fn start(lease_file: &Path, grace: Duration) -> io::Result<Self> {
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        let orders = Orders { lease_file: lease_file.to_owned(), grace_ms };
        let orders = serde_json::to_string(&orders)?;
        let mut process = Command::new(own_executable()?)
            .arg0("rpclient")
            .arg(COMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .current_dir("/")
            .process_group(0)
            .spawn()?;
        let mut pipe = process.stdin.take();
        if let Some(pipe) = &mut pipe {
            writeln!(pipe, "{orders}")?;
        }
        Ok(Self { process, pipe })
    }

    /// Lets it watch over the command.
    pub(super) fn watch(&mut self, command: ProcessGroup) -> io::Result<()> {
        self.pipe.as_mut().map_or(Ok(()), |pipe| writeln!(pipe, "{}", command.0))
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(mut pipe) = self.pipe.take() {
            // Where this fails the guard is gone already.
            writeln!(pipe, "{ALL_IS_WELL}").ok();
        }
        self.process.wait().ok();
    }
}

/// The running executable itself, even if its file has been replaced meanwhile.
fn own_executable() -> io::Result<PathBuf> {
    let link = Path::new("/proc/self/exe");
    if link.exists() { Ok(link.to_owned()) } else { env::current_exe() }
}

/// Whether these arguments ask for a guard.
pub(crate) fn is_asked_for(arguments: impl Iterator<Item = OsString>) -> bool {
    arguments.eq([COMMAND])
}

/// Keeps watch until the pipe on standard input says that all is well, or ends.
pub(crate) fn run() -> Result<ExitCode, Failure> {
    let mut lines = io::stdin().lock().lines().map_while(Result::ok);
    let orders = lines.next().and_then(|line| serde_json::from_str::<Orders>(&line).ok());
    let Some(orders) = orders else {
        return Err(Failure::usage(format!("{COMMAND} is for rpclient itself")));
    };
    let mut command = None;
    for line in lines {
        if line == ALL_IS_WELL {
            return Ok(ExitCode::Success);
        }
        command = line.parse().ok().map(|group| ProcessGroup(Pid::from_raw(group)));
    }
    output::say("the rpclient that held the lease was killed; stopping its command");
    end(&orders, command);
    Ok(ExitCode::Lost)
}

fn end(orders: &Orders, command: Option<ProcessGroup>) {
    if let Some(command) = &command {
        command.terminate();
    }
    // It may not exist any more.
    fs::remove_file(&orders.lease_file).ok();
    let deadline = Instant::now() + Duration::from_millis(orders.grace_ms);
    while let Some(command) = command.as_ref().filter(|command| command.is_running()) {
        if Instant::now() >= deadline {
            command.signal(nix::sys::signal::Signal::SIGKILL);
            return;
        }
        thread::sleep(LOOK_AGAIN);
    }
}
