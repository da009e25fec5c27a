//! strace: what a program asks of the system, and answers that the system would not give by itself.
//!
//! It takes the command `strace` and the right to trace: root has it, and others where the system allows it
//! (`kernel.yama.ptrace_scope`).

mod trace;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::deadline::{eventually, within};
use crate::program::{Program, Running};
use crate::skipped;

pub use trace::{Argument, SystemCall, Trace};

/// Longer than anything that a program under test writes at a time.
const LONGEST_TEXT: &str = "4194304";

/// Whether strace can be used here. If not, `test` is reported as skipped.
pub async fn is_usable(test: &str) -> bool {
    let reason = match Command::new("strace").arg("-V").stdout(Stdio::null()).status() {
        // Whether a process that is no child may be traced shows only when it is tried.
        Ok(_) => {
            let sleeper = Program::new("sleep").arg("60").start();
            attach(sleeper.pid(), &["-e".to_owned(), "trace=none".to_owned()]).await.err()
        }
        Err(error) => Some(error.to_string()),
    };
    if let Some(reason) = &reason {
        skipped::say(test, &format!("it needs strace: {reason}"));
    }
    reason.is_none()
}

/// Where the system calls of a program are written down from its start on.
#[derive(Debug)]
pub struct Recorder {
    folder: TempDir,
}

impl Default for Recorder {
    fn default() -> Self {
        Self { folder: TempDir::new().expect("a temporary folder") }
    }
}

impl Recorder {
    fn file(&self) -> PathBuf {
        self.folder.path().join("trace")
    }

    /// What to put before a program and its arguments: the process that is started is the program itself,
    /// and strace another. `rules` are more of strace's `-e`.
    #[must_use]
    pub fn prefix(&self, calls: &[&str], rules: &[&str]) -> Vec<String> {
        let trace = format!("trace={}", calls.join(","));
        let mut words = ["strace", "-D", "-f", "-yy", "-xx", "-a", "1", "-s", LONGEST_TEXT, "-e"]
            .map(str::to_owned)
            .to_vec();
        // Its end by SIGKILL is a line of its own; no other signal matters.
        words.extend([trace, "-e".to_owned(), "signal=KILL".to_owned()]);
        words.extend(rules.iter().flat_map(|rule| ["-e", rule].map(str::to_owned)));
        words.extend(["-o".to_owned(), self.file().display().to_string()]);
        words
    }

    /// What the program has done, once it has ended; `pid` is its process id.
    pub async fn trace(&self, pid: i32) -> Trace {
        let text = eventually("strace has written down the end", async || {
            let text = std::fs::read_to_string(self.file()).map_err(|error| error.to_string())?;
            let last = text.lines().next_back().unwrap_or_default();
            let mut words = last.split_whitespace();
            if words.next() == Some(&pid.to_string()) && words.next() == Some("+++") {
                Ok(text)
            } else {
                Err(last.chars().take(200).collect::<String>())
            }
        })
        .await;
        Trace::parse(&text)
    }
}

/// System calls of a running program that fail for as long as this lives.
#[derive(Debug)]
pub struct Fault {
    strace: Running,
    output: TempDir,
}

impl Fault {
    /// From now on the calls on these files go as the rules say: `pwrite64:error=ENOSPC`.
    pub async fn attach(pid: i32, files: &[PathBuf], rules: &[&str]) -> Self {
        let output = TempDir::new().expect("a temporary folder");
        let calls: Vec<&str> = rules.iter().filter_map(|rule| rule.split(':').next()).collect();
        let mut words = ["-f", "-s", "0", "-e", "signal=none", "-e"].map(str::to_owned).to_vec();
        words.push(format!("trace={}", calls.join(",")));
        words.extend(rules.iter().flat_map(|rule| ["-e".to_owned(), format!("inject={rule}")]));
        let path = |path: &Path| path.display().to_string();
        words.extend(files.iter().flat_map(|file| ["-P".to_owned(), path(file)]));
        words.extend(["-o".to_owned(), path(&output.path().join("trace"))]);
        let strace = attach(pid, &words).await.unwrap_or_else(|error| panic!("{error}"));
        Self { strace, output }
    }

    /// All is well again when this returns; it returns how many calls have failed.
    pub async fn detach(self) -> usize {
        self.strace.signal(Signal::SIGTERM);
        within("strace lets go", self.strace.finish()).await;
        injected(self.output.path())
    }
}

/// Starts strace on a process, and waits until it is there.
async fn attach(pid: i32, words: &[String]) -> Result<Running, String> {
    let strace = Program::new("strace").args(words).args(["-p", &pid.to_string()]).start();
    eventually("strace says whether it is attached", async || {
        let said = strace.stderr();
        if said.contains(" attached") {
            Ok(Ok(()))
        } else if said.ends_with('\n') {
            Ok(Err(said.trim().to_owned()))
        } else {
            Err(said)
        }
    })
    .await
    .map(|()| strace)
}

fn injected(folder: &Path) -> usize {
    let trace = std::fs::read_to_string(folder.join("trace")).unwrap_or_default();
    trace.lines().filter(|line| line.ends_with("(INJECTED)")).count()
}
