//! Inputs in files.

use std::fs;
use std::path::{Path, PathBuf};

use tests::fuzzing::Target;

/// The inputs for a target in this folder of `tests/fuzz`, in the order of their names. There need not be any.
pub(crate) fn kept(folder: &str, target: Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(folder).join(target.name);
    if !folder.exists() {
        return Vec::new();
    }
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

/// Where tests may leave files.
pub(crate) fn scratch() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}
