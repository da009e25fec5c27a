//! `rpclient inventory get`, `push`, `check`, `diff`, `revisions` and `revert`.

use respo::yaml::InventoryDocument;
use serde_json::json;
use tests::inventories::{LAB, ONE_BENCH, TWO_POOLS, benches};
use tests::{Daemon, Finished, Program};

/// Runs `rpclient inventory` with these arguments and this input.
async fn inventory(daemon: &Daemon, arguments: &[&str], input: &str) -> Finished {
    let program = Program::rpclient(daemon).arg("inventory").args(arguments);
    program.input(input).finish().await
}

const MISTAKES: &str = "pool:\n  name: lab\n  resources:\n    a b: {}\n    c: {location: []}\n";

#[tokio::test]
async fn get_prints_what_push_takes() {
    let daemon = Daemon::start(LAB).await;
    let yaml = inventory(&daemon, &["get"], "").await.expect_code(0).stdout;
    assert_eq!(InventoryDocument::parse(&yaml).unwrap(), InventoryDocument::parse(LAB).unwrap());
    let pushed = inventory(&daemon, &["push", "-"], &yaml).await.expect_code(0);
    assert!(pushed.stdout.contains("no difference"), "{}", pushed.stdout);

    let json = inventory(&daemon, &["get", "--json"], "").await.expect_code(0).json();
    assert_eq!(json["pools"][0]["name"], "lab");
    assert_eq!(json["pools"][0]["resources"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn push_replaces_the_inventory_and_says_what_has_changed() {
    let daemon = Daemon::start(LAB).await;
    let _holder = daemon.hold("resource=bench-2").await;
    let dry = inventory(&daemon, &["push", "--dry-run", "-"], ONE_BENCH).await.expect_code(0);
    assert!(dry.stdout.contains("dry run"), "{}", dry.stdout);
    assert_eq!(daemon.pool().await.revision, 1);

    let json = inventory(&daemon, &["push", "-", "--json"], ONE_BENCH).await.expect_code(0).json();
    let pool = json!({"name": "lab", "revision": 2, "added": [], "removed": ["bench-3", "bench-4"],
        "changed": ["bench-1"], "retired": ["bench-2"]});
    assert_eq!(json, json!({"dry_run": false, "pools": [pool]}));

    let text = inventory(&daemon, &["push", "-"], LAB).await.expect_code(0).stdout;
    assert!(text.contains("added") && text.contains("bench-3"), "{text}");
}

#[tokio::test]
async fn stacks_and_rules_are_shown_pushed_and_had_back() {
    let daemon = Daemon::start(LAB).await;
    let mut wired = LAB.to_owned();
    wired.push_str("  stacks: [[bench-1, bench-2]]\n  hold_back_after: 5m\n");
    wired.push_str("  max_leases: {per_holder: 3}\n");
    let difference = inventory(&daemon, &["diff", "-"], &wired).await.expect_code(0).stdout;
    assert_eq!(
        difference,
        "+ stack bench-1 bench-2\n+ hold_back_after: 5m\n+ max_leases.per_holder: 3\n"
    );

    let json = inventory(&daemon, &["push", "-", "--json"], &wired).await.expect_code(0).json();
    let pool = json!({"name": "lab", "revision": 2, "added": [], "removed": [], "changed": [],
        "retired": [], "rules": true});
    assert_eq!(json["pools"], json!([pool]));
    let again = inventory(&daemon, &["push", "-"], &wired).await.expect_code(0).stdout;
    assert!(again.contains("no difference"), "{again}");

    // They are there after a restart, and in every form.
    let daemon = daemon.kill().await.start().await;
    let yaml = inventory(&daemon, &["get"], "").await.expect_code(0).stdout;
    assert_eq!(InventoryDocument::parse(&yaml).unwrap(), InventoryDocument::parse(&wired).unwrap());
    let pool = inventory(&daemon, &["get", "--json"], "").await.expect_code(0).json();
    let pool = &pool["pools"][0];
    assert_eq!(pool["stacks"], json!([["bench-1", "bench-2"]]));
    assert_eq!(pool["hold_back_after"], "5m");
    assert_eq!(pool["max_leases"], json!({"per_holder": 3}));

    let text = inventory(&daemon, &["push", "-"], LAB).await.expect_code(0).stdout;
    assert!(text.contains("the stacks or the rules"), "{text}");
    let back = inventory(&daemon, &["revert", "2"], "").await.expect_code(0).stdout;
    assert!(back.contains("the stacks or the rules"), "{back}");
    let yaml = inventory(&daemon, &["get"], "").await.expect_code(0).stdout;
    assert_eq!(InventoryDocument::parse(&yaml).unwrap(), InventoryDocument::parse(&wired).unwrap());
}

#[tokio::test]
async fn an_inventory_with_mistakes_is_refused_with_all_of_them() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for arguments in [&["push", "-"][..], &["push", "--dry-run", "-"], &["diff", "-"]] {
        let end = inventory(&daemon, arguments, MISTAKES).await.expect_code(95);
        assert!(end.stderr.contains(":4:") && end.stderr.contains(":5:"), "{end:?}");
        assert!(end.stderr.contains("pool.resources.c.location"), "{end:?}");
    }
    assert_eq!(daemon.pool().await.revision, 1);
}

#[tokio::test]
async fn check_needs_no_respod() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let check = |arguments: &[&str], input: &str| {
        let program = Program::new(tests::binaries::rpclient()).args(["inventory", "check"]);
        program.env("RESPO_URL", "http://127.0.0.1:1").args(arguments).input(input).finish()
    };
    let file = daemon.inventory_file().display().to_string();
    let good = check(&[&file], "").await.expect_code(0);
    assert!(good.stdout.contains("1 resource"), "{}", good.stdout);
    assert_eq!(check(&["-", "--json"], LAB).await.expect_code(0).json()["problems"], json!([]));

    let bad = check(&["-"], MISTAKES).await.expect_code(95);
    assert_eq!(bad.stdout.lines().count(), 2, "{}", bad.stdout);
    let json = check(&["-", "--json"], MISTAKES).await.expect_code(95).json();
    assert_eq!(json["problems"][1]["path"], "pool.resources.c.location");
    assert_eq!(json["problems"][1]["line"], 5);
    check(&["no-such-file"], "").await.expect_code(97);
}

#[tokio::test]
async fn diff_shows_what_would_change_without_the_values() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let new = ONE_BENCH.replace("SECRET-KEY-1", "SECRET-KEY-2").replace("office1", "office7")
        + "    bench-2: {}\n";
    let end = inventory(&daemon, &["diff", "-"], &new).await.expect_code(0);
    assert!(end.stdout.contains("+ bench-2"), "{}", end.stdout);
    let changed = end.stdout.lines().find(|line| line.starts_with("~ bench-1")).expect("a line");
    assert!(changed.contains("location") && changed.contains("api_key"), "{changed}");
    assert!(!end.stdout.contains("SECRET-KEY"), "{}", end.stdout);
    let same = inventory(&daemon, &["diff", "-"], ONE_BENCH).await.expect_code(0);
    assert_eq!(same.stdout, "no difference\n");
    let json = inventory(&daemon, &["diff", "-", "--json"], &new).await.expect_code(0).json();
    assert_eq!((&json["dry_run"], &json["pools"][0]["added"]), (&json!(true), &json!(["bench-2"])));
    assert_eq!(daemon.pool().await.revision, 1);
}

#[tokio::test]
async fn the_administrators_token_is_read_from_a_file() {
    let daemon = Daemon::with(ONE_BENCH).file_flag("--admin-token-file", "secret\n").start().await;
    let without = inventory(&daemon, &["get"], "").await.expect_code(94);
    assert!(without.stderr.contains("--admin-token-file"), "{}", without.stderr);
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "secret\n").unwrap();
    let with = Program::rpclient(&daemon)
        .args(["inventory", "get"])
        .env("RESPO_ADMIN_TOKEN_FILE", &file)
        .finish()
        .await
        .expect_code(0);
    assert!(with.stdout.contains("SECRET-KEY-1"));
    std::fs::write(&file, "wrong\n").unwrap();
    let wrong = Program::rpclient(&daemon)
        .args(["inventory", "get", "--admin-token-file"])
        .arg(&file)
        .finish();
    wrong.await.expect_code(94);
}

#[tokio::test]
async fn an_earlier_inventory_is_listed_shown_and_put_in_force_again() {
    let daemon = Daemon::start(&benches(1)).await;
    inventory(&daemon, &["push", "-"], &benches(2)).await.expect_code(0);
    let daemon = daemon.restart().await;
    let listed = inventory(&daemon, &["revisions"], "").await.expect_code(0).stdout;
    let words: Vec<Vec<_>> = listed.lines().map(|it| it.split_whitespace().collect()).collect();
    assert_eq!(words[0], ["POOL", "REVISION", "SINCE", "RESOURCES"]);
    for (row, (revision, resources)) in words[1..].iter().zip([("2", "2"), ("1", "1")]) {
        assert_eq!((row[0], row[1], row[3]), ("lab", revision, resources), "{listed}");
    }
    let json = inventory(&daemon, &["revisions", "--json"], "").await.expect_code(0).json();
    assert_eq!(json["pools"][0]["revisions"].as_array().unwrap().len(), 2);
    let earlier = inventory(&daemon, &["get", "--revision", "1"], "").await.expect_code(0).stdout;
    let expected = InventoryDocument::parse(&benches(1)).unwrap();
    assert_eq!(InventoryDocument::parse(&earlier).unwrap(), expected);

    let dry = inventory(&daemon, &["revert", "--dry-run", "1"], "").await.expect_code(0).stdout;
    assert!(dry.contains("dry run") && dry.contains("bench-2"), "{dry}");
    assert_eq!(daemon.pool().await.revision, 2);
    let done = inventory(&daemon, &["revert", "1"], "").await.expect_code(0).stdout;
    assert!(done.contains("revision 3") && done.contains("bench-2"), "{done}");
    assert_eq!(daemon.pool().await.resources.len(), 1);

    for words in [&["get", "--revision", "9"][..], &["revert", "9"]] {
        let end = inventory(&daemon, words, "").await;
        assert!(!matches!(end.code, Some(0 | 2)), "{end:?}");
        assert!(end.stderr.contains("revision 9"), "{end:?}");
    }
    inventory(&daemon, &["revert"], "").await.expect_code(2);
    inventory(&daemon, &["revert", "last"], "").await.expect_code(2);
}

#[tokio::test]
async fn of_several_pools_the_one_that_is_named_is_reverted() {
    let daemon = Daemon::start(TWO_POOLS).await;
    let changed = TWO_POOLS.replace("phone-1", "phone-2");
    inventory(&daemon, &["push", "-"], &changed).await.expect_code(0);
    let end = inventory(&daemon, &["revert", "1"], "").await;
    assert_ne!(end.code, Some(0));
    assert!(end.stderr.contains("phones"), "{end:?}");
    let words = ["--pool", "phones", "revert", "1"];
    inventory(&daemon, &words, "").await.expect_code(0);
    let given = daemon.get("/inventory").await.text();
    let expected = InventoryDocument::parse(TWO_POOLS).unwrap();
    assert_eq!(InventoryDocument::parse(&given).unwrap(), expected);
}
