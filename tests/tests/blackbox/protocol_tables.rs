//! The tables in `docs/protocol.md`: every parameter, reason and code on the page exists, and every
//! one that exists is on the page.

use std::collections::{BTreeMap, BTreeSet};

use nix::sys::signal::Signal;
use respo::query::LOCK_PARAMETERS;
use respo::wire::{Event, GrantedLease};
use respo::{EndReason, Request, Requirement};
use serde_json::json;
use tests::inventories::{ONE_BENCH, TWO_POOLS};
use tests::protocol_page::{ProtocolPage, quoted};
use tests::token_leases::{read, request_for};
use tests::{Daemon, Reply};

/// A bench that every parameter on the page can be granted.
const BENCH_AND_RELAY: &str = "\
pool:
  name: lab
  stacks:
    - [bench-1, relay-1]
  resources:
    bench-1:
      location: office1
      attributes: [can]
      properties: {slots: 4}
      entities:
        dut: {attributes: [arm64]}
    relay-1: {}
";

/// The words in backquotes of one column of a table.
fn column(head: &[&str], at: usize) -> BTreeSet<String> {
    let rows = ProtocolPage::read().table(head);
    rows.iter().flat_map(|row| quoted(&row[at])).collect()
}

#[test]
fn the_parameters_on_the_page_are_those_that_there_are() {
    let documented = column(&["parameter", "meaning", "default"], 0);
    let known: BTreeSet<String> = LOCK_PARAMETERS.map(str::to_owned).into();
    assert_eq!(documented, known);
}

#[tokio::test]
async fn every_parameter_on_the_page_is_accepted() {
    let daemon = Daemon::start(BENCH_AND_RELAY).await;
    for parameter in column(&["parameter", "meaning", "default"], 0) {
        let value = match parameter.as_str() {
            "count" => "1",
            "resource" | "keys" | "requirement" => "bench-1",
            "location" => "office1",
            "attributes" => "[can]",
            "entity_properties" | "entities" => "[[arm64]]",
            "property" => "slots=4",
            "where" => "true",
            "stack" => "cell",
            "priority" => "1",
            "description" | "name" => "text",
            "tag" => "key=value",
            "wait" => "forever",
            "linger" => "0",
            "max_duration" => "1h",
            "pool" => "lab",
            "resume" => {
                let mut first = daemon.lock("linger=1m").await;
                let lease = first.expect_granted().await;
                first.close();
                daemon.hold(&format!("resume={}", lease.token)).await.close();
                daemon.release(lease.id, &lease.token).await;
                daemon.expect_idle().await;
                continue;
            }
            other => panic!("the page has a parameter that this test does not know: {other}"),
        };
        daemon.hold(&format!("{parameter}={value}")).await.close();
        daemon.expect_idle().await;
    }
}

/// The keys that a mistake in a body says that there are, at the place of the unknown key `x`.
fn known_keys(body: &str) -> BTreeSet<String> {
    let error = Request::from_json(body.as_bytes()).unwrap_err();
    let (_, keys) = error.problem.split_once("there are ").expect("what there is");
    keys.split(", ").map(str::to_owned).collect()
}

#[test]
fn the_keys_of_a_body_on_the_page_are_those_that_there_are() {
    let of_request = column(&["key", "meaning", "default"], 0);
    assert_eq!(of_request, known_keys(r#"{"x": 1}"#));
    let of_requirement = column(&["key of a requirement", "meaning", "default"], 0);
    assert_eq!(of_requirement, known_keys(r#"{"requirements": [{"x": 1}]}"#));
}

#[test]
fn every_text_of_a_requirement_on_the_page_is_what_its_json_says_and_is_written_so() {
    let examples = ProtocolPage::read().table(&["text", "JSON"]);
    assert_eq!(examples.len(), 10);
    let source = tests::binaries::workspace().join("respo/src/request/text/mod.rs");
    let source = std::fs::read_to_string(source).expect("the documentation of the text form");
    for row in examples {
        let (text, json) = (&quoted(&row[0])[0], &quoted(&row[1])[0]);
        let from_text: Requirement = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        let request = Request::from_json(format!(r#"{{"requirements":[{json}]}}"#).as_bytes());
        let request = request.unwrap_or_else(|error| panic!("{json}: {error}"));
        assert_eq!(request.requirements(), std::slice::from_ref(&from_text), "{text}");
        assert_eq!(from_text.to_string(), *text);
        let documented = format!("| `{text}` | `{json}` |");
        assert!(source.contains(&documented), "{documented} is not in the documentation");
    }
}

#[test]
fn every_term_of_a_requirement_on_the_page_is_read() {
    for term in column(&["term", "meaning"], 0) {
        let requirement = term.parse::<Requirement>();
        assert!(requirement.is_ok(), "{term}: {requirement:?}");
    }
}

#[tokio::test]
async fn the_states_on_the_page_are_those_that_can_be_asked_for() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let documented = column(&["state", "what it means"], 0);
    let problem = daemon.get("/v1/resources?state=x").await.expect_problem(400, "malformed");
    let (_, known) = problem.detail.split_once("there is ").expect("what there is");
    let known: BTreeSet<String> = known.split(", ").map(str::to_owned).collect();
    assert_eq!(documented, known);
}

#[test]
fn the_reasons_on_the_page_are_those_that_there_are() {
    let documented = column(&["reason", "what happened"], 0);
    let known = [
        EndReason::Released,
        EndReason::Disconnected,
        EndReason::Orphaned,
        EndReason::MaxDuration,
        EndReason::WaitExpired,
        EndReason::NoSuch,
        EndReason::Revoked,
        EndReason::Draining,
        EndReason::TakenOver,
        EndReason::Expired,
        EndReason::Transferred,
    ];
    let known: BTreeSet<String> = known.iter().map(|reason| reason.code().to_owned()).collect();
    assert_eq!(documented, known);
}

/// What the page says of each code: its status.
fn documented_codes() -> BTreeMap<String, u16> {
    let mut codes = BTreeMap::new();
    for row in ProtocolPage::read().table(&["status", "code", "when"]) {
        let status = row[0].parse().expect("a status");
        for code in quoted(&row[1]) {
            assert_eq!(codes.insert(code, status), None, "a code is listed twice");
        }
    }
    codes
}

#[tokio::test]
async fn every_code_on_the_page_is_answered_by_some_request_with_its_status() {
    let mut answered: BTreeMap<String, u16> = BTreeMap::new();
    for reply in refusals().await.into_iter().chain(refusals_of_token_leases().await) {
        let problem = reply.problem();
        answered.insert(problem.code, problem.status);
    }
    let mut documented = documented_codes();
    // These need a defect, a broken disk, or a session with several requests, which HTTP has not.
    for out_of_reach in ["internal", "store_unavailable", "too_many_requests"] {
        assert!(documented.remove(out_of_reach).is_some(), "{out_of_reach} is on the page");
    }
    assert_eq!(answered, documented);
}

/// A refusal of each kind that can be had.
async fn refusals() -> Vec<Reply> {
    let daemon = Daemon::with(ONE_BENCH)
        .flag("--max-waiting", "1")
        .flag("--max-duration", "1h")
        .flag("--max-body", "1000")
        .flag("--body-timeout", "100ms")
        .start()
        .await;
    let _holder = daemon.hold("").await;
    let _waiter = {
        let mut stream = daemon.lock("").await;
        stream.expect_queued().await;
        stream
    };
    let evil = [("Origin", "http://evil.example")];
    let mut replies = vec![
        daemon.refused("colour=red").await,
        daemon.send("DELETE", "/v1/leases/1", &[]).await,
        daemon.send("POST", "/lock", &evil).await,
        daemon.refused("resource=nowhere").await,
        daemon.refused("pool=nowhere").await,
        daemon.release(99, "00000000000000000000000000000000").await,
        daemon.get("/inventory?revision=99").await,
        daemon.get("/nowhere").await,
        daemon.get("/lock").await,
        daemon.get("/ws").await,
        daemon.refused("wait=0").await,
        daemon.refused("wait=1").await,
        daemon.post_inventory("/inventory", &"#".repeat(1001)).await,
        daemon.post_inventory("/inventory", "").await,
        daemon.refused("max_duration=2h").await,
        daemon.send_body("POST", "/lock", &[("Content-Type", "text/plain")], "{}").await,
    ];
    let mut slow = daemon.connect().await;
    let head = slow.request_head("POST", "/inventory", &[("Content-Length", "9")]);
    slow.send(head).await;
    replies.push(slow.reply().await);
    replies.push(Daemon::start(TWO_POOLS).await.refused("").await);
    let guarded = Daemon::with(ONE_BENCH).file_flag("--admin-token-file", "secret\n").start().await;
    replies.push(guarded.get("/inventory").await);
    replies.push(refused_while_draining().await);
    let crowded = Daemon::with(ONE_BENCH).flag("--max-connections", "1").start().await;
    let _only_one = crowded.hold("").await;
    replies.push(crowded.get("/healthz").await);
    replies
}

/// A refusal of each kind that calls on token leases can have.
async fn refusals_of_token_leases() -> Vec<Reply> {
    let daemon = Daemon::start(ONE_BENCH).await;
    let key = [("Idempotency-Key", "once")];
    let lease = daemon.post_lease(&key, &request_for("bench-1")).await.expect_status(201);
    let lease: GrantedLease = read(&lease);
    let (target, token) = (format!("/v1/leases/{}", lease.id), lease.token.as_str());
    let guest = daemon.issue(&lease, "allow", &json!({"who": "guest-0"})).await;
    for number in 1..16 {
        daemon.issue(&lease, "allow", &json!({"who": format!("guest-{number}")})).await;
    }
    let pending = daemon.queue(&request_for("bench-1")).await.request;
    let (waits, its_token) = (pending.id, pending.token.expect("a token"));
    let eve = json!({"who": "eve"});
    let mut replies = vec![
        daemon.act(lease.id, "allow", &guest.token, &eve).await,
        daemon.act(lease.id, "allow", token, &eve).await,
        daemon.with_token("DELETE", &format!("{target}/allow/eve"), token).await,
        daemon.get("/v1/resources/bench-9").await,
        daemon.act(waits, "extend", &its_token, &json!({"by": "1m"})).await,
        daemon.with_token("DELETE", &format!("{target}?resource=bench-9"), token).await,
        daemon.get(&format!("{target}/verify?fence=0")).await,
        daemon.post_lease(&key, &json!({"requirements": [{}]})).await,
    ];
    daemon.release(waits, &its_token).await;
    daemon.release(lease.id, token).await;
    replies.push(daemon.get(&target).await);
    replies.push(daemon.post_lease(&key, &request_for("bench-1")).await);
    let mut stream = daemon.lock("").await;
    let kept = stream.expect_granted().await;
    replies.push(daemon.act(kept.id, "renew", &kept.token, &json!({})).await);
    replies
}

async fn refused_while_draining() -> Reply {
    let daemon = Daemon::with(ONE_BENCH).in_memory().flag("--drain-timeout", "10d").start().await;
    let mut holder = daemon.hold("").await;
    // A request that is under way when the daemon begins to stop is still answered. That the daemon
    // tells its client to go on with the body shows that it is.
    let mut connection = daemon.connect().await;
    let headers = [("Transfer-Encoding", "chunked"), ("Expect", "100-continue")];
    let head = connection.request_head("POST", "/lock", &headers);
    connection.send(head).await;
    assert_eq!(connection.head().await.status, 100);
    daemon.signal(Signal::SIGTERM);
    let notice = holder.next_notice().await;
    assert!(matches!(notice, Some(Event::Draining { .. })), "{notice:?}");
    connection.send("0\r\n\r\n").await;
    connection.reply().await
}
