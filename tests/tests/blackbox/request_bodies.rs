//! `POST /lock` with the whole request in its body, as JSON.

use serde_json::json;
use tests::inventories::{ONE_BENCH, PHONES, TWO_POOLS};
use tests::{Daemon, LockStream, leased_names};

#[tokio::test]
async fn everything_that_a_body_says_is_taken() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let request = json!({
        "requirements": [{
            "count": 1, "resource": ["bench-1", "bench-2"], "location": "office1",
            "attributes": "can", "entities": [{"attributes": ["arm64"]}],
            "where": "name == 'bench-1'"
        }],
        "priority": 7, "description": "nightly run", "name": "ci-88", "tags": {"build": "88"},
        "wait": "10m", "linger": "0", "max_duration": "2h"
    });
    let (holder, lease) = daemon.hold_json(request.clone()).await;
    assert_eq!(leased_names(&lease), [["bench-1"]]);
    let expires = lease.expires.unwrap();
    assert_eq!(expires.since(lease.since).as_secs(), 2 * 3600);
    let mut waiter = daemon.lock_json(request).await;
    waiter.expect_queued().await;
    let pool = daemon.pool().await;
    let holding = pool.resources[0].lease.as_ref().unwrap();
    assert_eq!(holding.holder.as_ref().unwrap().as_str(), "ci-88");
    assert_eq!(holding.description.as_ref().unwrap().as_str(), "nightly run");
    assert_eq!(pool.waiting[0].priority.value(), 7);
    drop(holder);
    waiter.expect_granted().await;
}

#[tokio::test]
async fn the_query_beside_a_body_says_which_pool() {
    let daemon = Daemon::start(TWO_POOLS).await;
    let body = r#"{"requirements": [{}]}"#;
    let mut stream = daemon.ask_json("pool=phones", body).await.expect("200");
    assert_eq!(leased_names(&stream.expect_granted().await), [["phone-1"]]);
    let refused = daemon.ask_json("", body).await.expect_err("no pool");
    refused.expect_problem(400, "pool_required");
    let refused = daemon.ask_json("pool=cars", body).await.expect_err("no such pool");
    refused.expect_problem(404, "no_such_pool");
}

#[tokio::test]
async fn a_body_may_come_in_pieces_and_its_type_may_have_a_charset() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for media_type in [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        "application/json ;x=y",
    ] {
        let mut connection = daemon.connect().await;
        let headers = [("Content-Type", media_type), ("Transfer-Encoding", "chunked")];
        let head = connection.request_head("POST", "/lock", &headers);
        connection.send(head).await;
        for piece in [r#"{"require"#, r#"ments": [{"resource": ""#, r#"bench-1"}]}"#] {
            connection.send(format!("{:x}\r\n{piece}\r\n", piece.len())).await;
            daemon.expect_idle().await;
        }
        connection.send("0\r\n\r\n").await;
        let mut stream = LockStream::on(connection).await.expect("200");
        stream.expect_granted().await;
        stream.close();
        daemon.expect_idle().await;
    }
}

#[tokio::test]
async fn curl_sends_a_body_that_holds_a_lease_until_it_leaves() {
    let daemon = Daemon::start(PHONES).await;
    let body = r#"{"requirements": [{"attributes": ["board"], "count": 2}], "name": "curl"}"#;
    let curl = tests::Program::curl()
        .args(["-sN", "-H", "Content-Type: application/json", "-d", body])
        .arg(daemon.lock_url(""))
        .start();
    curl.expect_stdout("granted").await;
    assert_eq!(daemon.resource_names("state=leased").await, ["board-1", "board-2"]);
    drop(curl);
    daemon.expect_idle().await;
}

#[tokio::test]
async fn curl_that_does_not_say_that_its_body_is_json_is_told_how_to() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let body = r#"{"requirements": [{}]}"#;
    let curl = tests::Program::curl().args(["-s", "-d", body]).arg(daemon.lock_url(""));
    let answer = curl.finish().await.expect_code(0).stdout;
    for word in ["unsupported_media_type", "application/x-www-form-urlencoded", "curl --json"] {
        assert!(answer.contains(word), "{word} in {answer}");
    }
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_body_of_another_type_or_of_none_is_refused() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let body = r#"{"requirements": [{}]}"#;
    for headers in [
        &[][..],
        &[("Content-Type", "text/plain")],
        &[("Content-Type", "application/json5")],
        &[("Content-Type", "")],
        &[("Content-Type", "application/x-www-form-urlencoded")],
    ] {
        let reply = daemon.send_body("POST", "/lock", headers, body).await;
        let problem = reply.expect_problem(415, "unsupported_media_type");
        assert!(problem.detail.contains("Content-Type: application/json"), "{problem:?}");
    }
    daemon.expect_idle().await;
}

#[tokio::test]
async fn beside_a_body_there_is_no_other_parameter() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let body = r#"{"requirements": [{}]}"#;
    for (query, parameter) in [
        ("wait=0", "wait"),
        ("resource=bench-1", "resource"),
        ("requirement=bench-1", "requirement"),
        ("colour=red", "colour"),
        ("resume=00000000000000000000000000000000", "resume"),
    ] {
        let reply = daemon.ask_json(query, body).await.expect_err(query);
        let problem = reply.expect_problem(400, "malformed");
        assert_eq!(problem.more["parameter"], parameter, "{problem:?}");
        assert!(problem.detail.contains("body"), "{problem:?}");
    }
    let reply = daemon.ask_json("pool=lab&pool=lab", body).await.expect_err("two pools");
    assert_eq!(reply.expect_problem(400, "malformed").more["parameter"], "pool");
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_lease_is_not_taken_up_with_a_body() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut stream = daemon.lock("linger=1m").await;
    let lease = stream.expect_granted().await;
    let query = format!("resume={}", lease.token);
    let body = r#"{"requirements": [{}]}"#;
    let reply = daemon.ask_json(&query, body).await.expect_err("a body and resume");
    let problem = reply.expect_problem(400, "malformed");
    assert!(!problem.detail.contains(&lease.token), "{problem:?}");
    // The first connection has it still.
    let (state, _) = (daemon.resource("bench-1").await.unwrap().state, stream);
    assert_eq!(state, respo::wire::ResourceState::Leased);
}
