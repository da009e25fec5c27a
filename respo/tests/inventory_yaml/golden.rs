//! Each file in `inventories/bad` opens with what is said about it: a line of `#!` per problem.

use std::time::Duration;

use respo::Allowance;
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
fn the_example_of_stacks_and_rules_is_good_and_has_both() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../respod/examples/phones.yaml");
    let document = InventoryDocument::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    let [(_, phones), (_, licences)] = document.pools.as_slice() else { panic!() };

    let stacks: Vec<String> = phones.stacks().iter().map(|it| format!("{:?}", it.0)).collect();
    assert_eq!(stacks, [r#"{"phone-1", "relay-1"}"#, r#"{"phone-2", "relay-1"}"#]);
    let rules = phones.rules();
    assert_eq!(rules.hold_back_after, Duration::from_secs(300));
    assert_eq!(rules.max_leases, Allowance { per_holder: Some(3), per_group: Some(10) });
    assert_eq!(rules.max_resources, Allowance { per_holder: Some(4), per_group: None });
    assert_eq!(rules.group_tag.0.as_str(), "pipeline");
    assert!(!rules.ephemeral);
    assert_eq!(phones.find("phone-1").unwrap().properties["platform"], "android");

    assert!(licences.is_empty() && licences.rules().ephemeral);
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
