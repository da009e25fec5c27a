//! What is left of a time when respod starts again, whatever was done to the clocks meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use respo::broker::{Broker, TicketEvent};
use respo::{
    EndReason, Hold, Inventory, InventoryStore, Name, Refusal, Request, RequestId, Resource,
    Selector, Token, Wait,
};
use respo_sqlite::history::{self, HistoryFilter};
use respo_sqlite::{SqliteStore, StoreOptions, database_path};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::records::{commit, pool, queued};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

fn open(directory: &Path) -> SqliteStore {
    SqliteStore::open(directory, StoreOptions::default()).unwrap()
}

/// Changes the database of a store that is closed.
fn change(directory: &Path, sql: &str) {
    let connection = Connection::open(database_path(directory)).unwrap();
    connection.execute_batch(sql).unwrap();
}

async fn age(directory: &Path) -> Duration {
    open(directory).recover(&pool("lab")).await.unwrap().unwrap().age
}

#[tokio::test]
async fn while_the_machine_is_up_the_age_is_the_time_that_has_passed() {
    let directory = TempDir::new().unwrap();
    let store = open(directory.path());
    let began = Instant::now();
    commit(&store, "lab", vec![queued(1, 0.0)]).await;
    let committed = Instant::now();
    drop(store);
    // The same as an hour in which nothing runs.
    change(directory.path(), "UPDATE pools SET boot_time = boot_time - 3600 * 1000000");
    let least = HOUR + committed.elapsed();
    let age = age(directory.path()).await;
    let most = HOUR + began.elapsed();
    assert!((least..=most).contains(&age), "{age:?} is not between {least:?} and {most:?}");
}

#[tokio::test]
async fn after_a_boot_the_age_is_what_was_seen_to_pass_and_is_counted_on() {
    let directory = TempDir::new().unwrap();
    commit(&open(directory.path()), "lab", vec![queued(1, 0.0)]).await;
    for seen in [90, 0] {
        let boot = "boot = '00000000-0000-0000-0000-000000000000', boot_time = 5";
        let idle = format!("UPDATE pools SET {boot}, idle = {seen} * 1000000");
        change(directory.path(), &idle);
        let booted = Instant::now();
        let seen = Duration::from_secs(seen);
        let first = age(directory.path()).await;
        assert!((seen..=seen + booted.elapsed()).contains(&first), "{first:?}");
        // Nothing is committed for an hour of this boot, and another start comes.
        change(directory.path(), "UPDATE pools SET boot_time = boot_time - 3600 * 1000000");
        let second = age(directory.path()).await;
        let most = seen + HOUR + booted.elapsed();
        assert!((seen + HOUR..=most).contains(&second), "{second:?}");
    }
    // The next commit counts from this boot again.
    let began = Instant::now();
    commit(&open(directory.path()), "lab", vec![queued(2, 0.0)]).await;
    let age = age(directory.path()).await;
    assert!(age <= began.elapsed() && age > Duration::ZERO, "{age:?}");
}

/// Every time in the database moves by so many seconds: the same as a wall clock that was set by as much
/// in the other direction.
fn move_times(seconds: i64) -> String {
    let by = format!("+ {seconds} * 1000000");
    format!(
        "UPDATE pools SET at = at {by};
         UPDATE requests SET queued_at = queued_at {by}, since = since {by}, expires = expires {by},
             until = until {by};"
    )
}

/// So many seconds pass while the machine is up and nothing runs.
fn pass(seconds: i64) -> String {
    format!(
        "UPDATE pools SET boot_time = boot_time - {seconds} * 1000000; {}",
        move_times(-seconds)
    )
}

/// The machine goes down after so many seconds, is off for so many more, and boots.
fn reboot(seconds: i64, off: i64) -> String {
    let pools =
        format!("UPDATE pools SET boot = 'another', boot_time = 5, idle = {seconds} * 1000000");
    format!("{pools}; {}", move_times(-seconds - off))
}

const DAY: i64 = 24 * 3600;

#[tokio::test]
async fn what_is_left_of_a_lease_does_not_depend_on_the_wall_clock() {
    // What happens between two runs, and how many seconds of that count.
    let cases = [
        (String::new(), 0),
        (pass(1200), 1200),
        (move_times(-DAY), 0),
        (move_times(DAY), 0),
        (format!("{}{}", pass(1200), move_times(-DAY)), 1200),
        (format!("{}{}", pass(1200), move_times(DAY)), 1200),
        (move_times(-1), 0),
        (move_times(1), 0),
        // While a machine is off nobody can hold anything, and how long that was only the wall clock says.
        (reboot(600, 3 * DAY), 600),
        (reboot(600, -3 * DAY), 600),
    ];
    for (meanwhile, counted) in cases {
        let run = FirstRun::new().await;
        change(run.directory.path(), &meanwhile);
        // The first start after it, and the next one, which must find what the first has made of it.
        for start in ["first", "second"] {
            let Left { of_lease, of_extension, waited } = left(&run).await;
            let most = HOUR - Duration::from_secs(counted);
            let slack = run.began.elapsed();
            let case = format!("{start} start after {meanwhile}");
            for left in [of_lease, of_extension] {
                assert!(left <= most, "{case}: prolonged, {left:?} are left");
                assert!(left >= most - slack, "{case}: cut short, {left:?} are left");
            }
            let least = Duration::from_secs(counted);
            assert!((least..=least + slack).contains(&waited), "{case}: waited {waited:?}");
        }
    }
}

#[tokio::test]
async fn a_lease_whose_time_is_up_ends_at_the_start_whatever_the_wall_clock_says() {
    for meanwhile in [pass(3601), format!("{}{}", pass(3601), move_times(DAY)), reboot(3601, -DAY)]
    {
        let run = FirstRun::new().await;
        change(run.directory.path(), &meanwhile);
        let broker = run.start().await;
        let session = broker.session();
        let resumed = session.resume(&run.holder).await;
        assert!(matches!(resumed, Err(Refusal::WrongToken)), "{meanwhile}: {resumed:?}");
        let mut reasons = Vec::new();
        history::read(run.directory.path(), &HistoryFilter::default(), |entry| {
            reasons.push((entry.id, entry.reason));
            Ok::<(), std::convert::Infallible>(())
        })
        .unwrap();
        assert_eq!(reasons, [(RequestId(1), EndReason::MaxDuration.code().to_owned())]);
        drop(session);
        broker.stop().await;
    }
}

/// A broker that was stopped while one client had a lease of an hour, and another waited.
struct FirstRun {
    directory: TempDir,
    began: Instant,
    /// Of a lease for an hour.
    holder: Token,
    /// Of a lease for a minute without a renewal, which was extended to an hour.
    extended: Token,
    waiter: Token,
}

impl FirstRun {
    async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let began = Instant::now();
        let unknown = || Token::presented("");
        let [holder, extended, waiter] = [(); 3].map(|()| unknown());
        let mut run = Self { directory, began, holder, extended, waiter };
        let broker = run.start().await;
        let session = broker.session();
        let mut request = Request::one(Selector::any());
        request.max_duration = Some(HOUR);
        let holder = session.submit(request).await.unwrap();
        let mut request = Request::one(Selector::any());
        request.hold = Hold::Ttl { ttl: MINUTE };
        let extended = session.submit(request).await.unwrap();
        broker.extend(extended.id(), extended.token(), HOUR - MINUTE).await.unwrap();
        run.extended = extended.token().clone();
        let mut request = Request::one(Selector::any());
        request.wait = Wait::UpTo(2 * HOUR);
        let waiter = session.submit(request).await.unwrap();
        (run.holder, run.waiter) = (holder.token().clone(), waiter.token().clone());
        broker.stop().await;
        run
    }

    async fn start(&self) -> Broker {
        let benches = ["bench-1", "bench-2"].map(|name| Resource::new(Name::new(name).unwrap()));
        let store = Arc::new(open(self.directory.path()));
        let builder = Broker::builder(pool("lab"), Inventory::new(benches).unwrap());
        builder.store(store).start().await.unwrap()
    }
}

struct Left {
    of_lease: Duration,
    of_extension: Duration,
    waited: Duration,
}

/// What the clients of a first run find when they come back.
async fn left(run: &FirstRun) -> Left {
    let broker = run.start().await;
    let session = broker.session();
    let mut holder = session.resume(&run.holder).await.unwrap();
    let Some(TicketEvent::Granted(grant)) = holder.next().await else { panic!("no lease") };
    let expires = grant.expires.unwrap();
    assert_eq!(expires.since(grant.since), HOUR);
    let waiter = session.resume(&run.waiter).await.unwrap();
    let snapshot = broker.snapshot().await;
    let waiting = &snapshot.waiting[0];
    assert_eq!(waiting.id, waiter.id());
    let now = broker.now();
    // The second of the three requests.
    let extended = broker.look_up(RequestId(2), &run.extended).await.unwrap().grant.unwrap();
    let of_extension = extended.expires.unwrap().since(now);
    let waited = now.since(waiting.since);
    let left = Left { of_lease: expires.since(now), of_extension, waited };
    broker.stop().await;
    left
}
