//! rent-a-bot's descriptor of resources, as `respod --inventory` and `rpclient inventory convert` take it.

use std::fs;

use nix::sys::signal::Signal;
use respo::yaml::InventoryDocument;
use serde_json::json;
use tests::{Daemon, Finished, Program, binaries, eventually};

const DESCRIPTOR: &str = "\
coffee-machine:
    description: \"Kitchen coffee machine\"
    endpoint: \"tcp://192.0.2.50\"
    tags: \"coffee kitchen food\"
printer-1:
    endpoint: \"\"
    tags: \"3d-printer,tool\"
";

/// Runs `rpclient inventory convert` on this text.
async fn convert(descriptor: &str, arguments: &[&str]) -> Finished {
    let program = Program::new(binaries::rpclient()).args(["inventory", "convert", "-"]);
    program.args(arguments).input(descriptor).finish().await
}

/// The inventory in force, with the ids in it.
async fn inventory(daemon: &Daemon) -> InventoryDocument {
    let reply = daemon.send("GET", "/inventory", &[]).await.expect_status(200);
    InventoryDocument::parse(&reply.text()).unwrap()
}

#[tokio::test]
async fn convert_prints_an_inventory_that_respod_serves() {
    let yaml = convert(DESCRIPTOR, &[]).await.expect_code(0).stdout;
    let daemon = Daemon::start(&yaml).await;
    daemon.hold("attributes=[kitchen,coffee]").await;
    let served = inventory(&daemon).await;
    assert_eq!(served, InventoryDocument::parse(&yaml).unwrap());
    assert_eq!(served.pools[0].0.as_str(), "rent-a-bot");

    let named = convert(DESCRIPTOR, &["--pool", "lab", "--json"]).await.expect_code(0).json();
    assert_eq!(named["pools"][0]["name"], "lab");
    assert_eq!(
        named["pools"][0]["resources"][1],
        json!({"name": "printer-1", "id": 2, "attributes": ["3d-printer", "tool"], "entities": {}})
    );
    // What is an inventory already stays one.
    assert_eq!(convert(&yaml, &[]).await.expect_code(0).stdout, yaml);
}

#[tokio::test]
async fn convert_tells_every_mistake_with_its_place() {
    let end = convert("coffee machine:\n  tags: a\nprinter:\n  tags: {a: b}\n", &[]).await;
    let errors = end.expect_code(95).stderr;
    for place in ["standard input:1:1:", "standard input:4:9: printer.tags:"] {
        assert!(errors.contains(place), "{place} in\n{errors}");
    }
    let neither = convert("resources:\n  a: {tags: x}\n", &[]).await.expect_code(95).stderr;
    assert!(neither.contains("a descriptor of rent-a-bot has"), "{neither}");
}

#[tokio::test]
async fn respod_serves_a_descriptor_and_its_resources_keep_their_ids_when_it_changes() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    let before = inventory(&daemon).await;
    // Put before the others, which rent-a-bot would number anew.
    fs::write(daemon.inventory_file(), format!("first:\n  tags: new\n{DESCRIPTOR}")).unwrap();
    daemon.signal(Signal::SIGHUP);
    eventually("the new inventory is there", async || {
        let pool = daemon.pool().await;
        if pool.revision == 2 { Ok(()) } else { Err(format!("{pool:?}")) }
    })
    .await;

    let ids = |document: &InventoryDocument, name: &str| {
        document.pools[0].1.find(name).map(|resource| resource.numeric_id())
    };
    let check = |after: &InventoryDocument| {
        for name in ["coffee-machine", "printer-1"] {
            assert_eq!(ids(after, name), ids(&before, name), "{name}");
        }
        assert_eq!(ids(after, "first"), Some(4));
    };
    check(&inventory(&daemon).await);
    let daemon = daemon.restart().await;
    check(&inventory(&daemon).await);
    assert!(!daemon.log().contains("differs from the inventory in force"), "{}", daemon.log());
}

#[tokio::test]
async fn a_file_that_is_neither_keeps_respod_from_starting_and_says_what_either_looks_like() {
    let settings = Daemon::with("lab:\n  - bench-1\n");
    let end = settings.fail().await.expect_code(1);
    assert!(end.stderr.contains("a descriptor of rent-a-bot has the names"), "{}", end.stderr);
}
