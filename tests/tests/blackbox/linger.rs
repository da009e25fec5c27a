//! Linger: a lease, or a place in the queue, that outlives its connection for a while.

use respo::EndReason;
use respo::wire::{Event, ResourceState};
use tests::Daemon;
use tests::inventories::ONE_BENCH;

#[tokio::test]
async fn a_lease_with_linger_survives_its_connection_and_is_taken_up_again() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut stream = daemon.lock("linger=10m&name=alice").await;
    let lease = stream.expect_granted().await;
    stream.reset();
    let bench = daemon.expect_state("bench-1", ResourceState::Orphaned).await;
    let holding = bench.lease.unwrap();
    assert_eq!(holding.id, lease.id);
    assert!(holding.orphaned_until.is_some(), "everybody sees until when");
    let busy = daemon.refused("wait=0").await.expect_problem(409, "busy");
    assert_eq!(busy.more["candidates"][0]["state"], "orphaned");

    let mut back = daemon.lock(&format!("resume={}", lease.token)).await;
    let again = back.expect_granted().await;
    assert_eq!((again.id, again.fence, again.since), (lease.id, lease.fence, lease.since));
    assert_eq!(again.token, lease.token);
    let bench = daemon.expect_state("bench-1", ResourceState::Leased).await;
    assert_eq!(bench.lease.unwrap().orphaned_until, None);

    // It lingers still, as it was asked to.
    back.close();
    daemon.expect_state("bench-1", ResourceState::Orphaned).await;
    let target = format!("resume={}&pool=lab", lease.token);
    daemon.hold(&target).await.close();
}

#[tokio::test]
async fn a_lease_to_which_nobody_comes_back_goes_to_the_next() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut stream = daemon.lock("linger=300ms").await;
    let lease = stream.expect_granted().await;
    let mut next = daemon.lock("").await;
    next.expect_queued().await;
    stream.close();
    next.expect_granted().await;
    daemon.expect_no_resume(&lease.token).await;
}

#[tokio::test]
async fn a_waiter_with_linger_keeps_its_place() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("").await;
    let mut first = daemon.lock("linger=10m").await;
    let request = first.expect_queued().await;
    let token = request.token.expect("the first queued line has the token");
    let mut second = daemon.lock("").await;
    assert_eq!(second.expect_queued().await.position, 2);
    first.reset();

    let mut back = daemon.lock(&format!("resume={token}")).await;
    let again = back.expect_queued().await;
    assert_eq!((again.id, again.position), (request.id, 1));
    holder.close();
    back.expect_granted().await;
    back.close();
    daemon.expect_state("bench-1", ResourceState::Orphaned).await;
    assert_eq!(daemon.release(request.id, &token).await.status(), 204);
    second.expect_granted().await;
}

#[tokio::test]
async fn a_lease_that_is_granted_while_its_client_is_away_waits_for_it() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("").await;
    let mut away = daemon.lock("linger=10m").await;
    let token = away.expect_queued().await.token.unwrap();
    away.close();
    holder.close();
    let bench = daemon.expect_state("bench-1", ResourceState::Orphaned).await;
    let mut back = daemon.lock(&format!("resume={token}")).await;
    assert_eq!(back.expect_granted().await.id, bench.lease.unwrap().id);
}

#[tokio::test]
async fn a_lease_that_lingers_can_be_given_back_from_anywhere_with_its_token() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut stream = daemon.lock("linger=10m").await;
    let lease = stream.expect_granted().await;
    stream.close();
    daemon.expect_state("bench-1", ResourceState::Orphaned).await;
    assert_eq!(daemon.release(lease.id, &lease.token).await.status(), 204);
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_lease_is_taken_over_from_a_connection_that_is_still_there() {
    // The client knows that its connection is broken before the daemon does.
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut old = daemon.lock("linger=10m").await;
    let lease = old.expect_granted().await;
    let mut new = daemon.lock(&format!("resume={}", lease.token)).await;
    assert_eq!(new.expect_granted().await.id, lease.id);
    assert_eq!(old.expect_ended().await, EndReason::TakenOver);
    // The end of the old connection is not the end of the lease.
    old.close();
    daemon.get("/healthz").await.expect_status(200);
    let state = daemon.resource("bench-1").await.unwrap().state;
    assert_eq!(state, ResourceState::Leased);
    let bye = daemon.release(lease.id, &lease.token).await;
    assert_eq!(bye.status(), 204);
    assert_eq!(new.expect_ended().await, EndReason::Released);
}

#[tokio::test]
async fn a_lease_without_linger_cannot_be_taken_up_after_its_connection() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut stream = daemon.lock("").await;
    let lease = stream.expect_granted().await;
    stream.connection.finish_sending();
    let events = stream.until_end().await;
    let last = events.last();
    assert!(
        matches!(last, Some(Event::Ended { reason: EndReason::Disconnected, .. })),
        "who still listens is told: {events:?}"
    );
    daemon.expect_idle().await;
    daemon.expect_no_resume(&lease.token).await;
}

#[tokio::test]
async fn the_pool_limits_how_long_a_lease_lingers() {
    let daemon = Daemon::with(ONE_BENCH).flag("--max-linger", "1m").start().await;
    daemon.refused("linger=61s").await.expect_problem(422, "over_limit");
    daemon.hold("linger=1m").await.close();
}
