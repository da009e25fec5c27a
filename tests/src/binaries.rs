//! Where the binaries under test are, and that they are up to date.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The built `respod`.
#[must_use]
pub fn respod() -> PathBuf {
    built().join("respod")
}

/// The built `rpclient`.
#[must_use]
pub fn rpclient() -> PathBuf {
    built().join("rpclient")
}

/// The built client that holds a resource over a WebSocket.
#[must_use]
pub fn websocket_client() -> PathBuf {
    built().join("websocket_client")
}

/// The root of the workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is inside the workspace")
}

/// The folder of the binaries.
///
/// Cargo builds the binaries of a package for that package's own integration tests only, so that
/// `cargo test -p tests` alone would run against none, or against those of an earlier build. Hence this
/// builds them, once for all tests of the process; where they are fresh that takes a moment.
fn built() -> &'static Path {
    static FOLDER: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match FOLDER.get_or_init(build) {
        Ok(folder) => folder,
        Err(problem) => panic!("{problem}"),
    }
}

fn build() -> Result<PathBuf, String> {
    // A test is target/PROFILE/deps/blackbox-HASH, a program target/PROFILE/crash.
    let this = std::env::current_exe().expect("a program knows its own path");
    let mut folders = this.ancestors().skip(1).filter(|folder| !folder.ends_with("deps"));
    let folder = folders.next().expect("it is in a target folder").to_owned();
    let target = folder.parent().expect("the profile's folder is in the target folder");
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "--workspace", "--bins", "--profile", profile])
        .arg("--target-dir")
        .arg(target)
        .current_dir(workspace())
        .status();
    match status {
        Ok(status) if status.success() => Ok(folder),
        Ok(status) => Err(format!("the binaries do not build: {status}")),
        Err(error) => Err(format!("the binaries do not build: cargo cannot be run: {error}")),
    }
}
