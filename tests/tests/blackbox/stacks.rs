//! Resources that are wired together are given to one client, and never split between two.

use respo::wire::ResourceState;
use serde_json::json;
use tests::inventories::PHONES;
use tests::{Daemon, leased_names};

/// A phone that speaks to this operator, and the relay that is wired to it.
fn phone_and_relay(operator: &str) -> serde_json::Value {
    json!({
        "requirements": [
            {"attributes": ["phone"], "properties": {"gsm.operator": operator}, "stack": "s"},
            {"attributes": ["relay"], "stack": "s"}
        ],
        "name": "ci-88", "description": "call test"
    })
}

#[tokio::test]
async fn a_phone_and_a_relay_come_from_one_stack() {
    let daemon = Daemon::start(PHONES).await;
    for (operator, expected) in
        [("PTT", [["phone-2"], ["relay-2"]]), ("GTE", [["phone-1"], ["relay-1"]])]
    {
        let (stream, lease) = daemon.hold_json(phone_and_relay(operator)).await;
        assert_eq!(leased_names(&lease), expected);
        assert!(lease.resource.is_none(), "there is no single one");
        stream.close();
        daemon.expect_idle().await;
    }
}

#[tokio::test]
async fn the_same_is_asked_for_in_the_query_string() {
    let daemon = Daemon::start(PHONES).await;
    let query = "requirement=phone-2+%40s&requirement=%2Brelay+%40s";
    let mut stream = daemon.lock(query).await;
    assert_eq!(leased_names(&stream.expect_granted().await), [["phone-2"], ["relay-2"]]);
}

#[tokio::test]
async fn collateral_is_seen_by_all_and_goes_with_its_lease() {
    let daemon = Daemon::start(PHONES).await;
    assert!(daemon.resources("state=collateral").await.is_empty());
    let (stream, lease) = daemon.hold_json(phone_and_relay("PTT")).await;
    let collateral = daemon.resources("state=collateral").await;
    assert_eq!(collateral.len(), 1, "{collateral:?}");
    let charger = &collateral[0].resource;
    assert_eq!((charger.name.as_str(), charger.state), ("charger-2", ResourceState::Collateral));
    let holding = charger.lease.as_ref().expect("the lease of its stack-mates");
    assert_eq!((holding.id, holding.fence), (lease.id, lease.fence));
    assert_eq!(holding.holder.as_ref().unwrap().as_str(), "ci-88");

    for accept in ["text/plain", "text/html"] {
        let text = daemon.send("GET", "/", &[("Accept", accept)]).await.text();
        assert!(text.contains("collateral"), "{text}");
        assert!(text.contains("ci-88 (lease 1)"), "{text}");
        assert!(text.contains("8 free, 1 collateral, 0 waiting"), "{text}");
    }

    let mut other = daemon.lock("resource=charger-2&name=anna").await;
    let queued = other.expect_queued().await;
    assert_eq!(queued.candidates[0].state, ResourceState::Collateral);
    assert_eq!(queued.candidates[0].lease.as_ref().unwrap().id, lease.id);
    stream.close();
    other.expect_granted().await;
    let names = daemon.resource_names("state=collateral").await;
    assert_eq!(names, ["phone-2", "relay-2"], "now of the other");
    other.close();
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_collateral_is_busy_for_others_and_they_are_told_why() {
    let daemon = Daemon::start(PHONES).await;
    let _holder = daemon.hold("resource=phone-1&name=ci-88").await;
    let problem = daemon.refused("resource=relay-1&wait=0").await.expect_problem(409, "busy");
    assert!(
        problem.detail.contains("relay-1 is wired to a resource that ci-88 holds"),
        "{problem:?}"
    );
    assert_eq!(problem.more["candidates"][0]["state"], "collateral");
    assert_eq!(problem.more["candidates"][0]["lease"]["holder"], "ci-88");
}

#[tokio::test]
async fn what_is_held_back_keeps_its_stack_mates_from_others_who_are_told_why() {
    let daemon = Daemon::start(PHONES).await;
    let _holder = daemon.hold("resource=board-1").await;
    let mut large = daemon.lock("requirement=relay-1&requirement=board-1&name=alice").await;
    assert_eq!(large.expect_queued().await.held_back[0].as_str(), "relay-1");
    let problem = daemon.refused("resource=phone-1&wait=0").await.expect_problem(409, "busy");
    assert!(problem.detail.contains("phone-1 is held back for alice"), "{problem:?}");
    assert_eq!(daemon.resource_names("state=held_back").await, ["phone-1", "relay-1"]);
    large.close();
    daemon.expect_waiting(0).await;
    daemon.hold("resource=phone-1&wait=0").await.close();
}

#[tokio::test]
async fn a_request_that_no_stack_can_meet_is_impossible() {
    let daemon = Daemon::start(PHONES).await;
    let request = json!({"requirements": [
        {"resource": "phone-1", "stack": "s"}, {"resource": "relay-2", "stack": "s"}
    ]});
    let problem = daemon.refused_json(request).await.expect_problem(404, "no_such");
    assert_eq!(problem.more["parts"][0]["part"], "stack");
    assert_eq!(problem.more["parts"][0]["value"], "s");
    let phone = json!({"requirements": [{"resource": "phone-3", "stack": "s"}]});
    let problem = daemon.refused_json(phone).await.expect_problem(404, "no_such");
    assert_eq!(problem.more["parts"][0].get("requirement"), None, "there is but one: {problem:?}");
}
