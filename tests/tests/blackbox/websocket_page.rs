//! The section on `/ws` in `docs/protocol.md`: its exchange happens as it says, and its tables are complete.

use std::collections::BTreeSet;

use respo::wire::socket::ServerMessage;
use serde_json::{Value, json};
use tests::protocol_page::{ProtocolPage, masked, quoted};
use tests::{Daemon, WebSocket};

/// The bench that the exchange is about.
const BENCH: &str = "\
pool:
  name: lab
  resources:
    bench-1:
      location: office1
      attributes: [can]
      entities:
        dut:
          attributes: [arm64]
          properties: {socket: 127.0.0.1:4567}
";

#[tokio::test]
async fn the_exchange_on_the_page_happens_as_it_says() {
    let daemon = Daemon::start(BENCH).await;
    let mut ci = Some(daemon.hold("name=ci-88&description=nightly").await);
    let mut socket = WebSocket::open(daemon.address()).await;
    let mut token = String::new();
    for line in ProtocolPage::read().section("An exchange") {
        if line.get("type").is_some() {
            let mut message = line.clone();
            if message.get("token").is_some() {
                message["token"] = json!(token);
            }
            socket.say(message).await;
            continue;
        }
        let said = match line["ref"].as_str() {
            Some(reference) => {
                serde_json::to_value(socket.next_about(reference).await).expect("JSON")
            }
            None => socket.next_json().await,
        };
        assert_eq!(masked(&said), masked(&line), "\nsaid:    {said}\nexample: {line}");
        if line["event"] == "queued" {
            said["request"]["token"].as_str().expect("a token").clone_into(&mut token);
            ci.take().expect("ci-88 waits for nothing else").close();
        }
    }
    daemon.expect_idle().await;
}

/// A value that each field may have.
fn sample(field: &str) -> Value {
    match field {
        "request" => json!({"requirements": [{}]}),
        "id" => json!(1),
        "pool" | "to" | "who" => json!("lab"),
        "resources" => json!(["bench-1"]),
        "ttl" | "by" => json!("1m"),
        "of" => json!("resources"),
        "after" => json!("1-1"),
        "idempotency_key" | "token" | "subscription" | "query" => json!("x"),
        other => panic!("the page has a field that this test does not know: {other}"),
    }
}

#[tokio::test]
async fn the_types_on_the_page_and_their_fields_are_those_that_there_are() {
    let daemon = Daemon::start(BENCH).await;
    let mut socket = daemon.web_socket().await;
    let mut documented = BTreeSet::new();
    for row in ProtocolPage::read().table(&["`type`", "what it asks for", "its fields"]) {
        for kind in quoted(&row[0]) {
            let mut message = json!({"type": kind, "ref": "r", "colour": "red"});
            for field in quoted(&row[2]) {
                message[&field] = sample(&field);
            }
            socket.say(message).await;
            let problem = socket.expect_error("r", "malformed").await;
            assert_eq!(problem.more["path"], "colour", "{}", problem.detail);
            let (_, known) = problem.detail.split_once(" has ").expect("what there is");
            let known: BTreeSet<String> = known.split(", ").map(str::to_owned).collect();
            let fields = quoted(&row[2]).into_iter().chain(["type".to_owned(), "ref".to_owned()]);
            assert_eq!(fields.collect::<BTreeSet<_>>(), known, "{kind}");
            documented.insert(kind);
        }
    }
    socket.say(json!({"type": "x", "ref": "r"})).await;
    let problem = socket.expect_error("r", "malformed").await;
    let (_, known) = problem.detail.split_once("there are ").expect("what there is");
    assert_eq!(documented, known.split(", ").map(str::to_owned).collect());
}

#[test]
fn the_events_on_the_page_are_those_that_there_are() {
    let rows = ProtocolPage::read().table(&["`event`", "what it says"]);
    let documented: BTreeSet<String> = rows.iter().flat_map(|row| quoted(&row[0])).collect();
    let error = serde_json::from_value::<ServerMessage>(json!({"event": "x"})).unwrap_err();
    let error = error.to_string();
    let (_, known) = error.split_once("expected one of ").expect("what there is");
    assert_eq!(documented, quoted(known).into_iter().collect());
}
