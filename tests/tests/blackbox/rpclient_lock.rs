//! `rpclient lock`: a command runs while a bench is held.

use std::path::Path;

use nix::sys::signal::Signal;
use respo::wire::{GrantedLease, ResourceState};
use tests::inventories::{LAB, ONE_BENCH};
use tests::{Daemon, Program};

/// A bench with properties of every kind.
const PROPERTIES: &str = r#"
pool:
  name: lab
  resources:
    bench-1:
      entities:
        dut:
          properties: {socket: "127.0.0.1:4567", api-key: "it's $HOME", baud: 115200, on: true}
        power.supply:
          properties: {outlet: 3, nested: {host: psu.lab}, list: [1, 2]}
"#;

#[tokio::test]
async fn the_command_finds_what_was_leased_in_its_environment() {
    let daemon = Daemon::start(PROPERTIES).await;
    let lock = Program::rpclient(&daemon).args(["lock", "bench-1", "--", "env"]);
    let end = lock.finish().await.expect_code(0);
    let url = daemon.url();
    for line in [
        "RESPO_RESOURCE=bench-1",
        "RESPO_LEASE_ID=1",
        "RESPO_FENCE=1",
        "RESPO_DUT_SOCKET=127.0.0.1:4567",
        "RESPO_DUT_API_KEY=it's $HOME",
        "RESPO_DUT_BAUD=115200",
        "RESPO_DUT_ON=true",
        "RESPO_POWER_SUPPLY_OUTLET=3",
        "RESPO_POWER_SUPPLY_NESTED_HOST=psu.lab",
        &format!("RESPO_URL={url}"),
    ] {
        assert!(end.stdout.lines().any(|it| it == line), "{line} in {}", end.stdout);
    }
    assert!(!end.stdout.contains("RESPO_POWER_SUPPLY_LIST"), "{}", end.stdout);
}

#[tokio::test]
async fn a_lock_within_a_lock_does_not_show_the_outer_one_as_its_own() {
    let daemon = Daemon::start(&format!("{PROPERTIES}    bench-2:\n")).await;
    let script = "\"$RPCLIENT\" lock bench-2 -- env";
    let lock = Program::lock(&daemon, &["bench-1"], script);
    let end = lock.env("RPCLIENT", tests::binaries::rpclient()).finish().await.expect_code(0);
    assert!(end.stdout.contains("RESPO_RESOURCE=bench-2"), "{}", end.stdout);
    assert!(!end.stdout.contains("RESPO_DUT_SOCKET"), "{}", end.stdout);
}

#[tokio::test]
async fn the_lease_file_is_for_its_owner_only_and_is_removed_afterwards() {
    let daemon = Daemon::start(PROPERTIES).await;
    let script = "stat -c %a \"$RESPO_LEASE_FILE\"; echo $RESPO_LEASE_FILE; cat $RESPO_LEASE_FILE";
    let end = Program::lock(&daemon, &["bench-1"], script).finish().await.expect_code(0);
    let [mode, path, json] = end.stdout.splitn(3, '\n').collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!(mode, "600");
    assert!(!Path::new(path).exists(), "{path} is still there");
    let lease: GrantedLease = serde_json::from_str(json).expect("a lease");
    assert_eq!(lease.resource.as_ref().unwrap().entities["power.supply"].properties["list"][1], 2);
    assert_eq!(lease.token.len(), 32);
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!(value["url"], daemon.url());
    daemon.expect_idle().await;
}

#[tokio::test]
async fn its_exit_code_is_that_of_the_command() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for (script, code) in [
        ("true", 0),
        ("exit 1", 1),
        ("exit 90", 90),
        ("exit 255", 255),
        ("kill -TERM $$", 143),
        ("kill -KILL $$", 137),
    ] {
        let end = Program::lock(&daemon, &[], script).finish().await;
        assert_eq!(end.code, Some(code), "{script}: {end:?}");
        daemon.expect_idle().await;
    }
    for (command, code) in [("no-such-command", 127), ("/no/such/command", 127), ("/", 126)] {
        let lock = Program::rpclient(&daemon).args(["lock", "--", command]).finish().await;
        assert_eq!(lock.code, Some(code), "{lock:?}");
        assert!(lock.stderr.contains(command), "{lock:?}");
        daemon.expect_idle().await;
    }
}

#[tokio::test]
async fn the_command_has_the_input_and_the_output_to_itself() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("").await;
    let lock = Program::lock(&daemon, &[], "cat; echo error >&2").input("input\n").start();
    daemon.expect_waiting(1).await;
    lock.expect_stderr("waiting for bench-1, place 1 of 1").await;
    holder.close();
    let end = lock.finish().await.expect_code(0);
    assert_eq!(end.stdout, "input\n");
    assert!(end.stderr.ends_with("error\n"), "{}", end.stderr);
    assert!(end.stderr.lines().count() <= 4, "it says little: {}", end.stderr);

    let quiet = Program::lock(&daemon, &["--quiet"], "true").finish().await.expect_code(0);
    assert_eq!(quiet.stderr, "");
}

#[tokio::test]
async fn who_waits_is_told_who_holds_the_bench() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let _holder = daemon.hold("name=ci-88&description=nightly").await;
    let lock = Program::lock(&daemon, &["bench-1"], "true").start();
    lock.expect_stderr("held by ci-88").await;
    lock.expect_stderr("nightly").await;
}

#[tokio::test]
async fn who_does_not_want_to_wait_exits_with_90() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let _holder = daemon.hold("name=alice&description=repairs").await;
    for options in [&["--no-wait"][..], &["--wait", "0"], &["--wait", "0s"], &["--wait", "200ms"]] {
        let end = Program::lock(&daemon, options, "echo ran").finish().await.expect_code(90);
        assert_eq!(end.stdout, "", "{options:?}");
        assert!(end.stderr.contains("busy"), "{options:?}: {}", end.stderr);
    }
    let end = Program::lock(&daemon, &["--no-wait"], "true").finish().await;
    assert!(end.stderr.contains("alice") && end.stderr.contains("repairs"), "{}", end.stderr);
    daemon.expect_waiting(0).await;
}

#[tokio::test]
async fn what_it_says_of_itself_is_shown_to_others() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let options = ["--description", "flash & test", "--tag", "job=88", "--max-duration", "1h"];
    let mut lock = Program::lock(&daemon, &options, "echo held; cat")
        .env("RESPO_NAME", "Zoë")
        .open_input()
        .start();
    lock.expect_stdout("held").await;
    let lease = daemon.pool().await.resources.remove(0).lease.unwrap();
    assert_eq!(lease.holder.unwrap().as_str(), "Zoë");
    assert_eq!(lease.description.unwrap().as_str(), "flash & test");
    assert_eq!(lease.expires.unwrap().since(lease.since).as_secs(), 3600);
    lock.end_input();
    lock.finish().await.expect_code(0);

    let mut nameless = Program::lock(&daemon, &[], "echo held; cat").open_input().start();
    nameless.expect_stdout("held").await;
    let holder = daemon.pool().await.resources.remove(0).lease.unwrap().holder.unwrap();
    assert!(holder.as_str().contains('@'), "user@host: {holder}");
    nameless.end_input();
    nameless.finish().await.expect_code(0);
}

#[tokio::test]
async fn a_requirement_and_flags_select_alike() {
    let daemon = Daemon::start(LAB).await;
    for (options, name) in [
        (&["bench-3"][..], "bench-3"),
        (&["--resource", "bench-3"], "bench-3"),
        (&["resource=bench-3"], "bench-3"),
        (&["--location", "office2", "--attributes", "can,ethernet"], "bench-3"),
        (&["location=office2 attributes=[can,ethernet]"], "bench-3"),
        (&["location=office2 +ethernet", "--attributes", "can"], "bench-3"),
        (&["{power 12v} {power}"], "bench-1"),
        (&["--entity", "power,12v", "--entity", "power"], "bench-1"),
        (&["entities=[[power],[power]]"], "bench-1"),
        (&["--entity", "power,programmer"], "bench-2"),
        (&["bench-4,bench-9"], "bench-4"),
    ] {
        let end = Program::lock(&daemon, options, "echo $RESPO_RESOURCE").finish().await;
        assert_eq!(end.expect_code(0).stdout, format!("{name}\n"), "{options:?}");
    }
    let end = Program::lock(&daemon, &["--entity", "power", "--entity", "programmer"], "true");
    end.finish().await.expect_code(91);
}

#[tokio::test]
async fn without_a_command_it_holds_until_it_is_told_to_stop() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let hold = Program::rpclient(&daemon).args(["lock", "bench-1"]).start();
        hold.expect_stdout("bench-1\n").await;
        daemon.expect_state("bench-1", ResourceState::Leased).await;
        hold.signal(signal);
        hold.finish().await.expect_code(0);
        daemon.expect_idle().await;
    }
    let hold = Program::rpclient(&daemon).args(["--json", "lock", "bench-1"]).start();
    hold.expect_stdout("\n}\n").await;
    let lease: serde_json::Value = serde_json::from_str(&hold.stdout()).unwrap();
    assert_eq!(lease["resource"]["name"], "bench-1");
    assert_eq!(lease.get("token"), None, "it would be in the scrollback for ever");
}

#[tokio::test]
async fn on_a_terminal_the_command_is_in_the_foreground_and_the_waiting_a_live_line() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("name=alice").await;
    // `script` gives it a terminal. The command reads from it, which only the foreground may.
    let rpclient = tests::binaries::rpclient();
    let line = format!("{} lock -- sh -c 'read line; echo got $line'", rpclient.display());
    let mut terminal = Program::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env("RESPO_URL", daemon.url())
        .env("TERM", "xterm")
        .open_input()
        .start();
    daemon.expect_waiting(1).await;
    terminal.expect_stdout("held by alice").await;
    holder.close();
    terminal.expect_stdout("leased bench-1").await;
    terminal.write("hello\n").await;
    terminal.expect_stdout("got hello").await;
    terminal.finish().await.expect_code(0);
    daemon.expect_idle().await;
}
