//! `rpclient status`, `list`, `show`, `queue` and `completions`.

use respo::wire::Overview;
use serde_json::Value;
use tests::inventories::{LAB, ONE_BENCH, TWO_POOLS, WIRED_PHONES};
use tests::{Daemon, Finished, LockStream, Program};

async fn rpclient(daemon: &Daemon, arguments: &[&str]) -> Finished {
    Program::rpclient(daemon).args(arguments).finish().await
}

/// A lab in which alice holds bench-1 and bob waits for it.
async fn busy_lab() -> (Daemon, [LockStream; 2]) {
    let daemon = Daemon::start(LAB).await;
    let holder = daemon.hold("resource=bench-1&name=alice&description=nightly").await;
    let mut waiter = daemon.lock("resource=bench-1&name=bob&priority=7").await;
    waiter.expect_queued().await;
    (daemon, [holder, waiter])
}

#[tokio::test]
async fn status_shows_everything() {
    let (daemon, _clients) = busy_lab().await;
    let text = rpclient(&daemon, &["status"]).await.expect_code(0).stdout;
    for word in ["bench-1", "bench-2", "bench-3", "bench-4", "leased", "free", "alice", "nightly"] {
        assert!(text.contains(word), "{word} in {text}");
    }
    let json = rpclient(&daemon, &["status", "--json"]).await.expect_code(0).json();
    let overview: Overview = serde_json::from_value(json).expect("an overview");
    assert_eq!(overview.pools, daemon.overview().await.pools);
}

#[tokio::test]
async fn list_shows_what_matches() {
    let (daemon, _clients) = busy_lab().await;
    for (arguments, expected) in [
        (&[][..], &["bench-1", "bench-2", "bench-3", "bench-4"][..]),
        (&["location=office2"], &["bench-3", "bench-4"]),
        (&["--attributes", "can", "--entity", "power", "--entity", "arm64"], &["bench-1"]),
        (&["bench-2,bench-3"], &["bench-2", "bench-3"]),
        (&["location=office1", "+can", "+usb"], &["bench-1"]),
    ] {
        let arguments = [&["list", "--json"][..], arguments].concat();
        let json = rpclient(&daemon, &arguments).await.expect_code(0).json();
        let listed = json.as_array().expect("a list");
        let names: Vec<&str> = listed.iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{arguments:?}");
        assert!(listed.iter().all(|it| it["pool"] == "lab" && it["state"].is_string()), "{json}");
    }
    let text = rpclient(&daemon, &["list", "location=office1"]).await.expect_code(0).stdout;
    assert!(text.contains("bench-1") && text.contains("leased") && !text.contains("bench-3"));
    rpclient(&daemon, &["list", "location=office9"]).await.expect_code(91);
    assert_eq!(
        rpclient(&daemon, &["list", "--json", "location=office9"]).await.expect_code(91).json(),
        Value::from(Vec::<Value>::new())
    );
}

#[tokio::test]
async fn list_finds_resources_by_what_it_does_not_show() {
    let daemon = Daemon::start(WIRED_PHONES).await;
    let _holder = daemon.hold("resource=phone-1").await;
    for (arguments, expected) in [
        (&["platform=android", "location=lab1"][..], &["phone-1", "phone-2"][..]),
        (&["{operator=PTT}"], &["phone-2"]),
        (&["where=has(properties.version) && properties.version > 14"], &["phone-2", "phone-4"]),
        (&["where=name.startsWith('relay')"], &["relay-1"]),
    ] {
        let arguments = [&["list", "--json"][..], arguments].concat();
        let json = rpclient(&daemon, &arguments).await.expect_code(0).json();
        let listed = json.as_array().expect("a list");
        let names: Vec<&str> = listed.iter().map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{arguments:?}");
        assert!(!json.to_string().contains("android"), "properties are for holders: {json}");
    }
    let text = rpclient(&daemon, &["list", "+relay"]).await.expect_code(0).stdout;
    assert!(text.contains("relay-1   collateral  lab1"), "{text}");
}

#[tokio::test]
async fn show_shows_one_resource_and_who_waits_for_it() {
    let (daemon, _clients) = busy_lab().await;
    let text = rpclient(&daemon, &["show", "bench-1"]).await.expect_code(0).stdout;
    for word in ["bench-1", "office1", "leased", "alice", "nightly", "bob", "supply-left"] {
        assert!(text.contains(word), "{word} in {text}");
    }
    let json = rpclient(&daemon, &["show", "--json", "bench-1"]).await.expect_code(0).json();
    assert_eq!(json["pool"], "lab");
    assert_eq!(json["resource"]["lease"]["holder"], "alice");
    assert_eq!(json["waiting"][0]["holder"], "bob");
    assert_eq!(json["waiting"].as_array().unwrap().len(), 1);
    let other = rpclient(&daemon, &["show", "--json", "bench-2"]).await.expect_code(0).json();
    assert_eq!(other["waiting"], serde_json::json!([]));
    rpclient(&daemon, &["show", "bench-9"]).await.expect_code(91);
}

#[tokio::test]
async fn queue_shows_who_waits() {
    let (daemon, _clients) = busy_lab().await;
    let text = rpclient(&daemon, &["queue"]).await.expect_code(0).stdout;
    assert!(text.contains("bob") && text.contains("bench-1") && text.contains('7'), "{text}");
    let json = rpclient(&daemon, &["queue", "--json"]).await.expect_code(0).json();
    assert_eq!(json[0]["pool"], "lab");
    assert_eq!(json[0]["holder"], "bob");
    assert_eq!(json[0]["priority"], 7);
    let nobody = Daemon::start(ONE_BENCH).await;
    let empty = rpclient(&nobody, &["queue", "--json"]).await.expect_code(0).json();
    assert_eq!(empty, serde_json::json!([]));
    rpclient(&nobody, &["queue"]).await.expect_code(0);
}

#[tokio::test]
async fn several_pools_are_shown_and_one_is_chosen_with_its_name() {
    let daemon = Daemon::start(TWO_POOLS).await;
    let text = rpclient(&daemon, &["status"]).await.expect_code(0).stdout;
    assert!(text.contains("board-1") && text.contains("phone-1"), "{text}");
    let text = rpclient(&daemon, &["--pool", "phones", "list"]).await.expect_code(0).stdout;
    assert!(!text.contains("board-1") && text.contains("phone-1"), "{text}");
    rpclient(&daemon, &["--pool", "nowhere", "status"]).await.expect_code(91);
    let unnamed = rpclient(&daemon, &["lock", "--", "true"]).await.expect_code(2);
    assert!(unnamed.stderr.contains("--pool"), "{}", unnamed.stderr);
    let named = Program::lock(&daemon, &[], "echo $RESPO_RESOURCE").env("RESPO_POOL", "phones");
    assert_eq!(named.finish().await.expect_code(0).stdout, "phone-1\n");
}

#[tokio::test]
async fn a_reader_that_leaves_early_is_no_failure() {
    let daemon = Daemon::start(LAB).await;
    let rpclient = tests::binaries::rpclient();
    let script = format!("set -o pipefail; {} list | true", rpclient.display());
    let end = Program::new("bash").args(["-c", &script]).env("RESPO_URL", daemon.url());
    let end = end.finish().await.expect_code(0);
    assert_eq!(end.stderr, "");
}

#[tokio::test]
async fn completions_are_scripts_of_their_shells() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = rpclient(&daemon, &["completions", shell]).await.expect_code(0).stdout;
        assert!(script.contains("rpclient") && script.contains("inventory"), "{shell}: {script}");
        assert!(!script.contains("guard-command"), "{shell} offers what is hidden");
        if shell == "bash" {
            let check = Program::new("bash").arg("-n").input(script).finish().await;
            assert_eq!(check.expect_code(0).stderr, "");
        }
    }
    rpclient(&daemon, &["completions", "tcsh"]).await.expect_code(2);
}
