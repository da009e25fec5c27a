//! What is left of a limit of time when respod is killed is what is left of it after the next start.

use std::time::{SystemTime, UNIX_EPOCH};

use respo::{EndReason, Timestamp};
use tests::inventories::ONE_BENCH;
use tests::{Daemon, eventually};

/// Waits until this time has come.
async fn until(time: Timestamp) {
    eventually(&format!("it is {time}"), async || {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is set");
        if now.as_micros() > u128::from(time.as_micros()) {
            Ok(())
        } else {
            Err(format!("{now:?}"))
        }
    })
    .await;
}

#[tokio::test]
async fn a_lease_ends_at_its_maximum_duration_no_sooner_and_no_later() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = daemon.lock("max_duration=6s").await;
    let lease = holder.expect_granted().await;
    let mut waiter = daemon.lock("").await;
    let waiting = waiter.expect_queued().await.token.unwrap();
    let expires = lease.expires.expect("it is told when it ends");

    let daemon = daemon.restart().await;
    let mut holder = daemon.resume(&lease.token).await;
    assert_eq!(holder.expect_granted().await.expires, Some(expires));
    let mut waiter = daemon.resume(&waiting).await;
    assert_eq!(holder.expect_ended().await, EndReason::MaxDuration);
    assert!(waiter.expect_granted().await.since >= expires);
}

#[tokio::test]
async fn a_lease_whose_time_is_over_while_respod_is_away_has_ended_at_the_start() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = daemon.lock("max_duration=1s").await;
    let lease = holder.expect_granted().await;
    let mut waiter = daemon.lock("").await;
    let waiting = waiter.expect_queued().await.token.unwrap();

    let settings = daemon.kill().await;
    until(lease.expires.unwrap()).await;
    // Far away, lest it ended for another reason.
    let daemon = settings.flag("--grace", "10m").start().await;
    daemon.expect_no_resume(&lease.token).await;
    daemon.expect_log("reason=max_duration").await;
    daemon.resume(&waiting).await.expect_granted().await;
}

#[tokio::test]
async fn a_request_waits_as_long_as_it_wanted_and_no_longer() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = daemon.lock("").await;
    let lease = holder.expect_granted().await;
    let mut brief = daemon.lock("wait=1s").await;
    let brief = brief.expect_queued().await;
    let mut patient = daemon.lock("wait=6s").await;
    let patient = patient.expect_queued().await;

    let settings = daemon.kill().await;
    until(brief.since.after(std::time::Duration::from_secs(1))).await;
    let daemon = settings.start().await;
    let mut holder = daemon.resume(&lease.token).await;
    holder.expect_granted().await;
    daemon.expect_no_resume(&brief.token.unwrap()).await;
    let mut back = daemon.resume(&patient.token.unwrap()).await;
    assert_eq!(back.expect_queued().await.position, 1);
    assert_eq!(back.expect_ended().await, EndReason::WaitExpired);
    let waited = daemon.overview().await.time.since(patient.since);
    assert!(waited.as_secs() >= 6, "{waited:?}");
}
