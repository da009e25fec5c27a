//! Keys that are in no inventory: respo as a lock server for clients that know their devices themselves.

use respo::wire::ResourceState;
use serde_json::json;
use tests::inventories::{LOCK_SERVER, PHONES};
use tests::{Daemon, leased_names};

#[tokio::test]
async fn two_clients_with_the_same_key_go_one_after_the_other_and_then_it_is_gone() {
    let daemon = Daemon::start(LOCK_SERVER).await;
    assert!(daemon.pool().await.resources.is_empty());
    let request = |name: &str| {
        json!({
            "requirements": [{"keys": ["usb-0403:6001"]}], "name": name, "tags": {"rack": name}
        })
    };
    let (first, lease) = daemon.hold_json(request("anna")).await;
    assert_eq!(leased_names(&lease), [["usb-0403:6001"]]);
    assert_eq!(lease.resources[0][0].resource.properties["rack"], "anna");
    let mut second = daemon.lock_json(request("bert")).await;
    let queued = second.expect_queued().await;
    assert_eq!(
        queued.candidates[0].lease.as_ref().unwrap().holder.as_ref().unwrap().as_str(),
        "anna"
    );

    let resource = daemon.expect_state("usb-0403:6001", ResourceState::Leased).await;
    assert!(resource.ephemeral);
    for accept in ["text/plain", "text/html"] {
        let text = daemon.send("GET", "/", &[("Accept", accept)]).await.text();
        assert!(text.contains("ephemeral"), "{text}");
        assert!(!text.contains("rack"), "tags are not shown: {text}");
    }

    first.close();
    let lease = second.expect_granted().await;
    assert_eq!(lease.resources[0][0].resource.properties["rack"], "bert");
    second.close();
    tests::eventually("the key is gone", async || {
        let resources = daemon.pool().await.resources;
        if resources.is_empty() { Ok(()) } else { Err(format!("{resources:?}")) }
    })
    .await;
    assert!(daemon.resources("").await.is_empty());
}

#[tokio::test]
async fn as_many_of_a_list_as_are_needed_are_granted() {
    let daemon = Daemon::start(LOCK_SERVER).await;
    let two_of_three = "keys=a,b,c&count=2&wait=0";
    let mut first = daemon.lock(two_of_three).await;
    assert_eq!(leased_names(&first.expect_granted().await), [["a", "b"]]);
    let problem = daemon.refused(two_of_three).await.expect_problem(409, "busy");
    assert!(problem.detail.contains("a is held"), "{problem:?}");
    let mut last = daemon.lock("requirement=1+of+a,b,c&wait=0").await;
    assert_eq!(leased_names(&last.expect_granted().await), [["c"]]);
}

#[tokio::test]
async fn a_list_of_resources_matches_their_tags() {
    let daemon = Daemon::start(LOCK_SERVER).await;
    let _first = daemon.hold("keys=a&tag=rack=7").await;
    let _second = daemon.hold("keys=b&tag=rack=8").await;
    assert_eq!(daemon.resource_names("property=rack=%228%22").await, ["b"]);
    assert_eq!(daemon.resource_names("where=properties.rack==%227%22").await, ["a"]);
}

#[tokio::test]
async fn where_the_pool_does_not_allow_it_a_key_must_be_in_the_inventory() {
    let daemon = Daemon::start(PHONES).await;
    daemon.hold("keys=board-1,board-x&wait=0").await.close();
    daemon.refused("keys=board-x").await.expect_problem(404, "no_such");
    daemon.expect_idle().await;
}
