//! Every mistake in a body of `POST /lock` is told by its place, and leases nothing.

use serde_json::{Value, json};
use tests::Daemon;
use tests::inventories::ONE_BENCH;

/// Bodies with a mistake, and the path that is to blame.
fn malformed() -> Vec<(Vec<u8>, &'static str)> {
    let texts: [(&str, &str); 22] = [
        // No JSON.
        ("{", ""),
        ("hello", ""),
        (r#"{"requirements": [{}]"#, ""),
        (r#"{"requirements": [{}]} {}"#, ""),
        (r#"{"requirements": [{}],}"#, ""),
        ("\u{feff}{\"requirements\": [{}]}", ""),
        ("resource=bench-1", ""),
        // No request.
        ("[]", ""),
        ("null", ""),
        ("\"bench-1\"", ""),
        ("{}", ""),
        (r#"{"requirements": []}"#, "requirements"),
        (r#"{"requirements": {}}"#, "requirements"),
        (r#"{"requirements": null}"#, "requirements"),
        (r#"{"requirements": ["bench-1"]}"#, "requirements[0]"),
        (r#"{"requirements": [null]}"#, "requirements[0]"),
        // Keys that are unknown, or given twice.
        (r#"{"requirements": [{}], "colour": 1}"#, "colour"),
        (r#"{"requirements": [{}], "pool": "lab"}"#, "pool"),
        (r#"{"requirements": [{}], "requirements": [{}]}"#, "requirements"),
        (r#"{"requirements": [{"atributes": ["can"]}]}"#, "requirements[0].atributes"),
        (r#"{"requirements": [{"count": 1, "count": 1}]}"#, "requirements[0].count"),
        (
            r#"{"requirements": [{"entities": [{"name": "x"}]}]}"#,
            "requirements[0].entities[0].name",
        ),
    ];
    let mut bodies: Vec<(Vec<u8>, &str)> =
        texts.iter().map(|(body, path)| (body.as_bytes().to_vec(), *path)).collect();
    for (key, value) in [
        ("count", json!(0)),
        ("count", json!(-1)),
        ("count", json!(1.5)),
        ("count", json!("1")),
        ("count", json!(257)),
        ("resource", json!("bench 1")),
        ("resource", json!([])),
        ("resource", json!(1)),
        ("location", json!(["office1"])),
        ("location", json!("")),
        ("attributes", json!("a b")),
        ("attributes", json!({})),
        ("entities", json!("dut")),
        ("properties", json!(["platform"])),
        ("properties", json!("platform=android")),
        ("where", json!("name ==")),
        ("where", json!("colour == 'red'")),
        ("where", json!("name")),
        ("where", json!("x".repeat(1025))),
        ("where", json!(true)),
        ("keys", json!([])),
        ("keys", json!("a b")),
        ("stack", json!(1)),
        ("stack", json!("")),
    ] {
        let path = format!("requirements[0].{key}").leak();
        let body = json!({"requirements": [{key: value}]});
        bodies.push((body.to_string().into_bytes(), path));
    }
    for (key, value) in [
        ("priority", json!("high")),
        ("priority", json!(1001)),
        ("priority", json!(1.5)),
        ("description", json!("two\nlines")),
        ("name", json!(88)),
        ("tags", json!(["build=88"])),
        ("tags.build", json!({"build": 88})),
        ("wait", json!("soon")),
        ("wait", json!(0)),
        ("linger", json!("forever")),
        ("max_duration", json!("0")),
    ] {
        let of_top = key.split('.').next().unwrap();
        let body = json!({"requirements": [{}], of_top: value});
        bodies.push((body.to_string().into_bytes(), key));
    }
    let nested = format!(r#"{{"requirements": {}1{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    bodies.push((nested.into_bytes(), "requirements[0]"));
    bodies.push((b"{\"requirements\": [{}], \"name\": \"\xff\"}".to_vec(), ""));
    bodies
}

#[tokio::test]
async fn a_mistake_in_a_body_is_told_by_its_place() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for (body, path) in malformed() {
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        let reply = match daemon.ask_json("", &body).await {
            Ok(_) => panic!("{shown}: not refused"),
            Err(reply) => reply,
        };
        assert_eq!(reply.status(), 400, "{shown}: {}", reply.text());
        let problem = reply.expect_problem(400, "malformed");
        assert_eq!(problem.more["path"], path, "{shown}: {problem:?}");
        assert!(problem.detail.contains(path), "{shown}: {problem:?}");
        assert!(problem.detail.len() < 2000, "{shown}: {}", problem.detail.len());
    }
    daemon.expect_idle().await;
    assert_eq!(
        daemon.hold_json(json!({"requirements": [{}]})).await.1.id.0,
        1,
        "nothing was asked for"
    );
}

#[tokio::test]
async fn requirements_that_do_not_go_together_are_refused() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let keys = |count: usize| (0..count).map(|n| format!("k{n}")).collect::<Vec<_>>();
    let stacks: Vec<Value> = (0..5).map(|n| json!({"stack": format!("s{n}")})).collect();
    for (requirements, path) in [
        (json!([{"keys": ["a"]}, {"keys": ["b", "a"]}]), "requirements[1]"),
        (json!([{"keys": ["a", "b"], "count": 3}]), "requirements[0]"),
        (json!([{"keys": keys(257)}]), "requirements[0].keys"),
        (json!([{"count": 200}, {"count": 57}]), "requirements"),
        (json!(vec![json!({}); 33]), "requirements"),
        (json!(stacks), "requirements"),
        (json!([{"keys": ["a"], "location": "office1"}]), "requirements[0].location"),
    ] {
        let reply = daemon.refused_json(json!({"requirements": requirements})).await;
        let problem = reply.expect_problem(400, "malformed");
        assert_eq!(problem.more["path"], path, "{problem:?}");
    }
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_body_that_is_empty_is_not_a_request_for_anything() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let reply = daemon.ask_json("", "").await.expect_err("an empty body");
    let problem = reply.expect_problem(400, "malformed");
    assert!(problem.detail.contains("the body is empty"), "{problem:?}");
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_request_has_at_most_256_kib() {
    let daemon = Daemon::start("pool: {name: locks, ephemeral: true}\n").await;
    // As many requirements and keys as there may be, of 28 characters each.
    let requirement =
        |n: usize| json!({"keys": (0..256).map(|k| format!("{n:08}-{k:019}")).collect::<Vec<_>>()});
    let largest = json!({"requirements": (0..32).map(requirement).collect::<Vec<_>>()});
    assert!(largest.to_string().len() > 250_000, "{}", largest.to_string().len());
    let (stream, lease) = daemon.hold_json(largest.clone()).await;
    assert_eq!(lease.resources.len(), 32);
    stream.close();
    daemon.expect_idle().await;
    let blanks = " ".repeat(256 * 1024 + 1 - largest.to_string().len());
    let larger = format!("{largest}{blanks}");
    let reply = daemon.ask_json("", larger).await.expect_err("one byte more");
    reply.expect_problem(413, "too_large");
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_body_that_stops_half_way_is_given_up_and_leases_nothing() {
    let daemon = Daemon::with(ONE_BENCH).flag("--body-timeout", "200ms").start().await;
    let whole = r#"{"requirements":[{}]}"#;
    // What has come is a whole request, and more is announced.
    let length = (whole.len() + 1).to_string();
    for (framing, sent) in [
        (("Content-Length", length.as_str()), whole.to_owned()),
        (("Transfer-Encoding", "chunked"), format!("{:x}\r\n{whole}\r\n", whole.len())),
    ] {
        let mut connection = daemon.connect().await;
        let headers = [("Content-Type", "application/json"), framing];
        let head = connection.request_head("POST", "/lock", &headers);
        connection.send(head + &sent).await;
        connection.reply().await.expect_problem(408, "timeout");
    }
    daemon.expect_idle().await;
    let mut next = daemon.lock("").await;
    assert_eq!(next.expect_granted().await.id.0, 1, "nothing was asked for before");
}
