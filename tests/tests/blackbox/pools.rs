//! One daemon, several pools.

use tests::Daemon;
use tests::inventories::TWO_POOLS;

#[tokio::test]
async fn each_call_says_which_pool_it_means() {
    let daemon = Daemon::start(TWO_POOLS).await;
    let problem = daemon.refused("wait=0").await.expect_problem(400, "pool_required");
    assert_eq!(problem.more["pools"], serde_json::json!(["boards", "phones"]));
    daemon.refused("pool=lab").await.expect_problem(404, "no_such_pool");
    daemon.refused("pool=phones&resource=board-1").await.expect_problem(404, "no_such");

    let mut board = daemon.lock("pool=boards").await;
    let lease = board.expect_granted().await;
    assert_eq!(
        (lease.pool.as_str(), lease.resource.as_ref().unwrap().name.as_str()),
        ("boards", "board-1")
    );
    let mut phone = daemon.lock("pool=phones&wait=0").await;
    assert_eq!(phone.expect_granted().await.pool.as_str(), "phones");
    daemon.refused("pool=boards&wait=0").await.expect_problem(409, "busy");

    daemon.release(lease.id, &lease.token).await.expect_problem(400, "pool_required");
    let bearer = format!("Bearer {}", lease.token);
    let target = format!("/v1/leases/{}?pool=boards", lease.id);
    let reply = daemon.send("DELETE", &target, &[("Authorization", &bearer)]).await;
    assert_eq!(reply.status(), 204);
}

#[tokio::test]
async fn the_overview_shows_all_pools_or_the_one_that_is_named() {
    let daemon = Daemon::start(TWO_POOLS).await;
    let names = |reply: tests::Reply| {
        let pools = reply.expect_status(200).json()["pools"].as_array().unwrap().clone();
        pools.iter().map(|pool| pool["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(daemon.get("/").await), ["boards", "phones"]);
    assert_eq!(names(daemon.get("/?pool=phones").await), ["phones"]);
}

#[tokio::test]
async fn a_replacement_has_all_pools_or_changes_none() {
    let daemon = Daemon::start(TWO_POOLS).await;
    let only_one = "pools:\n  - name: boards\n    resources:\n      board-2: {}\n";
    let reply = daemon.post_inventory("/inventory", only_one).await;
    reply.expect_problem(422, "invalid_inventory");
    let two = TWO_POOLS.replace("board-1", "board-2");
    let reply = daemon.post_inventory("/inventory", &two).await.expect_status(200);
    let pools = &reply.json()["pools"];
    assert_eq!((&pools[0]["name"], &pools[0]["added"][0]), (&"boards".into(), &"board-2".into()));
    assert_eq!((&pools[1]["name"], &pools[1]["added"]), (&"phones".into(), &serde_json::json!([])));
}

#[tokio::test]
async fn a_token_is_good_in_its_own_pool_only() {
    let daemon = Daemon::start(TWO_POOLS).await;
    let mut stream = daemon.lock("pool=boards&linger=10m").await;
    let lease = stream.expect_granted().await;
    stream.close();
    daemon.expect_no_resume(&format!("{}&pool=phones", lease.token)).await;
    let reply = daemon.refused(&format!("resume={}", lease.token)).await;
    reply.expect_problem(400, "pool_required");
    daemon.hold(&format!("resume={}&pool=boards", lease.token)).await.close();
}
