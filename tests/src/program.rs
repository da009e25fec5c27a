//! Running a program as a user does, and seeing what it prints and how it exits.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};

use crate::binaries;
use crate::daemon::Daemon;
use crate::deadline::{eventually, within};
use crate::namespace::Namespace;

/// A program and its arguments, not yet started.
#[derive(Debug)]
pub struct Program {
    words: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    folder: TempDir,
    input: Input,
}

#[derive(Debug)]
enum Input {
    Nothing,
    Text(String),
    Open,
    Socket(OwnedFd),
}

impl Program {
    /// The program of this name or path.
    #[must_use]
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            words: vec![program.as_ref().to_owned()],
            variables: Vec::new(),
            folder: TempDir::new().expect("a temporary folder"),
            input: Input::Nothing,
        }
    }

    /// `rpclient`, pointed at this daemon.
    #[must_use]
    pub fn rpclient(daemon: &Daemon) -> Self {
        Self::new(binaries::rpclient()).env("RESPO_URL", daemon.url())
    }

    /// `rpclient lock` with these options, holding while `sh -c script` runs.
    #[must_use]
    pub fn lock(daemon: &Daemon, options: &[&str], script: &str) -> Self {
        let command = ["--", "sh", "-c", script];
        Self::rpclient(daemon).arg("lock").args(options).args(command)
    }

    /// `curl`, silent but for errors, streaming, and leaving brackets alone.
    #[must_use]
    pub fn curl() -> Self {
        Self::new("curl").args(["--silent", "--show-error", "--no-buffer", "--globoff"])
    }

    /// With one more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.words.push(argument.as_ref().to_owned());
        self
    }

    /// With more arguments.
    #[must_use]
    pub fn args<T: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = T>) -> Self {
        self.words.extend(arguments.into_iter().map(|word| word.as_ref().to_owned()));
        self
    }

    /// With this environment variable. Those of the tests' own environment that respo reads are not
    /// passed on.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// With this text to read, and then its end.
    #[must_use]
    pub fn input(mut self, text: impl Into<String>) -> Self {
        self.input = Input::Text(text.into());
        self
    }

    /// With an input that stays open until [`Running::end_input`], or until the test ends.
    #[must_use]
    pub fn open_input(mut self) -> Self {
        self.input = Input::Open;
        self
    }

    /// With a socket in the place of its input.
    #[must_use]
    pub fn input_socket(mut self, socket: OwnedFd) -> Self {
        self.input = Input::Socket(socket);
        self
    }

    /// Started by these words, which come before its own.
    #[must_use]
    pub fn under<T: AsRef<OsStr>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.words.splice(0..0, words.into_iter().map(|word| word.as_ref().to_owned()));
        self
    }

    /// Inside a network namespace.
    #[must_use]
    pub fn inside(self, namespace: &Namespace) -> Self {
        self.under(namespace.entry())
    }

    /// Starts it.
    #[must_use]
    pub fn start(self) -> Running {
        let file = |name: &str| self.folder.path().join(name);
        let create = |name: &str| File::create(file(name)).expect("a file for the output");
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).kill_on_drop(true).current_dir(self.folder.path());
        command.stdout(create("stdout")).stderr(create("stderr"));
        for (name, _) in std::env::vars_os() {
            let ours = name.to_string_lossy().starts_with("RESPO");
            if ours {
                command.env_remove(name);
            }
        }
        command.env_remove("RUST_LOG").env_remove("NO_COLOR").env("LC_ALL", "C.UTF-8");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        match self.input {
            Input::Nothing => command.stdin(Stdio::null()),
            Input::Open => command.stdin(Stdio::piped()),
            Input::Socket(socket) => command.stdin(socket),
            Input::Text(text) => {
                fs::write(file("stdin"), text).expect("a file for the input");
                command.stdin(File::open(file("stdin")).expect("a file for the input"))
            }
        };
        let mut child = command.spawn().unwrap_or_else(|e| panic!("{:?}: {e}", self.words));
        let input = child.stdin.take();
        Running { name: format!("{:?}", self.words), child, input, folder: self.folder }
    }

    /// Starts it and waits for its end.
    pub async fn finish(self) -> Finished {
        self.start().finish().await
    }
}

/// A program that runs. It is killed when this is dropped; when a test fails, what it printed is shown.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    folder: TempDir,
}

impl Running {
    /// What it has printed so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.printed("stdout")
    }

    /// What it has printed so far to the other stream.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.printed("stderr")
    }

    fn printed(&self, name: &str) -> String {
        let bytes = fs::read(self.folder.path().join(name)).expect("the output is there");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The folder that it runs in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits until its stdout contains `text`.
    pub async fn expect_stdout(&self, text: &str) {
        self.expect("stdout", text).await;
    }

    /// Waits until its stderr contains `text`.
    pub async fn expect_stderr(&self, text: &str) {
        self.expect("stderr", text).await;
    }

    async fn expect(&self, stream: &str, text: &str) {
        let what = format!("{text:?} on {stream} of {}", self.name);
        eventually(&what, async || {
            let printed = self.printed(stream);
            if printed.contains(text) { Ok(()) } else { Err(format!("{printed:?}")) }
        })
        .await;
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        let id = self.child.id().expect("it has not been waited for");
        i32::try_from(id).expect("process ids are small")
    }

    /// Whether it has not ended yet.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("it can be looked at").is_none()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        nix::sys::signal::kill(Pid::from_raw(self.pid()), signal).expect("the signal is sent");
    }

    /// Writes to its open input.
    pub async fn write(&mut self, text: &str) {
        let input = self.input.as_mut().expect("its input is open");
        input.write_all(text.as_bytes()).await.expect("the text goes in");
    }

    /// Ends its open input.
    pub fn end_input(&mut self) {
        self.input = None;
    }

    /// Waits for its end.
    pub async fn finish(mut self) -> Finished {
        let what = format!("the end of {}", self.name);
        let status = within(&what, self.child.wait()).await.expect("it can be waited for");
        Finished {
            name: self.name.clone(),
            code: status.code(),
            signal: status.signal(),
            stdout: self.stdout(),
            stderr: self.stderr(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (stdout, stderr) = (self.stdout(), self.stderr());
            eprintln!("{}\n--- stdout\n{stdout}\n--- stderr\n{stderr}", self.name);
        }
    }
}

/// How a program ended and what it printed.
#[derive(Debug, Clone)]
pub struct Finished {
    name: String,
    /// Its exit code, unless a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it printed to the other stream.
    pub stderr: String,
}

impl Finished {
    /// The same, after a check of its exit code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        let Self { name, stdout, stderr, .. } = &self;
        assert_eq!(self.code, Some(code), "{name}\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
        self
    }

    /// Its standard output as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {:?}", self.stdout))
    }
}
