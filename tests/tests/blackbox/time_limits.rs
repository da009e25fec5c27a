//! Limits of time: how long a request waits, and how long a lease lasts.

use respo::EndReason;
use tests::Daemon;
use tests::inventories::ONE_BENCH;

#[tokio::test]
async fn a_request_that_has_waited_as_long_as_it_wanted_ends() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("").await;
    let mut brief = daemon.lock("wait=300ms").await;
    brief.expect_queued().await;
    let mut patient = daemon.lock("wait=1h&name=patient").await;
    patient.expect_queued().await;
    assert_eq!(brief.expect_ended().await, EndReason::WaitExpired);
    let waiting = daemon.expect_waiting(1).await.waiting;
    assert_eq!(waiting[0].position, 1);
    assert_eq!(waiting[0].holder.as_ref().unwrap().as_str(), "patient");
    holder.close();
    patient.expect_granted().await;
}

#[tokio::test]
async fn the_limit_of_the_wait_does_not_limit_the_lease() {
    let daemon = Daemon::with(ONE_BENCH).flag("--heartbeat", "50ms").start().await;
    let mut stream = daemon.lock("wait=100ms").await;
    assert_eq!(stream.expect_granted().await.expires, None);
    for _ in 0..6 {
        let event = stream.next_event().await;
        assert!(matches!(event, Some(respo::wire::Event::Heartbeat { .. })), "{event:?}");
    }
}

#[tokio::test]
async fn a_lease_ends_when_it_reaches_its_maximum_duration() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut stream = daemon.lock("max_duration=400ms").await;
    let lease = stream.expect_granted().await;
    let expires = lease.expires.expect("it is told when it ends");
    assert_eq!(expires.since(lease.since).as_millis(), 400);
    let shown = daemon.pool().await.resources.remove(0).lease;
    if let Some(shown) = shown {
        assert_eq!(shown.expires, Some(expires), "others see it, too");
    }
    let mut next = daemon.lock("").await;
    assert_eq!(stream.expect_ended().await, EndReason::MaxDuration);
    let granted = next.expect_granted().await;
    assert!(granted.since >= expires);
}

#[tokio::test]
async fn the_pool_limits_the_duration_of_leases() {
    let daemon = Daemon::with(ONE_BENCH).flag("--max-duration", "1h").start().await;
    let mut stream = daemon.lock("").await;
    let lease = stream.expect_granted().await;
    let expires = lease.expires.expect("the limit of the pool");
    assert_eq!(expires.since(lease.since).as_secs(), 3600);
    daemon.refused("max_duration=61m").await.expect_problem(422, "over_limit");
    daemon.refused("max_duration=1h&wait=0").await.expect_problem(409, "busy");
}
