//! Running a command while holding a lease.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use rpclient::{Client, Lease, LeaseState};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep, timeout_at};

use super::environment::{self, Environment};
use super::guard::Guard;
use super::held::Held;
use super::lease_file::LeaseFile;
use super::lease_report::LeaseReport;
use super::process_group::ProcessGroup;
use super::release;
use super::signals::Signals;
use super::terminal::Terminal;
use crate::arguments::LockArguments;
use crate::exit_code::ExitCode;
use crate::failure::{Failure, plain};
use crate::output;

/// How often to look whether the rest of the command's group has ended, which nothing tells.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Refuses a command that cannot be found, before anyone waits an hour to hear of it.
pub(super) fn look_up(program: &OsStr) -> Result<(), Failure> {
    let exists = |path: PathBuf| path.exists();
    let found = if program.to_string_lossy().contains('/') {
        exists(PathBuf::from(program))
    } else {
        // Without a PATH the system has one of its own.
        env::var_os("PATH").is_none_or(|path| {
            env::split_paths(&path).any(|directory| exists(directory.join(program)))
        })
    };
    if found { Ok(()) } else { Err(not_found(program)) }
}

/// Runs the command, ends the lease, and says how the command ended.
pub(super) async fn run(
    client: &Client,
    mut lease: Lease,
    arguments: &LockArguments,
    signals: &mut Signals,
) -> Result<ExitCode, Failure> {
    let ended = run_while_held(client, &mut lease, arguments, signals).await;
    if !matches!(lease.state(), LeaseState::Lost(_)) {
        release(lease).await;
    }
    ended
}

async fn run_while_held(
    client: &Client,
    lease: &mut Lease,
    arguments: &LockArguments,
    signals: &mut Signals,
) -> Result<ExitCode, Failure> {
    let lease_file = LeaseFile::create(client, lease)?;
    let environment = Environment::of(client, lease, lease_file.path());
    for sentence in &environment.left_out {
        output::say(sentence);
    }
    let mut running = Running::start(arguments, &environment, lease_file.path())?;
    match running.follow(lease, signals).await {
        Followed::Ended(ended) => Ok(ended),
        Followed::Lost(reason) => {
            let held = Held::by(lease);
            output::say(&format!("the lease of {held} is lost: {reason}\nstopping the command"));
            running.stop(arguments.term_grace.0).await;
            Ok(ExitCode::Lost)
        }
    }
}

/// A command that runs, and what stands around it. Dropping it gives the terminal back and calls the
/// guard off; the command must have ended by then.
struct Running {
    child: Child,
    group: ProcessGroup,
    terminal: Terminal,
    _guard: Option<Guard>,
}

enum Followed {
    Ended(ExitCode),
    Lost(String),
}

impl Running {
    fn start(
        arguments: &LockArguments,
        environment: &Environment,
        lease_file: &Path,
    ) -> Result<Self, Failure> {
        let (program, rest) = arguments.command.split_first().ok_or_else(no_command)?;
        let mut command = Command::new(program);
        for stale in environment::inherited() {
            command.env_remove(stale);
        }
        command.args(rest).envs(&environment.variables).process_group(0);
        let mut guard = Guard::start(lease_file, arguments.term_grace.0);
        let child = command.spawn().map_err(|error| not_started(program, &error))?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).ok_or_else(no_command)?;
        let group = ProcessGroup(Pid::from_raw(id));
        let watching = match &mut guard {
            Ok(guard) => guard.watch(group),
            Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
        };
        if let Err(error) = watching {
            output::say(&format!(
                "warning: no guard could be started ({}): the command would go on if rpclient \
                 were killed",
                plain(&error)
            ));
        }
        let terminal = Terminal::of(group);
        Ok(Self { child, group, terminal, _guard: guard.ok() })
    }

    /// Passes signals on until the command has ended or the lease is lost.
    async fn follow(&mut self, lease: &mut Lease, signals: &mut Signals) -> Followed {
        let changes = signal(SignalKind::child());
        let continues = signal(SignalKind::from_raw(Signal::SIGCONT as i32));
        let (Ok(mut changes), Ok(mut continues)) = (changes, continues) else {
            return Followed::Lost("its command cannot be followed".to_owned());
        };
        let mut report = LeaseReport::of(lease);
        // The command may have stopped before anyone listened.
        self.terminal.command_changed();
        loop {
            tokio::select! {
                status = self.child.wait() => return Followed::Ended(match status {
                    Ok(status) => ExitCode::of_command(status),
                    Err(error) => {
                        output::say(&format!("cannot wait for the command: {error}"));
                        ExitCode::Local
                    }
                }),
                signal = signals.next() => self.pass_on(signal),
                _ = changes.recv() => self.terminal.command_changed(),
                _ = continues.recv() => self.terminal.go_on(),
                state = lease.state_changed() => match state {
                    LeaseState::Lost(reason) => return Followed::Lost(reason.to_string()),
                    state => report.take_in(&state),
                },
                () = report.due() => report.tell_of_long_absence(),
            }
        }
    }

    /// What ends a command goes to all of its processes, as from a terminal. The user's signals mean
    /// what the command says they mean, and end those that say nothing: they go to it alone.
    fn pass_on(&self, signal: Signal) {
        match signal {
            Signal::SIGUSR1 | Signal::SIGUSR2 => self.group.signal_leader(signal),
            _ => self.group.signal(signal),
        }
    }

    /// Ends the command and everything in its group: SIGTERM, and SIGKILL after `grace`.
    async fn stop(&mut self, grace: Duration) {
        let deadline = Instant::now() + grace;
        self.group.terminate();
        let ended = timeout_at(deadline, async {
            self.child.wait().await.ok();
            while self.group.is_running() {
                sleep(LOOK_AGAIN).await;
            }
        });
        if ended.await.is_err() {
            let grace = grace.as_secs_f64();
            output::say(&format!("the command did not end within {grace} s; killing it"));
            self.group.signal(Signal::SIGKILL);
            self.child.wait().await.ok();
        }
    }
}

fn no_command() -> Failure {
    Failure::usage("there is no command to run")
}

fn not_found(program: &OsStr) -> Failure {
    let message = format!("{}: command not found", program.to_string_lossy());
    Failure::new(ExitCode::CommandNotFound, message)
}

fn not_started(program: &OsStr, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::NotFound => not_found(program),
        _ => {
            let message = format!("cannot execute {}: {}", program.to_string_lossy(), plain(error));
            Failure::new(ExitCode::NotExecutable, message)
        }
    }
}
