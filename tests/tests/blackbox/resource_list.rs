//! `GET /v1/resources`: which resources there are, by state and by what they are like.

use respo::wire::ResourceState;
use tests::Daemon;
use tests::inventories::{ONE_BENCH, PHONES, TWO_POOLS};

#[tokio::test]
async fn every_resource_is_listed_in_the_order_of_the_inventory_with_its_pool() {
    let daemon = Daemon::start(PHONES).await;
    let listed = daemon.resources("").await;
    let overview = daemon.pool().await;
    let resources: Vec<_> = listed.iter().map(|one| one.resource.clone()).collect();
    assert_eq!(resources, overview.resources);
    assert!(listed.iter().all(|one| one.pool == overview.name));
    assert_eq!(daemon.get("/v1/resources").await.media_type(), "application/json");

    let daemon = Daemon::start(TWO_POOLS).await;
    assert_eq!(daemon.resource_names("").await, ["board-1", "phone-1"]);
    assert_eq!(daemon.resource_names("pool=phones").await, ["phone-1"]);
    assert_eq!(daemon.resource_names("pool=phones&resource=board-1").await, [""; 0]);
}

#[tokio::test]
async fn resources_are_selected_by_everything_that_is_known_of_them() {
    let daemon = Daemon::start(PHONES).await;
    for (query, expected) in [
        ("resource=phone-1,board-2", &["board-2", "phone-1"][..]),
        ("resource=phone-1&resource=board-2", &["board-2", "phone-1"]),
        ("location=lab1", &["phone-1", "phone-2"]),
        ("attributes=[phone]", &["phone-1", "phone-2", "phone-3"]),
        ("entities=[[prepaid],[esim]]", &["phone-1"]),
        ("entities=[[{pin=%220000%22}]]", &["phone-1"]),
        ("property=gsm.operator=PTT", &["phone-2"]),
        ("property=circuits=[a]", &["phone-1", "phone-2"]),
        ("where=has(properties.ram)%26%26properties.ram%3E4", &["phone-1", "phone-2"]),
        ("attributes=phone&location=lab1&property=ram=12", &["phone-2"]),
        ("attributes=phone&location=nowhere", &[]),
    ] {
        assert_eq!(daemon.resource_names(query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn resources_are_selected_by_one_state_or_by_several() {
    let daemon = Daemon::start(PHONES).await;
    let _holder = daemon.hold("resource=phone-2&name=ci-88").await;
    let _board = daemon.hold("resource=board-1").await;
    let mut waiter = daemon.lock("count=5&attributes=board").await;
    waiter.expect_queued().await;
    let away = daemon.hold("resource=phone-3&linger=1h").await;
    away.close();
    daemon.expect_state("phone-3", ResourceState::Orphaned).await;
    for (query, expected) in [
        ("state=leased", &["board-1", "phone-2"][..]),
        ("state=orphaned", &["phone-3"]),
        ("state=collateral", &["charger-2", "relay-2"]),
        ("state=held_back", &["board-2", "board-3", "board-4", "board-5"]),
        ("state=free", &["phone-1", "relay-1"]),
        ("state=retired", &[]),
        ("state=free,orphaned", &["phone-1", "phone-3", "relay-1"]),
        ("state=[free,orphaned]", &["phone-1", "phone-3", "relay-1"]),
        ("state=orphaned&state=free", &["phone-1", "phone-3", "relay-1"]),
        ("state=[free,leased]&attributes=phone", &["phone-1", "phone-2"]),
    ] {
        assert_eq!(daemon.resource_names(query).await, expected, "{query}");
    }
    daemon
        .post_inventory("/inventory", &PHONES.replace("    board-1: {attributes: [board]}\n", ""))
        .await
        .expect_status(200);
    assert_eq!(daemon.resource_names("state=retired").await, ["board-1"]);
}

#[tokio::test]
async fn an_unknown_state_or_parameter_is_refused_with_what_there_is() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let refused = async |query: &str| {
        daemon.get(&format!("/v1/resources?{query}")).await.expect_problem(400, "malformed").detail
    };
    for query in ["state=busy", "state=", "state=free,", "state=[free", "state=Free"] {
        assert!(refused(query).await.contains("free, leased, orphaned, retired"), "{query}");
    }
    for query in ["colour=red", "count=1", "keys=a", "stack=s", "requirement=a", "wait=0"] {
        assert!(refused(query).await.contains("there is state, pool, resource"), "{query}");
    }
}

#[tokio::test]
async fn no_property_and_no_token_is_shown() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut stream = daemon.lock("name=ci-88&tag=secret=TAG-1").await;
    let lease = stream.expect_granted().await;
    let text = daemon.get("/v1/resources?property=x=1").await.text();
    assert_eq!(text.trim(), r#"{"resources":[]}"#);
    let text = daemon.get("/v1/resources").await.text();
    for secret in ["SECRET-KEY-1", "127.0.0.1:4567", "api_key", &lease.token, "TAG-1"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains("ci-88"), "{text}");
}

#[tokio::test]
async fn a_condition_that_would_keep_the_server_busy_is_refused() {
    // Each resource alone is cheap enough.
    let words: Vec<String> = (0..200).map(|n| format!("w{n}")).collect();
    let resource = |n: usize| format!("    r{n}: {{attributes: [{}]}}\n", words.join(","));
    let resources: String = (0..300).map(resource).collect();
    let daemon = Daemon::start(&format!("pool:\n  name: lab\n  resources:\n{resources}")).await;
    let condition = "attributes.all(a,attributes.all(b,a!=b%7C%7Ca==b))";
    let reply = daemon.get(&format!("/v1/resources?where={condition}")).await;
    let problem = reply.expect_problem(400, "malformed");
    assert_eq!(problem.more["parameter"], "where");
    assert!(problem.detail.contains("too expensive"), "{problem:?}");
    let one = daemon.resource_names(&format!("resource=r7&where={condition}")).await;
    assert_eq!(one, ["r7"]);
}
