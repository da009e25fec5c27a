//! Files that the command line names, of which `-` is standard input.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::failure::Failure;

/// All that is in the file.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    if !is_standard_input(file) {
        return fs::read(file).map_err(|error| Failure::file("read", file, &error));
    }
    let mut bytes = Vec::new();
    let read = io::stdin().lock().read_to_end(&mut bytes);
    read.map_err(|error| Failure::file("read", Path::new("standard input"), &error))?;
    Ok(bytes)
}

/// The file's name in messages.
pub(crate) fn shown(file: &Path) -> String {
    if is_standard_input(file) { "standard input".to_owned() } else { file.display().to_string() }
}

fn is_standard_input(file: &Path) -> bool {
    file == Path::new("-")
}
