//! The command line of respod.

use std::fs;

use tests::inventories::{ONE_BENCH, TWO_POOLS};
use tests::{Daemon, Finished, Program, binaries, skipped};

/// Runs respod with these arguments to its end, in a folder with a good inventory `good.yaml` and a
/// bad one `bad.yaml`.
async fn respod(arguments: &[&str]) -> Finished {
    let folder = tempfile::TempDir::new().unwrap();
    fs::write(folder.path().join("good.yaml"), ONE_BENCH).unwrap();
    fs::write(folder.path().join("bad.yaml"), "pool:\n  name: lab\n  resorces: {}\n").unwrap();
    fs::write(folder.path().join("empty"), "").unwrap();
    let path = |argument: &&str| match *argument {
        "good.yaml" | "bad.yaml" | "empty" => folder.path().join(argument).display().to_string(),
        other => other.to_owned(),
    };
    Program::new(binaries::respod()).args(arguments.iter().map(path)).finish().await
}

#[tokio::test]
async fn wrong_usage_exits_with_2_and_says_what_is_wrong() {
    for (arguments, hint) in [
        (&[][..], "--inventory"),
        (&["--inventory"], "--inventory"),
        (&["--colour", "red"], "--colour"),
        (&["good.yaml"], "good.yaml"),
        (&["--inventory", "good.yaml", "--heartbeat", "soon"], "--heartbeat"),
        (&["--inventory", "good.yaml", "--heartbeat", "0"], "--heartbeat"),
        (&["--inventory", "good.yaml", "--drain-timeout", "-1s"], "-1"),
        (&["--inventory", "good.yaml", "--drain-timeout", "400d"], "--drain-timeout"),
        (&["--inventory", "good.yaml", "--max-duration", "0s"], "--max-duration"),
        (&["--inventory", "good.yaml", "--max-linger", "x"], "--max-linger"),
        (&["--inventory", "good.yaml", "--max-waiting", "many"], "--max-waiting"),
        (&["--inventory", "good.yaml", "--max-waiting", "-1"], "-1"),
        (&["--inventory", "good.yaml", "--max-connections", "0"], "--max-connections"),
        (&["--inventory", "good.yaml", "--max-body", "16MB"], "--max-body"),
        (&["--inventory", "good.yaml", "--body-timeout", "0"], "--body-timeout"),
        (&["--inventory", "good.yaml", "--header-timeout", "0"], "--header-timeout"),
        (&["--inventory", "good.yaml", "--heartbeat", "6s"], "--heartbeat"),
        (&["--inventory", "good.yaml", "--listen", "nonsense"], "--listen"),
        (&["--inventory", "good.yaml", "--listen", "127.0.0.1:99999"], "--listen"),
        (&["--inventory", "good.yaml", "--log-format", "xml"], "--log-format"),
        (&["--inventory", "good.yaml", "--log-level", "respo=loud"], "--log-level"),
        (&["--inventory", "good.yaml", "--store", "paper"], "--store"),
        (&["--inventory", "good.yaml", "--data-dir"], "--data-dir"),
        (&["--inventory", "good.yaml", "--grace", "soon"], "--grace"),
        (&["--inventory", "good.yaml", "--grace", "400d"], "--grace"),
        (&["--inventory", "good.yaml", "--keep-history", "never"], "--keep-history"),
        (&["--inventory", "good.yaml", "--keep-revisions", "0"], "--keep-revisions"),
        (&["--store", "memory"], "--inventory"),
        (&["--validate-schema", "good.yaml", "--print-schema"], "--print-schema"),
    ] {
        let end = respod(arguments).await.expect_code(2);
        assert!(end.stderr.contains(hint), "{arguments:?}: {}", end.stderr);
        assert_eq!(end.stdout, "", "{arguments:?}");
    }
}

#[tokio::test]
async fn an_inventory_that_is_no_good_exits_with_1_and_every_problem() {
    let end = respod(&["--inventory", "bad.yaml", "--listen", "127.0.0.1:0"]).await.expect_code(1);
    assert!(end.stderr.contains("pool.resorces"), "{}", end.stderr);
    let end = respod(&["--inventory", "no-such-file.yaml"]).await.expect_code(1);
    assert!(end.stderr.contains("no-such-file.yaml"), "{}", end.stderr);
    assert!(end.stderr.contains("No such file"), "{}", end.stderr);
    let end = respod(&["--inventory", "/"]).await.expect_code(1);
    assert!(end.stderr.to_lowercase().contains("directory"), "{}", end.stderr);
}

#[tokio::test]
async fn what_cannot_start_exits_with_3_and_says_why() {
    let other = Daemon::start(ONE_BENCH).await;
    let taken = other.address().to_string();
    for (arguments, hint) in [
        (["--listen", taken.as_str()], taken.as_str()),
        (["--listen", "198.51.100.1:7373"], "198.51.100.1"),
        (["--admin-token-file", "no-such-file"], "no-such-file"),
        (["--admin-token-file", "empty"], "token"),
    ] {
        let arguments = [&["--inventory", "good.yaml"][..], &arguments].concat();
        let end = respod(&arguments).await;
        assert_eq!(end.code, Some(3), "{end:?}");
        assert!(end.stderr.contains(hint), "{arguments:?}: {}", end.stderr);
        assert_eq!(end.stdout, "", "it does not say that it listens");
    }
}

#[tokio::test]
async fn the_environment_sets_what_the_command_line_does_not() {
    let daemon = Daemon::with(ONE_BENCH)
        .env("RESPOD_MAX_WAITING", "0")
        .env("RESPOD_HEARTBEAT", "20ms")
        .env("RESPOD_LISTEN", "nonsense")
        .start()
        .await;
    let mut holder = daemon.hold("").await;
    let event = holder.next_event().await;
    assert!(matches!(event, Some(respo::wire::Event::Heartbeat { .. })), "{event:?}");
    daemon.refused("").await.expect_problem(429, "queue_full");

    let end = Program::new(binaries::respod())
        .env("RESPOD_INVENTORY", daemon.inventory_file())
        .env("RESPOD_LISTEN", daemon.address().to_string())
        .finish()
        .await
        .expect_code(3);
    assert!(end.stderr.contains(&daemon.address().to_string()), "{}", end.stderr);
}

#[tokio::test]
async fn the_log_is_json_where_that_is_asked_for() {
    let daemon = Daemon::with(ONE_BENCH).flag("--log-format", "json").start().await;
    daemon.hold("").await.close();
    daemon.expect_idle().await;
    let log = daemon.log();
    assert!(!log.is_empty());
    for line in log.lines() {
        let line: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("{log}"));
        assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
    }
}

#[tokio::test]
async fn help_and_version_are_given() {
    let help = respod(&["--help"]).await.expect_code(0).stdout;
    for word in [
        "--inventory",
        "--data-dir",
        "--grace",
        "--listen",
        "--validate-schema",
        "RESPOD_LISTEN",
        "SIGHUP",
        "Exit codes",
    ] {
        assert!(help.contains(word), "{word} in {help}");
    }
    for (tool, word) in [("db", "backup"), ("db", "check"), ("history", "export")] {
        let help = respod(&[tool, "--help"]).await.expect_code(0).stdout;
        assert!(help.contains(word), "{word} in {help}");
        let help = respod(&[tool, word, "--help"]).await.expect_code(0).stdout;
        assert!(help.contains("--data-dir"), "{help}");
    }
    let version = respod(&["--version"]).await.expect_code(0).stdout;
    assert_eq!(version, format!("respod {}\n", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn there_are_no_more_connections_than_there_may_be() {
    let daemon = Daemon::with(ONE_BENCH).flag("--max-connections", "2").start().await;
    let holder = daemon.hold("").await;
    let mut idle = daemon.connect().await;
    idle.request("GET", "/healthz").await;
    idle.reply().await.expect_status(200);
    let reply = daemon.send("GET", "/healthz", &[]).await;
    let problem = reply.expect_problem(503, "overloaded");
    assert_eq!(reply.header("retry-after"), Some("20"), "{problem:?}");
    // Those who are there are served still, and when one has left there is room again.
    idle.request("GET", "/healthz").await;
    idle.reply().await.expect_status(200);
    holder.close();
    tests::eventually("there is room again", async || {
        let reply = daemon.send("GET", "/healthz", &[]).await;
        if reply.status() == 200 { Ok(()) } else { Err(reply.text()) }
    })
    .await;
}

#[tokio::test]
async fn the_address_may_be_a_name_or_of_the_sixth_version() {
    for (listen, starts) in [("localhost:0", ""), ("[::1]:0", "[::1]:")] {
        if let Err(error) = std::net::TcpListener::bind(listen) {
            let test = "the_address_may_be_a_name_or_of_the_sixth_version";
            skipped::say(test, &format!("this host has no {listen}: {error}"));
            continue;
        }
        let daemon = Daemon::with(TWO_POOLS).start_on(listen).await;
        assert!(daemon.address().to_string().starts_with(starts), "{}", daemon.address());
        daemon.get("/healthz").await.expect_status(200);
    }
}
