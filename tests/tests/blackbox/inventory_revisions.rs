//! Earlier revisions of the inventory: which there are, what was in them, and back to one.

use respo::wire::{InventoryAnswer, InventoryRevisions};
use respo::yaml::InventoryDocument;
use tests::inventories::{ONE_BENCH, TWO_POOLS, benches};
use tests::{Daemon, Reply};

/// Each pool's name and the numbers of its revisions.
async fn revisions(daemon: &Daemon, target: &str) -> Vec<(String, Vec<u64>)> {
    let reply = daemon.get(target).await.expect_status(200);
    let listed: InventoryRevisions = serde_json::from_value(reply.json()).expect("revisions");
    let numbers = listed.pools.into_iter().map(|pool| {
        let newest_first = pool.revisions.is_sorted_by(|a, b| a.at >= b.at);
        assert!(newest_first, "{:?}", pool.revisions);
        (pool.name.to_string(), pool.revisions.iter().map(|it| it.revision).collect())
    });
    numbers.collect()
}

/// A daemon whose pool `lab` has had one, two and three benches.
async fn daemon_with_three_revisions() -> Daemon {
    let daemon = Daemon::start(&benches(1)).await;
    for count in [2, 3] {
        daemon.post_inventory("/inventory", &benches(count)).await.expect_status(200);
    }
    daemon
}

fn document(reply: &Reply) -> InventoryDocument {
    assert_eq!(reply.status(), 200, "{}", reply.text());
    assert_eq!(reply.media_type(), "application/yaml");
    InventoryDocument::parse(&reply.text()).expect("it can be read back")
}

#[tokio::test]
async fn the_revisions_are_listed_and_each_can_be_read_also_after_a_restart() {
    let mut daemon = daemon_with_three_revisions().await;
    let first = daemon.get("/v1/inventory/revisions").await.json();
    for _ in 0..2 {
        let listed = revisions(&daemon, "/v1/inventory/revisions").await;
        assert_eq!(listed, [("lab".to_owned(), vec![3, 2, 1])]);
        assert_eq!(daemon.get("/v1/inventory/revisions?pool=lab").await.json(), first);
        for count in 1..=3 {
            let reply = daemon.get(&format!("/inventory?revision={count}")).await;
            let expected = InventoryDocument::parse(&benches(count)).unwrap();
            assert_eq!(document(&reply), expected);
        }
        assert_eq!(first["pools"][0]["revisions"][0]["resources"], 3);
        daemon = daemon.restart().await;
    }
}

#[tokio::test]
async fn an_earlier_revision_is_put_in_force_again_as_a_new_one() {
    let daemon = daemon_with_three_revisions().await;
    let mut holder = daemon.lock("resource=bench-3").await;
    let lease = holder.expect_granted().await;

    let post = async |target: &str| {
        let reply = daemon.send("POST", target, &[]).await.expect_status(200);
        let answer: InventoryAnswer = serde_json::from_value(reply.json()).expect("an answer");
        let change = &answer.pools[0].change;
        let names = [&change.removed, &change.retired].map(|it| format!("{it:?}"));
        (answer.dry_run, answer.pools[0].revision, names)
    };
    let change = [r#"["bench-2"]"#, r#"["bench-3"]"#].map(str::to_owned);
    assert_eq!(post("/inventory?revision=1&dry_run=true").await, (true, 3, change.clone()));
    assert_eq!(daemon.pool().await.revision, 3, "a dry run changes nothing");
    assert_eq!(post("/inventory?revision=1&pool=lab").await, (false, 4, change));

    // Killed right after the answer.
    let daemon = daemon.restart().await;
    let pool = daemon.pool().await;
    let names: Vec<_> = pool.resources.iter().map(|it| it.name.as_str()).collect();
    assert_eq!((pool.revision, names), (4, vec!["bench-1", "bench-3"]), "one is still held");
    let expected = InventoryDocument::parse(&benches(1)).unwrap();
    assert_eq!(document(&daemon.get("/inventory").await), expected);
    let listed = revisions(&daemon, "/v1/inventory/revisions").await;
    assert_eq!(listed[0].1, [4, 3, 2, 1]);
    daemon.resume(&lease.token).await.expect_granted().await;
}

#[tokio::test]
async fn what_is_not_a_revision_is_refused() {
    let daemon = daemon_with_three_revisions().await;
    for missing in ["0", "4", "18446744073709551615"] {
        let target = format!("/inventory?revision={missing}");
        daemon.get(&target).await.expect_problem(404, "no_such_revision");
        for target in [format!("{target}&dry_run=true"), target] {
            let reply = daemon.send("POST", &target, &[]).await;
            reply.expect_problem(404, "no_such_revision");
        }
    }
    for malformed in ["", "x", "-1", "1.0", "18446744073709551616", "1&revision=2"] {
        for method in ["GET", "POST"] {
            let target = format!("/inventory?revision={malformed}");
            let problem = daemon.send(method, &target, &[]).await.expect_problem(400, "malformed");
            assert_eq!(problem.more["parameter"], "revision", "{method} {malformed:?}");
        }
    }
    let with_body = daemon.post_inventory("/inventory?revision=1", &benches(1)).await;
    with_body.expect_problem(400, "malformed");
    let without_revision = daemon.post_inventory("/inventory?pool=lab", &benches(1)).await;
    without_revision.expect_problem(400, "malformed");
    daemon.get("/inventory?dry_run=true").await.expect_problem(400, "malformed");
    daemon.get("/v1/inventory/revisions?revision=1").await.expect_problem(400, "malformed");
    let post = daemon.send("POST", "/v1/inventory/revisions", &[]).await;
    post.expect_problem(405, "method_not_allowed");
    assert_eq!(daemon.pool().await.revision, 3);
}

#[tokio::test]
async fn each_pool_has_revisions_of_its_own() {
    let daemon = Daemon::start(TWO_POOLS).await;
    let changed = TWO_POOLS.replace("phone-1", "phone-2");
    daemon.post_inventory("/inventory", &changed).await.expect_status(200);
    let (boards, phones) = (("boards".to_owned(), vec![1]), ("phones".to_owned(), vec![2, 1]));
    let all = revisions(&daemon, "/v1/inventory/revisions").await;
    assert_eq!(all, [boards, phones.clone()]);
    assert_eq!(revisions(&daemon, "/v1/inventory/revisions?pool=phones").await, [phones]);

    for target in ["/inventory?revision=1", "/inventory?revision=1&dry_run=true"] {
        let problem = daemon.send("POST", target, &[]).await.expect_problem(400, "pool_required");
        assert_eq!(problem.more["pools"], serde_json::json!(["boards", "phones"]));
    }
    daemon.get("/inventory?revision=1").await.expect_problem(400, "pool_required");
    for target in ["/inventory?revision=1&pool=cars", "/v1/inventory/revisions?pool=cars"] {
        daemon.get(target).await.expect_problem(404, "no_such_pool");
    }
    let earlier = document(&daemon.get("/inventory?revision=1&pool=phones").await);
    assert_eq!(earlier.pools.len(), 1);
    assert_eq!(earlier.pools[0], InventoryDocument::parse(TWO_POOLS).unwrap().pools[1]);
    let present = document(&daemon.get("/inventory?pool=phones").await);
    assert_eq!(present.pools[..], InventoryDocument::parse(&changed).unwrap().pools[1..]);

    let target = "/inventory?revision=1&pool=phones";
    let reply = daemon.send("POST", target, &[]).await.expect_status(200);
    let answer: InventoryAnswer = serde_json::from_value(reply.json()).unwrap();
    assert_eq!((answer.pools.len(), answer.pools[0].revision), (1, 3));
    let expected = InventoryDocument::parse(TWO_POOLS).unwrap();
    assert_eq!(document(&daemon.get("/inventory").await), expected);
}

#[tokio::test]
async fn revisions_are_for_administrators_where_there_is_a_token() {
    let settings = Daemon::with(ONE_BENCH).file_flag("--admin-token-file", "correct-horse\n");
    let daemon = settings.start().await;
    for (method, target) in [
        ("GET", "/v1/inventory/revisions"),
        ("GET", "/inventory?revision=1"),
        ("GET", "/inventory?pool=lab"),
        ("POST", "/inventory?revision=1"),
        ("POST", "/inventory?revision=1&dry_run=true"),
    ] {
        let wrong = [("Authorization", "Bearer wrong")];
        for headers in [&[][..], &wrong] {
            let reply = daemon.send(method, target, headers).await;
            reply.expect_problem(401, "unauthorized");
        }
        let admin = [("Authorization", "Bearer correct-horse")];
        daemon.send(method, target, &admin).await.expect_status(200);
    }
}

#[tokio::test]
async fn as_many_revisions_are_kept_as_was_asked_for() {
    let mut daemon = Daemon::with(&benches(1)).flag("--keep-revisions", "2").start().await;
    for count in 2..=5 {
        daemon.post_inventory("/inventory", &benches(count)).await.expect_status(200);
    }
    for _ in 0..2 {
        let listed = revisions(&daemon, "/v1/inventory/revisions").await;
        assert_eq!(listed[0].1, [5, 4]);
        let reply = daemon.get("/inventory?revision=3").await;
        reply.expect_problem(404, "no_such_revision");
        daemon = daemon.restart().await;
    }
}
