//! A server that runs as a process of its own, and what it uses.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};

use crate::failure::{Doing, Failure};

/// How long a server may take to start.
const START: Duration = Duration::from_secs(120);

/// What the programs that print where they listen begin that line with.
const LISTENING: &str = "listening on http://";

/// Every process that runs; `None` once they have been [interrupted](interrupt).
static RUNNING: Mutex<Option<BTreeSet<u32>>> = Mutex::new(Some(BTreeSet::new()));

/// A process. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    name: String,
}

impl Process {
    /// Starts a program, with its errors in a file `log` of `directory`.
    pub(crate) fn start(command: &mut Command, directory: &Path) -> Result<Self, Failure> {
        let name = command.get_program().to_string_lossy().into_owned();
        let log = File::create(directory.join("log")).doing("create a log file")?;
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = running.as_mut() else {
            return Err(Failure::new("it was interrupted"));
        };
        let child = command.spawn().doing(format!("start {name}"))?;
        running.insert(child.id());
        Ok(Self { child, name })
    }

    /// Waits for the line on stdout that says where it listens.
    pub(crate) fn listening(&mut self) -> Result<SocketAddr, Failure> {
        let stdout = self.child.stdout.take();
        let stdout = stdout.ok_or_else(|| Failure::new("its address was asked for before"))?;
        let mut lines = BufReader::new(stdout).lines();
        // It ends at the latest with the process, which has nothing to wait for.
        let line = lines.next().transpose()?.unwrap_or_default();
        let address = line.strip_prefix(LISTENING).map(str::trim);
        // Somebody has to read what it prints later.
        thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        match address {
            Some(address) => address.parse().doing(format!("read {line:?}")),
            None => Err(Failure::new(format!("{} does not say where it listens", self.name))),
        }
    }

    /// Waits until somebody listens at `address`, as far as this has not ended before.
    pub(crate) fn reachable(&mut self, address: SocketAddr) -> Result<(), Failure> {
        let begun = Instant::now();
        while std::net::TcpStream::connect(address).is_err() {
            if let Some(status) = self.child.try_wait()? {
                return Err(Failure::new(format!("{} has ended: {status}", self.name)));
            }
            if begun.elapsed() > START {
                return Err(Failure::new(format!("{} does not listen", self.name)));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// How long it has used a core.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        cpu_of(&self.child.id().to_string())
    }

    /// How much memory it has resident, in bytes.
    pub(crate) fn memory(&self) -> Result<u64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.doing(format!("see the memory of {}", self.name))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|text| text.trim().strip_suffix("kB"));
        let kilobytes = kilobytes.and_then(|text| text.trim().parse::<u64>().ok());
        kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| {
            Failure::new(format!("/proc does not say how much memory {} has", self.name))
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Before it is waited for: after that its id may be another's.
        if let Some(running) = RUNNING.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            running.remove(&self.child.id());
        }
        let ended = self.child.kill().and_then(|()| self.child.wait());
        if let Err(error) = ended {
            eprintln!("failed to end {}: {error}", self.name);
        }
    }
}

/// Kills what runs, and starts nothing more: the measurement then fails, and puts its things away.
pub(crate) fn interrupt() {
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner).take();
    for process in running.into_iter().flatten() {
        let killed = i32::try_from(process).map(|id| kill(Pid::from_raw(id), Signal::SIGKILL));
        if !matches!(killed, Ok(Ok(()))) {
            eprintln!("failed to end process {process}");
        }
    }
}

/// How long this process has used a core.
pub(crate) fn own_cpu() -> Result<Duration, Failure> {
    cpu_of("self")
}

fn cpu_of(process: &str) -> Result<Duration, Failure> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).doing("see the CPU time")?;
    // The name comes second, in parentheses, and may have anything in it; see proc(5).
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks = |index: usize| fields.split_whitespace().nth(index)?.parse::<u64>().ok();
    let (Some(user), Some(system)) = (ticks(11), ticks(12)) else {
        return Err(Failure::new(format!("/proc/{process}/stat is not as it should be")));
    };
    let per_second = sysconf(SysconfVar::CLK_TCK).doing("ask for the clock tick")?;
    let per_second = per_second.and_then(|ticks| u32::try_from(ticks).ok()).unwrap_or(100);
    Ok(Duration::from_secs(user + system) / per_second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_shows_in_the_cpu_time() {
        let before = own_cpu().unwrap();
        let mut sum = 0_u64;
        while own_cpu().unwrap() < before + Duration::from_millis(50) {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
    }
}
