//! Requests for several resources, or for what has certain properties.

use respo::wire::ResourceState;
use serde_json::json;
use tests::inventories::PHONES;
use tests::{Daemon, leased_names};

#[tokio::test]
async fn any_two_of_five_are_granted_together_and_each_to_one_client() {
    let daemon = Daemon::start(PHONES).await;
    let any_two = json!({"requirements": [{"attributes": ["board"], "count": 2}]});
    let (first, lease) = daemon.hold_json(any_two.clone()).await;
    assert_eq!(leased_names(&lease), [["board-1", "board-2"]]);
    let (_second, lease) = daemon.hold_json(any_two.clone()).await;
    assert_eq!(leased_names(&lease), [["board-3", "board-4"]]);
    let mut third = daemon.lock_json(any_two).await;
    let queued = third.expect_queued().await;
    assert_eq!((queued.candidates_total, queued.held_back.len()), (5, 1), "{queued:?}");
    assert_eq!(queued.held_back[0].as_str(), "board-5");
    first.close();
    // The one that was never used, and then the one that was used the longest ago.
    assert_eq!(leased_names(&third.expect_granted().await), [["board-5", "board-1"]]);
}

#[tokio::test]
async fn results_come_per_requirement_in_the_order_of_the_request() {
    let daemon = Daemon::start(PHONES).await;
    let request = json!({"requirements": [
        {"resource": "board-5"}, {"attributes": ["board"], "count": 2}, {"location": "lab2"}
    ]});
    let (_stream, lease) = daemon.hold_json(request).await;
    assert_eq!(
        leased_names(&lease),
        [vec!["board-5"], vec!["board-1", "board-2"], vec!["phone-3"]]
    );
}

#[tokio::test]
async fn the_holder_is_told_which_entity_serves_which_pattern() {
    let daemon = Daemon::start(PHONES).await;
    // The first could be either, so the second decides.
    let request = json!({"requirements": [{"entities": [
        {"attributes": ["prepaid"]}, {"attributes": ["prepaid"], "properties": {"pin": "0000"}}
    ]}]});
    let (_stream, lease) = daemon.hold_json(request).await;
    let pairing: Vec<&str> = lease.resources[0][0].pairing.iter().map(AsRef::as_ref).collect();
    assert_eq!(pairing, ["sim-right", "sim-left"]);
    let single = lease.resource.expect("it is one resource");
    assert_eq!(single, lease.resources[0][0]);
    assert_eq!(single.resource.properties["ram"], 8, "the holder sees the properties");
}

#[tokio::test]
async fn properties_are_met_by_path_and_lists_are_contained() {
    let daemon = Daemon::start(PHONES).await;
    for (property, expected) in [
        (json!({"platform": "ios"}), "phone-3"),
        (json!({"gsm.operator": "PTT"}), "phone-2"),
        (json!({"gsm": {"operator": "GTE"}, "ram": 8}), "phone-1"),
        (json!({"circuits": ["c", "a"]}), "phone-1"),
    ] {
        let request = json!({"requirements": [{"properties": property}], "wait": "0"});
        let (stream, lease) = daemon.hold_json(request).await;
        assert_eq!(leased_names(&lease), [[expected]], "{property}");
        stream.close();
        daemon.expect_idle().await;
    }
    for query in ["property=gsm.operator=PTT", "property=ram=12&property=platform=android"] {
        let mut stream = daemon.lock(query).await;
        assert_eq!(leased_names(&stream.expect_granted().await), [["phone-2"]], "{query}");
        stream.close();
        daemon.expect_idle().await;
    }
    let problem = daemon.refused("property=ram=%228%22").await.expect_problem(404, "no_such");
    assert_eq!(problem.more["parts"][0]["part"], "properties", "a text is no number: {problem:?}");
}

#[tokio::test]
async fn a_condition_decides_over_everything_that_is_known() {
    let daemon = Daemon::start(PHONES).await;
    for (condition, expected) in [
        ("has(properties.ram) && properties.ram > 8", "phone-2"),
        ("location == 'lab1' && size(entities) == 2", "phone-1"),
        ("name.endsWith('-3') && 'phone' in attributes", "phone-3"),
        ("entities.exists(e, 'esim' in entities[e].attributes)", "phone-1"),
    ] {
        let request = json!({"requirements": [{"where": condition}], "wait": "0"});
        let (stream, lease) = daemon.hold_json(request).await;
        assert_eq!(leased_names(&lease), [[expected]], "{condition}");
        stream.close();
        daemon.expect_idle().await;
    }
    let mut stream = daemon.lock("attributes=phone&where=properties.ram%20%3E%208").await;
    assert_eq!(leased_names(&stream.expect_granted().await), [["phone-2"]]);
    let problem = daemon.refused("where=properties.ram%20%3E%2099").await;
    let problem = problem.expect_problem(404, "no_such");
    assert_eq!(problem.more["parts"][0]["part"], "where");
}

#[tokio::test]
async fn what_is_impossible_is_told_by_its_requirement_alone_and_together() {
    let daemon = Daemon::start(PHONES).await;
    let impossible = async |requirements: serde_json::Value| {
        let reply = daemon.refused_json(json!({"requirements": requirements})).await;
        reply.expect_problem(404, "no_such")
    };
    let problem = impossible(json!([{"attributes": ["board"]}, {"location": "lab9"}])).await;
    let part = &problem.more["parts"][0];
    assert_eq!((&part["requirement"], &part["part"]), (&json!(2), &json!("location")));
    assert!(problem.detail.contains("requirement 2"), "{problem:?}");

    let problem = impossible(json!([{"attributes": ["board"], "count": 6}])).await;
    assert_eq!(problem.more["parts"][0]["part"], "count");
    assert_eq!(problem.more["parts"][0].get("requirement"), None);

    let problem = impossible(json!([{"keys": ["board-1", "board-9"], "count": 2}])).await;
    assert_eq!(problem.more["parts"][0]["part"], "keys");
    assert!(problem.detail.contains("board-9"), "{problem:?}");

    // Each alone could be met; both need the same.
    let both =
        json!([{"attributes": ["board"], "count": 3}, {"attributes": ["board"], "count": 3}]);
    let problem = impossible(both).await;
    assert_eq!(problem.more["parts"][0]["part"], "together");
    assert_eq!(problem.more["parts"][0]["value"], "1,2");
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_waiting_request_is_shown_by_what_it_asks_for_and_what_it_has_so_far() {
    let daemon = Daemon::start(PHONES).await;
    let _holder = daemon.hold("resource=board-1").await;
    let query = "requirement=5+%2Bboard&requirement=phone-3&name=alice";
    let mut waiter = daemon.lock(query).await;
    waiter.expect_queued().await;
    let pool = daemon.pool().await;
    assert_eq!(pool.waiting[0].requirements, ["5 +board", "phone-3"]);
    let held_back: Vec<&str> = pool.waiting[0].held_back.iter().map(AsRef::as_ref).collect();
    assert_eq!(held_back, ["board-2", "board-3", "board-4", "board-5", "phone-3"]);
    let kept = daemon.expect_state("board-2", ResourceState::HeldBack).await;
    assert_eq!(kept.held_back_for.unwrap().holder.unwrap().as_str(), "alice");
    for accept in ["text/plain", "text/html"] {
        let text = daemon.send("GET", "/", &[("Accept", accept)]).await.text();
        for shown in ["5 +board", "held back", "alice (request 2)", "5 held back"] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
    }
}
