//! SIGHUP: the inventory file is read again.

use std::fs;

use nix::sys::signal::Signal;
use respo::wire::ResourceState;
use tests::inventories::{LAB, ONE_BENCH};
use tests::{Daemon, eventually};

#[tokio::test]
async fn a_good_file_is_taken_and_nobody_loses_a_lease() {
    let daemon = Daemon::start(LAB).await;
    let holder = daemon.hold("resource=bench-4").await;
    fs::write(daemon.inventory_file(), ONE_BENCH).unwrap();
    daemon.signal(Signal::SIGHUP);
    eventually("the new inventory is there", async || {
        let pool = daemon.pool().await;
        if pool.revision == 2 { Ok(()) } else { Err(format!("{pool:?}")) }
    })
    .await;
    daemon.expect_state("bench-4", ResourceState::Retired).await;
    assert_eq!(daemon.resource("bench-2").await, None);
    holder.close();
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_bad_file_is_refused_with_its_problems_and_the_old_one_stays() {
    let daemon = Daemon::start(ONE_BENCH).await;
    fs::write(daemon.inventory_file(), "pool:\n  name: lab\n  resorces: {}\n").unwrap();
    daemon.signal(Signal::SIGHUP);
    daemon.expect_log("pool.resorces").await;
    assert_eq!(daemon.pool().await.revision, 1);

    fs::remove_file(daemon.inventory_file()).unwrap();
    daemon.signal(Signal::SIGHUP);
    daemon.expect_log("No such file").await;
    assert_eq!(daemon.pool().await.revision, 1);

    // And a good one is taken afterwards.
    fs::write(daemon.inventory_file(), LAB).unwrap();
    daemon.signal(Signal::SIGHUP);
    daemon.expect_state("bench-4", ResourceState::Free).await;
}
