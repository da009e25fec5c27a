//! Saying aloud that a test could not run here.

use std::io::Write;

/// Where [`say`] also writes, one line for each skipped test, so that whoever ran the tests can count.
pub const FILE: &str = "RESPO_TESTS_SKIPPED";

/// Reports that `test` could not run because of `reason`.
///
/// The test runner hides what a passing test prints with `println!`; this goes past it.
pub fn say(test: &str, reason: &str) {
    let line = format!("SKIPPED {test}: {reason}\n");
    std::io::stderr().write_all(line.as_bytes()).expect("stderr can be written");
    if let Some(path) = std::env::var_os(FILE) {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the list can be written");
    }
}
