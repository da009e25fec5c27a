//! respod as it is shipped: a release build with its defaults, and as many connections as the load needs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use benches::pool;
use respo::Label;
use respo::yaml::InventoryDocument;
use tempfile::TempDir;

use super::Server;
use crate::failure::{Doing, Failure};
use crate::process::Process;
use crate::subject::Store;

/// Connections beside those of the clients.
const OTHERS: usize = 100;

pub(super) fn start(
    respod: &Path,
    directory: TempDir,
    store: Store,
    resources: usize,
    clients: usize,
) -> Result<Server, Failure> {
    let inventory = directory.path().join("inventory.yaml");
    let pool_name = Label::new("bench").doing("name the pool")?;
    let document = InventoryDocument::new(vec![(pool_name, pool(resources))]);
    fs::write(&inventory, document.to_yaml()).doing("write the inventory")?;
    let mut command = Command::new(respod);
    command.arg("--inventory").arg(inventory);
    match store {
        Store::Memory => command.args(["--store", "memory"]),
        Store::Sqlite => command.arg("--data-dir").arg(directory.path().join("data")),
    };
    run(command, directory, clients)
}

/// Starts a respod on what is in the folder `data` of `directory`.
pub(crate) fn on_store(respod: &Path, directory: TempDir) -> Result<Server, Failure> {
    let mut command = Command::new(respod);
    command.arg("--data-dir").arg(directory.path().join("data"));
    run(command, directory, 0)
}

fn run(mut command: Command, directory: TempDir, clients: usize) -> Result<Server, Failure> {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("RESPO") {
            command.env_remove(name);
        }
    }
    // Each client of /lock has two connections. A line in the log for each lease is not what is measured.
    let connections = (2 * clients + OTHERS).max(10_000).to_string();
    command.args(["--listen", "127.0.0.1:0", "--log-level", "warn"]);
    command.args(["--max-connections", &connections]);
    let mut process = Process::start(&mut command, directory.path())?;
    match process.listening() {
        Ok(address) => Ok(Server { process, address, _directory: directory }),
        Err(failure) => {
            let log = fs::read_to_string(directory.path().join("log")).unwrap_or_default();
            Err(Failure::new(format!("{failure}; its log says: {log}")))
        }
    }
}

/// Builds the respod of this workspace in the profile of this program, and says where it is.
pub(crate) fn build() -> Result<PathBuf, Failure> {
    let this = std::env::current_exe().doing("find this program")?;
    let outside = || Failure::new("this program is not in a target folder; say --respod FILE");
    let folder = this.parent().ok_or_else(outside)?;
    let target = folder.parent().ok_or_else(outside)?;
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--quiet", "--locked", "--package", "respod", "--profile", profile])
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .doing("run cargo")?;
    match status.success() {
        true => Ok(folder.join("respod")),
        false => Err(Failure::new(format!("respod does not build: {status}"))),
    }
}
