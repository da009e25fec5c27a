//! What the project promises first of all.

use respo::wire::ResourceState;
use tests::inventories::{LAB, ONE_BENCH};
use tests::{Daemon, Program};

#[tokio::test]
async fn a_second_client_that_does_not_want_to_wait_is_told_busy() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("resource=bench-1&name=alice").await;

    let reply = daemon.refused("resource=bench-1&name=bob&wait=0").await;
    let problem = reply.expect_problem(409, "busy");
    assert_eq!(reply.header("retry-after"), Some("20"));
    assert_eq!(problem.more["candidates"][0]["lease"]["holder"], "alice");

    let second = Program::lock(&daemon, &["--resource", "bench-1", "--wait", "0"], "echo ran");
    let second = second.finish().await;
    assert_ne!(second.code, Some(0));
    assert!(!second.stdout.contains("ran"), "{second:?}");
    assert!(second.stderr.contains("alice"), "{second:?}");
    holder.close();
}

#[tokio::test]
async fn a_second_client_waits_until_the_first_stops_and_then_runs() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut first =
        Program::lock(&daemon, &["--resource", "bench-1"], "echo first; cat").open_input().start();
    first.expect_stdout("first").await;

    let second = Program::lock(&daemon, &["--resource", "bench-1"], "echo second").start();
    daemon.expect_waiting(1).await;
    assert_eq!(second.stdout(), "", "it runs only once it holds the bench");

    first.end_input();
    first.finish().await.expect_code(0);
    assert_eq!(second.finish().await.expect_code(0).stdout, "second\n");
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_bench_is_selected_by_a_query() {
    let daemon = Daemon::start(LAB).await;
    let mut stream = daemon.lock("location=office2&attributes=[can]").await;
    assert_eq!(stream.expect_granted().await.resource.unwrap().name.as_str(), "bench-3");

    let command = Program::lock(
        &daemon,
        &["--location", "office1", "--entity", "riscv"],
        "echo $RESPO_RESOURCE",
    );
    assert_eq!(command.finish().await.expect_code(0).stdout, "bench-2\n");
    daemon.expect_state("bench-2", ResourceState::Free).await;
}
