//! The inventory as YAML, through the functions that respod and rpclient call.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

#[path = "inventory_yaml/ave.rs"]
mod ave;
#[path = "inventory_yaml/descriptors.rs"]
mod descriptors;
#[path = "inventory_yaml/golden.rs"]
mod golden;
#[path = "inventory_yaml/hostile.rs"]
mod hostile;
#[path = "inventory_yaml/limits.rs"]
mod limits;
#[path = "inventory_yaml/meaning.rs"]
mod meaning;
#[path = "inventory_yaml/round_trip.rs"]
mod round_trip;
#[path = "inventory_yaml/schema.rs"]
mod schema;

use std::path::{Path, PathBuf};

use respo::yaml::{InventoryDocument, InventoryProblem};

/// The problems of an inventory; none if it is a good one.
fn problems(text: &str) -> Vec<InventoryProblem> {
    InventoryDocument::parse(text).err().map(|problems| problems.0).unwrap_or_default()
}

/// The only problem of an inventory, as it is printed.
fn only_problem(text: &str) -> String {
    match problems(text).as_slice() {
        [only] => only.to_string(),
        others => panic!("{} problems, first {:#?}", others.len(), others.first()),
    }
}

/// `tests/inventories/` and what follows it.
fn path_of(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/inventories").join(name)
}

/// The inventories in a folder, sorted, with their text.
fn fixtures(folder: &str) -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(path_of(folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    };
    paths.into_iter().map(read).collect()
}

/// The texts in a file of JSON strings, one a line.
fn text_lines(name: &str) -> Vec<String> {
    let text = std::fs::read_to_string(path_of(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
