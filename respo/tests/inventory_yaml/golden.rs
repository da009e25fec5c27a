//! Each file in `inventories/bad` opens with what is said about it: a line of `#!` per problem.

use respo::yaml::InventoryDocument;

use crate::{fixtures, problems};

#[test]
fn each_bad_inventory_has_exactly_the_problems_that_it_lists() {
    let mut failures = Vec::new();
    for (path, text) in fixtures("bad") {
        let expected: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("#! ")).collect();
        let found: Vec<String> = problems(&text).iter().map(ToString::to_string).collect();
        if expected != found || found.is_empty() {
            let found: String = found.iter().map(|problem| format!("#! {problem}\n")).collect();
            failures.push(format!("{} has these problems:\n{found}", path.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn each_good_inventory_has_no_problem() {
    for (path, text) in fixtures("good") {
        if let Err(problems) = InventoryDocument::parse(&text) {
            panic!("{}:\n{problems}", path.display());
        }
    }
}

#[test]
fn the_example_inventory_is_good_and_its_benches_have_much_in_common() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../respod/examples/testbenches.yaml");
    let document = InventoryDocument::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    let (name, inventory) = &document.pools[0];
    assert_eq!(name.as_str(), "software update testbenches");
    assert_eq!(inventory.len(), 10);
    for name in ["bench-1", "bench-2", "bench-3"] {
        assert!(inventory.find(name).is_some());
    }
    let locations: Vec<_> = inventory.locations().map(|location| location.as_str()).collect();
    assert_eq!(locations, ["office1", "office2"]);
    assert!(inventory.with_attribute(&"hil".parse().unwrap()).len() > 1);
    assert!(inventory.resources().iter().all(|bench| bench.entities.contains_key("programmer")));
}
