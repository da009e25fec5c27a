//! What the tables say of what has ended, and what is forgotten.

use std::sync::Arc;
use std::time::Duration;

use respo::{EndReason, Fence, Hold, Name, Record, RequestId};
use respo_sqlite::history::HistoryChange::{Released, Transferred};
use respo_sqlite::history::{self, HistoryEntry, HistoryFilter};
use respo_sqlite::{SqliteStore, StoreOptions};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::records::{at, commit, ended, granted, pool, queued, replaced, request, token};

fn open(directory: &TempDir, retention: Option<Duration>) -> SqliteStore {
    let mut options = StoreOptions::default();
    options.history = retention;
    SqliteStore::open(directory.path(), options).unwrap()
}

/// The rows of a query, each as a line of SQL literals.
fn rows(directory: &TempDir, query: &str) -> Vec<String> {
    let connection = Connection::open(respo_sqlite::database_path(directory.path())).unwrap();
    let mut statement = connection.prepare(query).unwrap();
    let columns = statement.column_count();
    let line = |row: &rusqlite::Row<'_>| {
        let cells = (0..columns).map(|column| match row.get_ref(column).unwrap() {
            rusqlite::types::ValueRef::Null => "null".to_owned(),
            rusqlite::types::ValueRef::Integer(number) => number.to_string(),
            rusqlite::types::ValueRef::Real(number) => format!("{number:?}"),
            rusqlite::types::ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
            rusqlite::types::ValueRef::Blob(_) => "blob".to_owned(),
        });
        Ok(cells.collect::<Vec<_>>().join(" | "))
    };
    statement.query_map([], line).unwrap().collect::<Result<_, _>>().unwrap()
}

fn entries(directory: &TempDir, filter: &HistoryFilter) -> Vec<HistoryEntry> {
    let mut entries = Vec::new();
    let add = |entry| {
        entries.push(entry);
        Ok::<(), std::convert::Infallible>(())
    };
    history::read(directory.path(), filter, add).unwrap();
    entries
}

fn ids(entries: &[HistoryEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.id.0).collect()
}

#[tokio::test]
async fn the_history_says_who_had_what_for_how_long_and_why_it_ended() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory, None);
    commit(&store, "lab", vec![replaced(1, "first", 0.0), queued(1, 10.0)]).await;
    commit(&store, "lab", vec![granted(1, 1, 11.5)]).await;
    // One that is granted at once, and one that never is.
    commit(&store, "lab", vec![ended(1, EndReason::Released, 71.75), queued(2, 80.0)]).await;
    commit(&store, "lab", vec![granted(2, 2, 80.0), queued(3, 90.0)]).await;
    commit(&store, "lab", vec![ended(3, EndReason::WaitExpired, 95.0)]).await;
    commit(&store, "lab", vec![ended(2, EndReason::MaxDuration, 100.0)]).await;

    let columns =
        "id, fence, holder, description, resources, tags, priority, queued, granted, ended,
        waited_seconds, held_seconds, reason";
    let day = "2026-11-22T00:0";
    assert_eq!(
        rows(&directory, &format!("SELECT {columns} FROM history ORDER BY id")),
        [
            format!(
                "1 | 1 | ci-88 | nightly | [[\"bench-1\"]] | {{\"build\":\"4711\"}} | 0 | {day}0:10.000Z | \
                 {day}0:11.500Z | {day}1:11.750Z | 1.5 | 60.25 | released"
            ),
            format!(
                "2 | 2 | ci-88 | nightly | [[\"bench-1\"]] | {{\"build\":\"4711\"}} | 0 | {day}1:20.000Z | \
                 {day}1:20.000Z | {day}1:40.000Z | 0.0 | 20.0 | max_duration"
            ),
            format!(
                "3 | null | ci-88 | nightly | null | {{\"build\":\"4711\"}} | 0 | {day}1:30.000Z | null | \
                 {day}1:35.000Z | 5.0 | null | wait_expired"
            ),
        ]
    );
    let read = entries(&directory, &HistoryFilter::default());
    assert_eq!(ids(&read), [1, 3, 2], "in the order in which they ended");
    assert_eq!((read[0].waited_seconds, read[0].held_seconds), (1.5, Some(60.25)));
    assert_eq!((read[1].fence, read[1].held_seconds), (None, None));
    assert_eq!(read[2].resources, ["bench-1"]);
}

#[tokio::test]
async fn who_holds_what_can_be_asked_in_sql() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory, None);
    commit(&store, "lab", vec![replaced(1, "first", 0.0), queued(1, 10.0), queued(2, 11.0)]).await;
    let held = "SELECT pool, resource, holder, description, id, fence, since, expires, ttl, allowed
        FROM held";
    assert_eq!(rows(&directory, held), Vec::<String>::new());
    commit(&store, "lab", vec![granted(1, 5, 12.0)]).await;
    let row =
        "lab | bench-1 | ci-88 | nightly | 1 | 5 | 2026-11-22T00:00:12.000Z | null | null | []";
    assert_eq!(rows(&directory, held), [row]);
    commit(&store, "lab", vec![ended(1, EndReason::Released, 13.0)]).await;
    assert_eq!(rows(&directory, held), Vec::<String>::new());
}

/// Two benches for five minutes without a renewal, shared with two others, extended; then one bench is released,
/// and the rest passes to another holder.
fn shared_lease() -> [Vec<Record>; 2] {
    let id = RequestId(1);
    let of = |holder: &str| {
        let mut request = request();
        request.hold = Hold::Ttl { ttl: Duration::from_secs(300) };
        request.holder = Some(pool(holder));
        Arc::new(request)
    };
    let bench = |number: u64| Name::new(format!("bench-{number}")).unwrap();
    let queued = Record::Queued {
        id,
        request: of("ci-88"),
        token: token(1).digest(),
        party: id,
        made_with: None,
        at: at(10.0),
    };
    let resources = vec![vec![bench(1), bench(2)]];
    let granted = Record::Granted { id, fence: Fence(5), resources, at: at(12.0), expires: None };
    let allow =
        |who| Record::Allowed { id, who: pool(who), token: token(9).digest(), at: at(13.0) };
    let (expires, until) = (Some(at(600.0)), Some(at(400.0)));
    let extended = Record::Extended { id, expires, until, at: at(14.0) };
    let (released, at_20) = (vec![bench(1)], at(20.25));
    let released = Record::PartlyReleased { id, resources: released, at: at_20 };
    let (request, token) = (of("night shift"), token(2).digest());
    let transferred = Record::Transferred { id, request, token, party: id, at: at(30.0) };
    [
        vec![replaced(1, "first", 0.0), queued, granted, allow("bob"), allow("ann"), extended],
        vec![released, transferred],
    ]
}

#[tokio::test]
async fn what_was_released_or_passed_on_before_the_end_is_in_the_history() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory, None);
    let [begin, change] = shared_lease();
    commit(&store, "lab", begin).await;
    let held = "SELECT resource, holder, expires, ttl, allowed FROM held ORDER BY resource";
    let who = "ci-88 | 2026-11-22T00:10:00.000Z | 5m | [\"ann\",\"bob\"]";
    let both = [format!("bench-1 | {who}"), format!("bench-2 | {who}")];
    assert_eq!(rows(&directory, held), both);
    commit(&store, "lab", change).await;
    let left = "bench-2 | night shift | 2026-11-22T00:10:00.000Z | 5m | []";
    assert_eq!(rows(&directory, held), [left]);

    // The clock is set ahead by an hour before it ends: the changes are at their distance from the end.
    let hour = Duration::from_secs(3600);
    let (from, to) = (at(35.0), at(35.0).after(hour));
    commit(&store, "lab", vec![Record::ClockSet { from, to }]).await;
    let (id, reason) = (RequestId(1), EndReason::Expired);
    let end = Record::Ended { id, reason, at: at(40.0).after(hour) };
    commit(&store, "lab", vec![end]).await;
    let released = r#"{"at":"2026-11-22T01:00:20.250Z","released":["bench-1"]}"#;
    let passed_on = r#"{"at":"2026-11-22T01:00:30.000Z","former_holder":"ci-88"}"#;
    let history = "SELECT holder, resources, held_seconds, reason, changes FROM history";
    let row = format!("night shift | [[\"bench-2\"]] | 28.0 | expired | [{released},{passed_on}]");
    assert_eq!(rows(&directory, history), [row]);
    let read = entries(&directory, &HistoryFilter::default());
    assert_eq!(read[0].resources, ["bench-2"]);
    let [Released { at: first, released }, Transferred { at: second, former_holder }] =
        &read[0].changes[..]
    else {
        panic!("{read:?}");
    };
    assert_eq!((*first, *second), (at(20.25).after(hour), at(30.0).after(hour)));
    assert_eq!((released[0].as_str(), former_holder.as_ref()), ("bench-1", Some(&pool("ci-88"))));
    // The export has the same.
    let line = serde_json::to_value(&read[0]).unwrap();
    assert_eq!(line["changes"][1]["former_holder"], "ci-88");
    assert_eq!(line["changes"][0]["released"][0], "bench-1");
}

#[tokio::test]
async fn a_pool_and_a_time_can_be_picked_from_a_long_history() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory, None);
    // More than are read at a time, two pools by turns, one a second.
    for chunk in (1..=2_400).collect::<Vec<u64>>().chunks(300) {
        for (name, odd) in [("odd", 1), ("even", 0)] {
            let ids = chunk.iter().filter(|id| *id % 2 == odd);
            let records = ids.flat_map(|id| {
                let time = *id as f64;
                [queued(*id, time), ended(*id, EndReason::Disconnected, time)]
            });
            commit(&store, name, records.collect()).await;
        }
    }
    let all = entries(&directory, &HistoryFilter::default());
    assert_eq!(all.len(), 2_400);
    let filter = HistoryFilter {
        pool: Some(pool("even")),
        since: Some(at(1_000.0)),
        until: Some(at(1_010.0)),
    };
    assert_eq!(ids(&entries(&directory, &filter)), [1_000, 1_002, 1_004, 1_006, 1_008]);
    let filter = HistoryFilter { pool: Some(pool("odd")), ..HistoryFilter::default() };
    assert_eq!(ids(&entries(&directory, &filter)), (1..=2_400).step_by(2).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_older_than_the_retention_is_forgotten_and_nothing_else() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory, Some(Duration::from_secs(100)));
    // All of it is too new to be forgotten when it is written.
    for id in 1..=6 {
        let time = 10.0 * id as f64;
        commit(&store, "lab", vec![queued(id, time), ended(id, EndReason::Released, time)]).await;
    }
    drop(store);
    assert_eq!(entries(&directory, &HistoryFilter::default()).len(), 6);
    // When a store is opened it looks after the first commit; one that keeps all keeps all.
    let store = open(&directory, None);
    commit(&store, "lab", vec![queued(7, 130.0)]).await;
    drop(store);
    assert_eq!(entries(&directory, &HistoryFilter::default()).len(), 6);
    let store = open(&directory, Some(Duration::from_secs(100)));
    commit(&store, "lab", vec![queued(8, 130.0)]).await;
    drop(store);
    // What ended at 10 and 20 is more than 100 seconds old, and what ended at 30 is not.
    assert_eq!(ids(&entries(&directory, &HistoryFilter::default())), [3, 4, 5, 6]);
}

#[tokio::test]
async fn a_long_history_is_forgotten_bit_by_bit() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory, None);
    let records = (1..=2_500).flat_map(|id| [queued(id, 1.0), ended(id, EndReason::Released, 2.0)]);
    commit(&store, "lab", records.collect()).await;
    drop(store);
    // Some when the store is opened, and some more with later commits.
    for (id, left) in [(3_001, 1_500), (3_002, 500), (3_003, 0)] {
        let store = open(&directory, Some(Duration::from_secs(1)));
        commit(&store, "lab", vec![queued(id, 100.0)]).await;
        drop(store);
        assert_eq!(entries(&directory, &HistoryFilter::default()).len(), left);
    }
}
