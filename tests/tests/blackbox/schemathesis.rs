//! schemathesis makes calls of every kind that `/openapi.json` describes, and of some that it does not, and compares
//! the answers with what is described.
//!
//! Not with `POST /lock` and `GET /v1/events`: their answers are streams, which end when the client leaves, and
//! schemathesis stays to the end. And not with `POST /inventory`: to make inventories by their schema takes it minutes;
//! that the schema says what is taken is tested beside it. Not with `GET /ws`, which speaks HTTP only to refuse; and not
//! with rent-a-bot's calls, which take what is not described, as rent-a-bot does, and pass over it.

use std::ffi::OsString;
use std::time::Duration;

use tests::deadline::eventually_within;
use tests::{Daemon, Program, binaries, skipped};

/// Where `tests/run` has installed it.
const PROGRAM: &str = "RESPO_TESTS_SCHEMATHESIS";

/// What it does not call, by name. The document itself it has called already.
const LEFT_OUT: [&str; 5] =
    ["lock", "stream_events", "replace_inventory", "open_websocket", "show_openapi_document"];

/// The group of operations that it does not call.
const LEFT_OUT_TAG: &str = "rent-a-bot";

/// How long it may take on a machine that has much else to do.
const LONGEST: Duration = Duration::from_secs(600);

/// What there is to ask for. The hooks ask for keys of their own, so that there is always something to act on.
const INVENTORY: &str = "\
pool:
  name: lab
  ephemeral: true
  stacks: [[phone-1, relay-1]]
  resources:
    bench-1:
      location: office1
      attributes: [can]
      description: the only one
      entities:
        dut: {attributes: [arm64], properties: {socket: \"127.0.0.1:4567\"}}
    bench-2: {location: office1, attributes: [can]}
    phone-1: {attributes: [phone], properties: {gsm: {operator: GTE}}}
    relay-1: {attributes: [relay]}
";

#[tokio::test]
async fn schemathesis_finds_no_answer_that_is_not_as_described() {
    let Some(program) = std::env::var_os(PROGRAM) else {
        let test = "schemathesis_finds_no_answer_that_is_not_as_described";
        return skipped::say(
            test,
            &format!("it needs schemathesis: tests/run installs it and sets {PROGRAM}"),
        );
    };
    let daemon = Daemon::with(INVENTORY).in_memory().flag("--log-level", "warn").start().await;
    let mut run = run(program, &daemon).start();
    eventually_within(LONGEST, "the end of schemathesis", async || {
        if run.is_running() { Err(run.stdout()) } else { Ok(()) }
    })
    .await;
    let end = run.finish().await.expect_code(0);
    // That it has found nothing is worth something only if it has asked for much.
    let tested = end.stdout.lines().find_map(|line| line.trim().strip_prefix("Tested: "));
    let described = daemon.described().await;
    let expected = described.iter().filter(|operation| {
        !operation.has_tag(LEFT_OUT_TAG) && !LEFT_OUT.contains(&operation.id.as_str())
    });
    assert_eq!(tested, Some(expected.count().to_string().as_str()), "{}", end.stdout);
    assert!(!daemon.log().contains("ERROR"), "{}", daemon.log());
}

fn run(program: OsString, daemon: &Daemon) -> Program {
    let folder = binaries::workspace().join("tests/python");
    Program::new(program)
        .arg("--config-file")
        .arg(folder.join("schemathesis.toml"))
        .args(["run", "--no-color", "--exclude-tag", LEFT_OUT_TAG])
        .args(LEFT_OUT.map(|name| format!("--exclude-operation-id={name}")))
        .arg(format!("{}/openapi.json", daemon.url()))
        .env("RESPO_HOOKS", folder.join("schemathesis_hooks.py"))
        .env("RESPO_URL", daemon.url())
        .env("RESPO_TOKEN", "0".repeat(32))
}
