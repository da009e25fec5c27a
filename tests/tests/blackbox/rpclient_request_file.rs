//! `rpclient lock --request`: the whole request as JSON, from a file or from standard input.

use respo::wire::Overview;
use serde_json::Value;
use tests::inventories::{WIRED_PHONES, benches};
use tests::{Daemon, Program};

const REQUEST: &str = r#"{
    "requirements": [
        {"attributes": ["relay"], "stack": "cell"},
        {"attributes": ["phone"], "properties": {"platform": "android"}, "stack": "cell"}
    ],
    "priority": 3, "description": "nightly", "name": "ci-7", "tags": {"build": "88"}, "wait": "1h"
}"#;

/// `rpclient lock` with these options and a request on its standard input.
fn lock(daemon: &Daemon, options: &[&str], request: &str, script: &str) -> Program {
    let options = [&["--request", "-"], options].concat();
    Program::lock(daemon, &options, script).input(request)
}

#[tokio::test]
async fn a_request_is_read_from_a_file_and_from_standard_input() {
    let daemon = Daemon::start(WIRED_PHONES).await;
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("request.json");
    std::fs::write(&file, REQUEST).unwrap();
    let file = file.display().to_string();
    let end = Program::lock(&daemon, &["--request", &file], "echo $RESPO_RESOURCES");
    assert!(end.finish().await.expect_code(0).stdout.starts_with("relay-1 phone-"));
    let end = lock(&daemon, &[], REQUEST, "echo $RESPO_RESOURCES").finish().await.expect_code(0);
    assert!(end.stdout.starts_with("relay-1 phone-"), "{}", end.stdout);
    let missing = Program::lock(&daemon, &["--request", "no-such-file"], "true").finish().await;
    assert!(missing.expect_code(97).stderr.contains("no-such-file"));
}

/// What a request with these options, which waits, shows of itself.
async fn shown(options: &[&str], variables: &[(&str, &str)]) -> Value {
    let daemon = Daemon::start(&benches(1)).await;
    let _holder = daemon.hold("").await;
    let request =
        r#"{"requirements": [{}], "priority": 3, "description": "nightly", "name": "ci-7"}"#;
    let mut program = lock(&daemon, options, request, "true");
    for (name, value) in variables {
        program = program.env(name, value);
    }
    let _waiting = program.start();
    let pool = daemon.expect_waiting(1).await;
    serde_json::to_value(&pool.waiting[0]).unwrap()
}

#[tokio::test]
async fn options_count_in_place_of_what_the_file_says_only_if_they_are_given() {
    let as_it_says = shown(&[], &[]).await;
    assert_eq!(as_it_says["priority"], 3);
    assert_eq!(
        (&as_it_says["holder"], &as_it_says["description"]),
        (&"ci-7".into(), &"nightly".into())
    );
    let options = ["--priority", "0", "--description", "by hand", "--name", "alice"];
    let otherwise = shown(&options, &[]).await;
    assert_eq!(otherwise["priority"], 0);
    assert_eq!(
        (&otherwise["holder"], &otherwise["description"]),
        (&"alice".into(), &"by hand".into())
    );
    assert_eq!(shown(&[], &[("RESPO_NAME", "bob")]).await["holder"], "bob");
}

#[tokio::test]
async fn a_wait_in_the_file_counts_unless_there_is_an_option() {
    let daemon = Daemon::start(&benches(1)).await;
    let _holder = daemon.hold("").await;
    let request = r#"{"requirements": [{}], "wait": "0"}"#;
    lock(&daemon, &[], request, "true").finish().await.expect_code(90);
    let waits = lock(&daemon, &["--wait", "1h"], request, "true").start();
    daemon.expect_waiting(1).await;
    drop(waits);
    let forever = r#"{"requirements": [{}]}"#;
    lock(&daemon, &["--no-wait"], forever, "true").finish().await.expect_code(90);
}

#[tokio::test]
async fn a_mistake_in_the_file_is_told_with_its_path() {
    let daemon = Daemon::start(WIRED_PHONES).await;
    for (request, path) in [
        (REQUEST.replace("attributes", "atributes"), "requirements[0].atributes: "),
        (REQUEST.replace("\"1h\"", "\"soon\""), "wait: "),
        (REQUEST.replace("\"android\"", "{\"a\": [[]]}"), "requirements[1].properties"),
        (r#"{"requirements": []}"#.to_owned(), "requirements: "),
        ("{".to_owned(), "it is not JSON"),
        (String::new(), "it is not JSON"),
    ] {
        let end = lock(&daemon, &[], &request, "echo ran").finish().await.expect_code(2);
        let place = format!("standard input: {path}");
        assert!(end.stderr.contains(&place), "{place} in {}", end.stderr);
        assert_eq!(end.stdout, "");
    }
    let overview: Overview = daemon.overview().await;
    assert!(overview.pools[0].waiting.is_empty());
}
