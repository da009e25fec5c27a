//! What goes wrong with rpclient: each reason has an exit code of its own, and a sentence.

use tests::inventories::{LAB, ONE_BENCH};
use tests::{Daemon, Program};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Every command that talks to respod.
const COMMANDS: [&[&str]; 9] = [
    &["status"],
    &["list"],
    &["show", "bench-1"],
    &["queue"],
    &["lock", "--", "true"],
    &["lock"],
    &["inventory", "get"],
    &["inventory", "push", "-"],
    &["inventory", "diff", "-"],
];

#[tokio::test]
async fn a_respod_that_is_not_there_exits_with_93() {
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for arguments in COMMANDS {
        let program = Program::new(tests::binaries::rpclient()).args(arguments);
        let end = program.env("RESPO_URL", &url).input(ONE_BENCH).finish().await.expect_code(93);
        assert!(end.stderr.contains(&url), "{arguments:?}: {}", end.stderr);
        assert!(end.stderr.contains("RESPO_URL"), "it says what to do: {}", end.stderr);
        assert_eq!(end.stdout, "");
    }
}

#[tokio::test]
async fn what_is_no_respod_exits_with_96() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                if !matches!(stream.read_buf(&mut request).await, Ok(1..)) {
                    break;
                }
            }
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
            stream.write_all(answer.as_bytes()).await.ok();
        }
    });
    for arguments in [&["status"][..], &["lock", "--", "true"]] {
        let program = Program::new(tests::binaries::rpclient()).args(arguments);
        let end = program.env("RESPO_URL", &url).finish().await.expect_code(96);
        assert!(end.stderr.contains(&url), "{}", end.stderr);
    }
    server.abort();
}

#[tokio::test]
async fn what_can_never_match_exits_with_91_and_says_which_part() {
    let daemon = Daemon::start(LAB).await;
    for (options, hint) in [
        (&["bench-9"][..], "bench-9"),
        (&["--location", "office9"], "office9"),
        (&["--attributes", "laser"], "laser"),
        (&["--entity", "laser"], "laser"),
        (&["colour=red"], "colour"),
        (&["--pool", "elsewhere"], "elsewhere"),
    ] {
        let end = Program::lock(&daemon, options, "echo ran").finish().await.expect_code(91);
        assert!(end.stderr.contains(hint), "{options:?}: {}", end.stderr);
        assert_eq!(end.stdout, "");
    }
}

#[tokio::test]
async fn wrong_usage_exits_with_2() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for arguments in [
        &[][..],
        &["unlock"],
        &["--colour"],
        &["lock", "--colour", "red"],
        &["lock", "bench 1"],
        &["lock", "colour="],
        &["lock", "2 bench-1 bench-2"],
        &["list", "2", "+can"],
        &["lock", "--resource", "bench 1"],
        &["lock", "--priority", "1001"],
        &["lock", "--priority", "high"],
        &["lock", "--wait", "soon"],
        &["lock", "--wait", "1h", "--no-wait"],
        &["lock", "--linger", "forever"],
        &["lock", "--max-duration", "x"],
        &["lock", "--term-grace", "x"],
        &["lock", "--tag", "novalue"],
        &["lock", "--description", ""],
        &["lock", "--name", ""],
        &["lock", "location=a", "--location", "b"],
        &["lock", "--entity", ""],
        &["list", "--priority", "1"],
        &["show"],
        &["show", "a", "b"],
        &["status", "bench-1"],
        &["inventory"],
        &["inventory", "push"],
        &["inventory", "swap", "-"],
        &["completions"],
        &["--url", "ftp://somewhere", "status"],
        &["--url", "http://", "status"],
        &["--url", "http://host:99999", "status"],
        &["--url", "", "status"],
    ] {
        let end = Program::rpclient(&daemon).args(arguments).finish().await;
        assert_eq!(end.code, Some(2), "{arguments:?}: {end:?}");
        assert!(!end.stderr.is_empty(), "{arguments:?}");
        assert_eq!(end.stdout, "", "{arguments:?}");
    }
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_refusal_exits_with_94_and_says_why() {
    let daemon = Daemon::with(ONE_BENCH).flag("--max-waiting", "0").start().await;
    let _holder = daemon.hold("").await;
    let full = Program::lock(&daemon, &[], "true").finish().await.expect_code(94);
    assert!(full.stderr.contains("queue"), "{}", full.stderr);
}

#[tokio::test]
async fn a_request_that_ends_while_it_waits_does_not_run_the_command() {
    let daemon = Daemon::with(ONE_BENCH).in_memory().flag("--drain-timeout", "0s").start().await;
    let _holder = daemon.hold("").await;
    let lock = Program::lock(&daemon, &[], "echo ran").start();
    daemon.expect_waiting(1).await;
    daemon.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(lock.finish().await.expect_code(94).stdout, "");

    let daemon = Daemon::start(ONE_BENCH).await;
    let _holder = daemon.hold("").await;
    let lock = Program::lock(&daemon, &["bench-1"], "echo ran").start();
    daemon.expect_waiting(1).await;
    let other = ONE_BENCH.replace("bench-1", "bench-2");
    daemon.post_inventory("/inventory", &other).await.expect_status(200);
    assert_eq!(lock.finish().await.expect_code(91).stdout, "");
}

#[tokio::test]
async fn help_lists_every_exit_code() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let help = Program::rpclient(&daemon).arg("--help").finish().await.expect_code(0).stdout;
    for code in ["0", "2", "90", "91", "92", "93", "94", "95", "96", "97", "126", "127", "128+N"] {
        let listed = help.lines().any(|line| line.split_whitespace().next() == Some(code));
        assert!(listed, "{code} in {help}");
    }
    let version = Program::rpclient(&daemon).arg("--version").finish().await.expect_code(0);
    assert_eq!(version.stdout, format!("rpclient {}\n", env!("CARGO_PKG_VERSION")));
    let lock = Program::rpclient(&daemon).args(["lock", "--help"]).finish().await.expect_code(0);
    for word in ["RESPO_LEASE_FILE", "--linger", "--entity", "RESPO_URL"] {
        assert!(lock.stdout.contains(word), "{word} in {}", lock.stdout);
    }
}
