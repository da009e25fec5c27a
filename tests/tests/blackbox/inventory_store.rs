//! Which inventory is in force after a start: that of the store, once it has one.

use nix::sys::signal::Signal;
use respo::wire::{PoolOverview, ResourceState};
use tests::Daemon;
use tests::inventories::{ONE_BENCH, TWO_POOLS, benches};

const BROKEN: &str =
    "pool:\n  name: lab\n  resorces: {}\n  resources:\n    bench-1: {colour: red}\n";

fn names(pool: &PoolOverview) -> Vec<&str> {
    pool.resources.iter().map(|it| it.name.as_str()).collect()
}

#[tokio::test]
async fn the_file_seeds_an_empty_store_and_is_put_in_force_by_sighup_afterwards() {
    let daemon = Daemon::start(&benches(1)).await;
    daemon.expect_log("the inventory in force is from the inventory file").await;

    let settings = daemon.kill().await;
    settings.write_inventory(&benches(3));
    let daemon = settings.start().await;
    let pool = daemon.pool().await;
    assert_eq!((pool.revision, names(&pool)), (1, vec!["bench-1"]));
    daemon.expect_log("the inventory in force is from the store").await;
    daemon.expect_log("the inventory file differs from the inventory in force").await;
    daemon.expect_log("would_add=2").await;

    daemon.signal(Signal::SIGHUP);
    daemon.expect_state("bench-3", ResourceState::Free).await;
    let daemon = daemon.restart().await;
    let pool = daemon.pool().await;
    assert_eq!((pool.revision, names(&pool)), (2, vec!["bench-1", "bench-2", "bench-3"]));
    assert!(!daemon.log().contains("differs"), "{}", daemon.log());
}

#[tokio::test]
async fn an_inventory_is_on_the_disk_when_its_post_is_answered() {
    let mut daemon = Daemon::start(&benches(1)).await;
    for count in 2..6 {
        let reply = daemon.post_inventory("/inventory", &benches(count)).await.expect_status(200);
        assert_eq!(reply.json()["pools"][0]["revision"], count);
        daemon = daemon.restart().await;
        let pool = daemon.pool().await;
        assert_eq!((pool.resources.len(), pool.revision), (count, count as u64));
    }
}

#[tokio::test]
async fn properties_and_all_come_back_from_the_store() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let before = daemon.get("/inventory").await.expect_status(200).text();
    let settings = daemon.kill().await.without("--inventory");
    let daemon = settings.start().await;
    assert_eq!(daemon.get("/inventory").await.expect_status(200).text(), before);
    assert!(before.contains("SECRET-KEY-1"));
    let mut holder = daemon.lock("").await;
    let lease = holder.expect_granted().await;
    assert_eq!(
        lease.resource.as_ref().unwrap().entities["dut"].properties["api_key"],
        "SECRET-KEY-1"
    );
}

#[tokio::test]
async fn a_store_with_an_inventory_needs_no_file() {
    let settings = Daemon::start(TWO_POOLS).await.stop().await.without("--inventory");
    let daemon = settings.start().await;
    let pools = daemon.overview().await.pools;
    let pools: Vec<_> = pools.iter().map(|pool| pool.name.as_str()).collect();
    assert_eq!(pools, ["boards", "phones"]);
    assert!(!daemon.log().contains("differs"), "{}", daemon.log());
    // It says so if it is asked to read the file that it has not.
    daemon.signal(Signal::SIGHUP);
    daemon.expect_log("without --inventory").await;
    daemon.get("/healthz").await.expect_status(200);
}

#[tokio::test]
async fn a_broken_file_does_not_keep_a_store_from_being_served() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = daemon.lock("").await;
    let lease = holder.expect_granted().await;
    let settings = daemon.kill().await;
    settings.write_inventory(BROKEN);
    let daemon = settings.start().await;
    for said in
        ["pool.resorces", "pool.resources.bench-1.colour", "going on with what the store has"]
    {
        daemon.expect_log(said).await;
    }
    let mut back = daemon.resume(&lease.token).await;
    back.expect_granted().await;

    let settings = daemon.kill().await;
    std::fs::remove_file(settings.inventory_file()).unwrap();
    let daemon = settings.start().await;
    daemon.expect_log("No such file").await;
    daemon.resume(&lease.token).await.expect_granted().await;
}

#[tokio::test]
async fn without_any_inventory_nothing_is_started_and_nothing_is_made() {
    let settings = Daemon::with(BROKEN);
    let end = settings.fail().await.expect_code(1);
    for said in ["pool.resorces", "pool.resources.bench-1.colour"] {
        assert!(end.stderr.contains(said), "{}", end.stderr);
    }
    assert!(!settings.data_dir().exists(), "nothing was made");

    let settings = settings.without("--inventory");
    let end = settings.fail().await.expect_code(2);
    assert!(end.stderr.contains("--inventory"), "{}", end.stderr);
    assert!(!settings.data_dir().exists(), "nothing was made");
    // A directory that is there already, without a database, is no different.
    std::fs::create_dir(settings.data_dir()).unwrap();
    settings.fail().await.expect_code(2);
    assert_eq!(std::fs::read_dir(settings.data_dir()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_pool_that_the_file_leaves_out_is_kept_until_the_file_has_it_again() {
    let only_boards = "pools:\n  - name: boards\n    resources:\n      board-1: {}\n";
    let daemon = Daemon::start(TWO_POOLS).await;
    let mut phone = daemon.lock("pool=phones").await;
    let lease = phone.expect_granted().await;
    let settings = daemon.kill().await;
    settings.write_inventory(only_boards);
    let daemon = settings.start().await;
    daemon.expect_log("kept, but not served").await;
    assert_eq!(daemon.overview().await.pools.len(), 1);
    daemon.refused("pool=phones").await.expect_problem(404, "no_such_pool");
    daemon.hold("").await;

    // It does not come back by a mistake in the file.
    let settings = daemon.kill().await;
    settings.write_inventory("pools: [");
    let daemon = settings.start().await;
    assert_eq!(daemon.overview().await.pools.len(), 1);

    let settings = daemon.kill().await;
    settings.write_inventory(TWO_POOLS);
    let daemon = settings.start().await;
    daemon.expect_state("phone-1", ResourceState::Orphaned).await;
    let mut back = daemon.resume(&format!("{}&pool=phones", lease.token)).await;
    assert_eq!(back.expect_granted().await, lease);
}

#[tokio::test]
async fn a_pool_that_is_new_in_the_file_is_served_beside_the_stored_ones() {
    let daemon =
        Daemon::start("pools:\n  - name: boards\n    resources:\n      board-7: {}\n").await;
    let settings = daemon.kill().await;
    settings.write_inventory(TWO_POOLS);
    let daemon = settings.start().await;
    let pools = daemon.overview().await.pools;
    assert_eq!(names(&pools[0]), ["board-7"], "the stored one stays in force");
    assert_eq!(names(&pools[1]), ["phone-1"], "the new one is seeded");
}

#[tokio::test]
async fn a_change_that_was_cut_off_by_a_kill_is_there_whole_or_not_at_all() {
    let mut daemon = Daemon::start(&benches(1)).await;
    for round in 0..4 {
        let mut connection = daemon.connect().await;
        let body = benches(500 + round);
        let length = body.len().to_string();
        let headers = [("Content-Length", length.as_str())];
        let head = connection.request_head("POST", "/inventory", &headers);
        let before = daemon.pool().await;
        connection.send(head + &body).await;
        // At whatever moment of it, on the way to the answer.
        daemon = daemon.restart().await;
        let after = daemon.pool().await;
        let (old, new) =
            ((before.revision, before.resources.len()), (before.revision + 1, 500 + round));
        let found = (after.revision, after.resources.len());
        assert!(found == old || found == new, "{found:?}, neither {old:?} nor {new:?}");
    }
}
