//! The order in which names are listed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use proptest::prelude::*;

proptest! {
    #[test]
    fn the_natural_order_of_names_is_total(names in proptest::collection::vec("[a-b0-2:]{1,6}", 3)) {
        let names: Vec<respo::Name> = names.iter().map(|name| respo::Name::new(name).unwrap()).collect();
        let order = |a: usize, b: usize| names[a].natural_cmp(names[b].as_str());
        prop_assert_eq!(order(0, 1), order(1, 0).reverse());
        prop_assert_eq!(order(0, 1).is_eq(), names[0] == names[1]);
        if order(0, 1).is_le() && order(1, 2).is_le() {
            prop_assert!(order(0, 2).is_le());
        }
    }
}

#[test]
fn numbers_in_names_count_by_their_value() {
    let resources = ["rack2/b1", "bench-10", "bench-2", "bench-02", "bench", "Bench-3"]
        .map(|name| respo::Resource::new(respo::Name::new(name).unwrap()));
    let inventory = respo::Inventory::new(resources).unwrap();
    let listed: Vec<&str> = inventory.resources().iter().map(|r| r.name.as_str()).collect();
    assert_eq!(listed, ["Bench-3", "bench", "bench-02", "bench-2", "bench-10", "rack2/b1"]);
    assert!(listed.iter().all(|name| inventory.find(name).is_some()));
}
