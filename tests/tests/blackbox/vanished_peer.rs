//! A client that vanishes without a word: its host loses power, or the cable is pulled.

use std::time::Duration;

use tests::deadline::eventually_within;
use tests::inventories::ONE_BENCH;
use tests::namespace::Cable;
use tests::{Daemon, Program, skipped};

/// Set where this test must be able to run, so that it fails rather than be skipped.
const REQUIRED: &str = "RESPO_TESTS_NAMESPACES";

#[tokio::test]
async fn a_holder_and_a_waiter_that_vanish_are_noticed() {
    let cable = match Cable::lay() {
        Ok(cable) => cable,
        Err(reason) if std::env::var(REQUIRED).is_ok_and(|it| it == "required") => {
            panic!("no network namespaces, though there should be: {reason}")
        }
        Err(reason) => {
            let test = "a_holder_and_a_waiter_that_vanish_are_noticed";
            return skipped::say(test, &format!("it needs network namespaces: {reason}"));
        }
    };
    let listen = format!("{}:0", Cable::SERVER);
    let daemon = Daemon::with(ONE_BENCH).inside(&cable.server).start_on(&listen).await;
    // The tests' own host has no part in this network, so a client in there has to look.
    let overview = async || {
        let request = ["--header", "Accept: application/json", &daemon.url()];
        Program::curl().args(request).inside(&cable.server).finish().await.json()
    };
    let holder = Program::lock(&daemon, &["--name", "holder"], "echo held; cat");
    let holder = holder.inside(&cable.client).open_input().start();
    holder.expect_stdout("held").await;
    let url = daemon.lock_url("name=waiter");
    let waiter = Program::curl().args(["--request", "POST", &url]).inside(&cable.client).start();
    waiter.expect_stdout(r#""event":"queued""#).await;
    let before = overview().await;
    assert_eq!(before["pools"][0]["resources"][0]["lease"]["holder"], "holder");
    assert_eq!(before["pools"][0]["waiting"][0]["holder"], "waiter");

    cable.pull();
    // It takes about 20 seconds; this is how long the test has patience.
    let patience = Duration::from_secs(120);
    eventually_within(patience, "both have been noticed", async || {
        let now = overview().await;
        let pool = &now["pools"][0];
        let state = &pool["resources"][0]["state"];
        let waiting = pool["waiting"].as_array().expect("a list");
        if state == "free" && waiting.is_empty() { Ok(()) } else { Err(pool.to_string()) }
    })
    .await;
    // The other side notices, too: a command must not go on with a bench that is another's.
    holder.finish().await.expect_code(92);
}
