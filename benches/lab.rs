//! A laboratory: resources with entities, properties and stacks.

use std::fmt::Write;
use std::sync::Arc;

use respo::query::LockAction;
use respo::yaml::InventoryDocument;
use respo::{Inventory, LockQuery, Request, Selector};

/// How many boards share a stack.
pub const STACK: usize = 4;

/// So many boards named `board-0`, …, each with a device, a programmer and a supply, four of them wired together.
///
/// # Panics
/// If `size` is more than an inventory holds.
#[must_use]
pub fn lab(size: usize) -> Inventory {
    let mut yaml = "pool:\n  name: lab\n  resources:\n".to_owned();
    for n in 0..size {
        let (office, tag, ram, relay) = (n % 10, n % 100, n % 16, n % STACK == 0);
        let kind = if relay { "relay" } else { "board" };
        writeln!(
            yaml,
            "    board-{n}:\n      location: office{office}\n      attributes: [{kind}, tag{tag}]\n      \
             properties: {{ram: {ram}, os: {{name: linux, version: {tag}}}}}\n      entities:\n        \
             dut: {{attributes: [arm64, linux]}}\n        \
             host: {{attributes: [linux]}}\n        \
             programmer: {{attributes: [jtag], properties: {{speed: {ram}}}}}"
        )
        .expect("a string takes it");
    }
    yaml.push_str("  stacks:\n");
    for first in (0..size.saturating_sub(STACK - 1)).step_by(STACK) {
        let members: Vec<String> = (first..first + STACK).map(|n| format!("board-{n}")).collect();
        writeln!(yaml, "    - [{}]", members.join(", ")).expect("a string takes it");
    }
    InventoryDocument::parse(&yaml).expect("the inventory is valid").pools.remove(0).1
}

/// What each kind of selector is written like.
pub const SELECTORS: [(&str, &str); 6] = [
    ("attributes", "attributes=[board,tag7]"),
    ("distinct entities", "attributes=tag7&entities=[[linux],[arm64],[jtag]]"),
    ("entities alone", "entities=[[linux],[arm64],[jtag]]"),
    ("properties", "property=os.version=7"),
    ("where", "attributes=tag7&where=properties.ram%20%3E%3D%204"),
    ("where alone", "where=properties.os.version%20%3D%3D%207"),
];

/// The request of this query.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn request(query: &str) -> Arc<Request> {
    match LockQuery::parse(query).expect("a valid query").action {
        LockAction::Request(request) => Arc::new(request),
        LockAction::Resume(_) => panic!("{query} makes no request"),
    }
}

/// The selector of this query.
///
/// # Panics
/// If it has none.
#[must_use]
pub fn selector(query: &str) -> Selector {
    request(query).requirements()[0].selector().expect("it has a selector").clone()
}
