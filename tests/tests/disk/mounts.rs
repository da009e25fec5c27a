//! File systems of a process's own: nobody else sees them, and they go with the process.

use std::process::Command;

use tests::skipped;

/// Whether a process can have file systems of its own here. If not, `test` is reported as skipped.
pub(crate) fn are_possible(test: &str) -> bool {
    let script = "mount -t tmpfs tmpfs /mnt";
    let output = Command::new("unshare").args(["--mount", "sh", "-c", script]).output();
    let reason = match output {
        Ok(output) if output.status.success() => return true,
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => format!("unshare cannot be run: {error}"),
    };
    skipped::say(test, &format!("it needs a file system of its own: {reason}"));
    false
}

/// The words to put before a program so that it runs after this script, which ends in `exec "$@"`, with
/// mounts of its own.
pub(crate) fn after(script: &str) -> [&str; 6] {
    ["unshare", "--mount", "sh", "-c", script, "sh"]
}
