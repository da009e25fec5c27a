//! A Redis of its own: Debian's package `redis-server`.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Command;

use tempfile::TempDir;
use tokio::runtime::Builder;

use super::Server;
use crate::client::redis::fill;
use crate::failure::{Doing, Failure};
use crate::process::Process;
use crate::subject::Disk;

const PROGRAM: &str = "redis-server";

pub(super) fn start(
    directory: TempDir,
    disk: Disk,
    resources: usize,
    clients: usize,
) -> Result<Server, Failure> {
    let address = free_address()?;
    let mut command = Command::new(PROGRAM);
    command.arg("--bind").arg(address.ip().to_string());
    command.arg("--port").arg(address.port().to_string());
    command.arg("--dir").arg(directory.path());
    command.args(["--daemonize", "no", "--save", ""]);
    command.arg("--maxclients").arg((clients + 100).to_string());
    match disk {
        Disk::Never => command.args(["--appendonly", "no"]),
        Disk::Always => command.args(["--appendonly", "yes", "--appendfsync", "always"]),
    };
    let process = Process::start(&mut command, directory.path());
    let mut process = process.doing("run Redis (apt-get install redis-server)")?;
    process.reachable(address)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(fill(address, resources)).doing("fill Redis")?;
    Ok(Server { process, address, _directory: directory })
}

/// The version of the Redis that is installed, as it says it.
pub(crate) fn version() -> Option<String> {
    let output = Command::new(PROGRAM).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.split_whitespace().find_map(|word| word.strip_prefix("v="))?.to_owned())
}

/// An address of the loopback that nobody listens on. Somebody may be faster than Redis; then it does not start.
fn free_address() -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).doing("find a free port")?;
    listener.local_addr().doing("find a free port")
}
