//! The stacks that AVE's broker is configured with, as `respod --inventory` and `rpclient inventory convert` take
//! them.

use respo::yaml::InventoryDocument;
use serde_json::json;
use tests::{Daemon, Finished, Program, binaries};

const CONFIGURATION: &str = r#"{
    "port": 4000,
    "stacks": [
        [{"type": "relay", "uid": "a"}, {"type": "handset", "serial": "CB5A1JYXRQ"}],
        [{"type": "relay", "uid": "b"}, {"type": "handset", "serial": "CB511VD8AF"}]
    ]
}
"#;

/// Runs `rpclient inventory convert` on this text.
async fn convert(configuration: &str, arguments: &[&str]) -> Finished {
    let program = Program::new(binaries::rpclient()).args(["inventory", "convert", "-"]);
    program.args(arguments).input(configuration).finish().await
}

#[tokio::test]
async fn convert_prints_stacks_as_an_inventory_that_is_what_respod_serves_of_them() {
    let yaml = convert(CONFIGURATION, &[]).await.expect_code(0).stdout;
    let daemon = Daemon::start(CONFIGURATION).await;
    let served = daemon.send("GET", "/inventory", &[]).await.expect_status(200).text();
    assert_eq!(InventoryDocument::parse(&served), InventoryDocument::parse(&yaml));

    let _held = daemon.hold("property=serial=CB511VD8AF").await;
    daemon.refused("property=uid=b&wait=0").await.expect_problem(409, "busy");
    daemon.hold("property=uid=a&wait=0").await;
}

#[tokio::test]
async fn convert_names_the_pool_of_stacks_as_is_said() {
    let named = convert(CONFIGURATION, &["--pool", "lab", "--json"]).await.expect_code(0).json();
    assert_eq!(named["pools"][0]["name"], "lab");
    assert_eq!(
        named["pools"][0]["resources"][2],
        json!({"name": "relay-a", "attributes": ["relay"], "entities": {},
            "properties": {"type": "relay", "uid": "a"}})
    );
    let own = convert(CONFIGURATION, &["--json"]).await.expect_code(0).json();
    assert_eq!(own["pools"][0]["name"], "ave");
}

#[tokio::test]
async fn convert_tells_every_mistake_in_stacks_with_its_place() {
    let end =
        convert("{\"stacks\": [\n [{\"uid\": \"a\"}],\n [{\"type\": \"relay\"}]\n]}\n", &[]).await;
    let errors = end.expect_code(95).stderr;
    for place in ["standard input:2:3: stacks[0][0]:", "standard input:3:3: stacks[1][0]:"] {
        assert!(errors.contains(place), "{place} in\n{errors}");
    }
}
