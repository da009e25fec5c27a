//! A wall clock that was set while respod did not run: no lease ends by it, and none lasts longer.
//!
//! To move every time in the database is the same as to set the wall clock in the other direction.

use std::time::{Duration, Instant};

use respo::EndReason;
use respo::wire::ResourceState;
use rusqlite::Connection;
use tests::Daemon;
use tests::inventories::ONE_BENCH;
use tests::settings::Settings;

const DAY: i64 = 24 * 3600;
const HOUR: Duration = Duration::from_secs(3600);

/// Changes the database of a respod that does not run.
fn change(settings: &Settings, sql: &str) {
    let connection = Connection::open(settings.data_dir().join("respo.db")).unwrap();
    connection.execute_batch(sql).unwrap();
    connection.close().map_err(|(_, error)| error).unwrap();
}

/// Moves every time by so many seconds.
fn move_times(seconds: i64) -> String {
    let by = format!("+ {seconds} * 1000000");
    format!(
        "UPDATE pools SET at = at {by};
         UPDATE requests SET queued_at = queued_at {by}, since = since {by}, expires = expires {by};"
    )
}

/// So many seconds pass.
fn pass(seconds: i64) -> String {
    format!(
        "UPDATE pools SET boot_time = boot_time - {seconds} * 1000000; {}",
        move_times(-seconds)
    )
}

/// Another boot of the machine, which was off for so many seconds.
fn reboot(off: i64) -> String {
    format!("UPDATE pools SET boot = 'another', boot_time = 7; {}", move_times(-off))
}

#[tokio::test]
async fn what_is_left_of_a_lease_and_of_a_wait_is_the_same_whatever_the_wall_clock_shows() {
    let cases = [
        (move_times(-DAY), 0),
        (move_times(DAY), 0),
        (reboot(DAY), 0),
        (reboot(-DAY), 0),
        (format!("{}{}", pass(600), move_times(DAY)), 600),
    ];
    for (meanwhile, seconds) in cases {
        let passed = Duration::from_secs(seconds);
        let began = Instant::now();
        let daemon = Daemon::start(ONE_BENCH).await;
        let mut holder = daemon.lock("name=holder&max_duration=1h").await;
        let lease = holder.expect_granted().await;
        let mut waiter = daemon.lock("name=waiter&wait=2h").await;
        let request = waiter.expect_queued().await;
        let settings = daemon.kill().await;
        change(&settings, &meanwhile);

        let daemon = settings.start().await;
        let mut holder = daemon.resume(&lease.token).await;
        let resumed = holder.expect_granted().await;
        let token = request.token.expect("its token");
        let waiting = daemon.resume(&token).await.expect_queued().await;
        let now = daemon.overview().await.time;
        let slack = began.elapsed();
        assert_eq!((resumed.id, resumed.fence), (lease.id, lease.fence));
        let left = resumed.expires.expect("it has a maximum duration").since(now);
        assert!(left <= HOUR - passed, "{meanwhile}: prolonged, {left:?} are left");
        assert!(left >= HOUR - passed - slack, "{meanwhile}: cut short, {left:?} are left");
        let waited = now.since(waiting.since);
        assert!((passed..=passed + slack).contains(&waited), "{meanwhile}: waited {waited:?}");
    }
}

#[tokio::test]
async fn a_lease_whose_time_was_up_ends_at_the_start_whatever_the_wall_clock_shows() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = daemon.lock("name=holder&max_duration=1h").await;
    let lease = holder.expect_granted().await;
    let settings = daemon.kill().await;
    change(&settings, &format!("{}{}", pass(3601), move_times(DAY)));
    let daemon = settings.start().await;
    daemon.expect_no_resume(&lease.token).await;
    daemon.hold("name=next&wait=0").await;
    let history = daemon.settings().tool(&["history", "export"]).finish().await.expect_code(0);
    let first = history.stdout.lines().next().expect("what has ended");
    assert!(first.contains(r#""reason":"max_duration""#), "{first}");
}

#[tokio::test]
async fn a_short_lease_ends_in_its_time_though_the_wall_clock_was_set_back_by_a_day() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let asked = Instant::now();
    let mut holder = daemon.lock("name=holder&max_duration=3s").await;
    let token = holder.expect_granted().await.token;
    let settings = daemon.kill().await;
    change(&settings, &move_times(DAY));
    let daemon = settings.start().await;
    let mut resumed = daemon.resume(&token).await;
    resumed.expect_granted().await;
    assert_eq!(resumed.expect_ended().await, EndReason::MaxDuration);
    assert!(asked.elapsed() >= Duration::from_secs(3), "it has ended too early");
    daemon.expect_state("bench-1", ResourceState::Free).await;
}
