//! The respod that is killed: always the same folder and address, one process after the other.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::crash::history::Event;
use crate::crash::recorder::Recorder;

/// How to start it, and the process that runs.
#[derive(Debug)]
pub struct Server {
    program: PathBuf,
    arguments: Vec<OsString>,
    /// What all processes log, one after the other.
    log: PathBuf,
    recorder: Recorder,
    runs: u32,
    process: Option<Process>,
}

/// One process. It is killed when this is dropped.
#[derive(Debug)]
struct Process {
    child: Child,
    /// Kept to its end: to write to a closed stdout would be an error for respod.
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// A server of this program that listens on `address` and keeps its data and its log in `folder`, where
    /// its inventory is.
    #[must_use]
    pub fn new(
        program: &Path,
        folder: &Path,
        address: SocketAddr,
        grace: Duration,
        recorder: Recorder,
    ) -> Self {
        let arguments: Vec<OsString> = vec![
            "--inventory".into(),
            folder.join("inventory.yaml").into(),
            "--data-dir".into(),
            folder.join("data").into(),
            "--listen".into(),
            address.to_string().into(),
            "--grace".into(),
            format!("{}ms", grace.as_millis()).into(),
        ];
        let (program, log) = (program.to_owned(), folder.join("respod.log"));
        Self { program, arguments, log, recorder, runs: 0, process: None }
    }

    /// Starts it, without waiting for anything.
    ///
    /// # Errors
    /// If there is no such program.
    pub fn start(&mut self) -> io::Result<()> {
        self.runs += 1;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).kill_on_drop(true).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RESPO") {
                command.env_remove(name);
            }
        }
        command.env_remove("RUST_LOG").stdout(Stdio::piped()).stderr(self.open_log()?);
        self.recorder.record(Event::ServerStarted { run: self.runs });
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        self.process = Some(Process { child, stdout: BufReader::new(stdout).lines() });
        Ok(())
    }

    fn open_log(&self) -> io::Result<File> {
        use std::io::Write;
        let mut log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        writeln!(log, "--- run {}", self.runs)?;
        Ok(log)
    }

    /// Waits until it says that it listens. It may be cancelled.
    ///
    /// # Errors
    /// If it ends instead.
    pub async fn listens(&mut self) -> io::Result<()> {
        let process = self.process.as_mut().ok_or_else(not_running)?;
        match process.stdout.next_line().await? {
            Some(line) if line.starts_with("listening on ") => {
                self.recorder.record(Event::ServerListening { run: self.runs });
                Ok(())
            }
            Some(line) => Err(io::Error::other(format!("respod printed {line:?}"))),
            None => Err(self.exited().await?),
        }
    }

    /// Waits for its end, which nobody has asked for. It may be cancelled.
    ///
    /// # Errors
    /// Always: what is returned is the error, unless the process cannot be waited for.
    async fn exited(&mut self) -> io::Result<io::Error> {
        let process = self.process.as_mut().ok_or_else(not_running)?;
        let status = process.child.wait().await?;
        Ok(self.report_exit(status))
    }

    fn report_exit(&mut self, status: std::process::ExitStatus) -> io::Error {
        self.process = None;
        let how = format!("{status}; its log ends with: {}", self.last_words());
        let run = self.runs;
        self.recorder.record(Event::ServerExited { run, how: how.clone() });
        io::Error::other(format!("respod's run {run} ended by itself: {how}"))
    }

    /// Kills it with SIGKILL, by its process id, and waits until it is gone.
    ///
    /// # Errors
    /// If it had ended by itself before.
    pub async fn kill(&mut self) -> io::Result<()> {
        let mut process = self.process.take().ok_or_else(not_running)?;
        self.recorder.record(Event::ServerKilled { run: self.runs });
        process.child.start_kill()?;
        let status = process.child.wait().await?;
        if status.signal() != Some(Signal::SIGKILL as i32) {
            return Err(self.report_exit(status));
        }
        self.recorder.record(Event::ServerDead { run: self.runs });
        Ok(())
    }

    /// Ends the last process, of which nobody expects anything any more.
    ///
    /// # Errors
    /// If it had ended by itself before.
    pub async fn finish(mut self) -> io::Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.child.start_kill()?;
        let status = process.child.wait().await?;
        if status.signal() == Some(Signal::SIGKILL as i32) {
            Ok(())
        } else {
            Err(self.report_exit(status))
        }
    }

    /// The end of the log.
    fn last_words(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(12)..].join("\n")
    }
}

fn not_running() -> io::Error {
    io::Error::other("the server does not run")
}
