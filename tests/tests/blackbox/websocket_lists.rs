//! Lists over `/ws`: the same as over HTTP.

use serde_json::{Value, json};
use tests::inventories::{LAB, TWO_POOLS};
use tests::{Daemon, WebSocket};

async fn list(socket: &mut WebSocket, of: &str, more: Value) -> Value {
    let mut message = json!({"type": "list", "ref": "l", "of": of});
    let fields = message.as_object_mut().expect("an object");
    fields.extend(more.as_object().expect("an object").clone());
    socket.say(message).await;
    let answer = socket.next_json().await;
    assert_eq!((&answer["event"], &answer["ref"]), (&json!("list"), &json!("l")), "{answer}");
    answer[of].clone()
}

#[tokio::test]
async fn lists_are_those_of_http() {
    let daemon = Daemon::start(LAB).await;
    let mut socket = daemon.web_socket().await;
    socket.hold("h", "bench-1").await;
    socket.ask("w", "bench-1").await;
    socket.expect_queued("w").await;
    for of in ["resources", "leases", "requests"] {
        let over_http = daemon.get(&format!("/v1/{of}")).await.json();
        let over_socket = list(&mut socket, of, json!({})).await;
        assert!(over_socket.as_array().is_some_and(|list| !list.is_empty()), "{of}");
        assert_eq!(over_socket, over_http[of], "{of}");
    }
    let query = "state=free&attributes=can&location=office1";
    let over_http = daemon.get(&format!("/v1/resources?{query}")).await.json();
    let some = list(&mut socket, "resources", json!({"query": query})).await;
    assert_eq!(some.as_array().map(Vec::len), Some(1));
    assert_eq!(some, over_http["resources"]);
}

#[tokio::test]
async fn a_list_is_of_all_pools_or_of_the_one_that_is_named() {
    let daemon = Daemon::start(TWO_POOLS).await;
    let mut socket = daemon.web_socket().await;
    let pools = daemon.overview().await.pools;
    let all = list(&mut socket, "resources", json!({})).await;
    let total: usize = pools.iter().map(|pool| pool.resources.len()).sum();
    assert_eq!(all.as_array().map(Vec::len), Some(total));
    let first = list(&mut socket, "resources", json!({"pool": pools[0].name})).await;
    assert_eq!(first.as_array().map(Vec::len), Some(pools[0].resources.len()));
    socket.say(json!({"type": "list", "ref": "l", "of": "leases", "pool": "nowhere"})).await;
    socket.expect_error("l", "no_such_pool").await;
}

#[tokio::test]
async fn a_mistake_in_a_query_is_told_as_over_http() {
    let daemon = Daemon::start(LAB).await;
    let mut socket = daemon.web_socket().await;
    let query = "state=here";
    socket.say(json!({"type": "list", "ref": "l", "of": "resources", "query": query})).await;
    let problem = socket.expect_error("l", "malformed").await;
    let over_http = daemon.get(&format!("/v1/resources?{query}")).await.problem();
    assert_eq!(problem, over_http);
}

#[tokio::test]
async fn a_list_of_more_than_a_buffer_holds_comes_whole() {
    let mut inventory = "pool:\n  name: lab\n  resources:\n".to_owned();
    for number in 0..3000 {
        inventory.push_str(&format!("    bench-{number}: {{attributes: [can]}}\n"));
    }
    let daemon = Daemon::start(&inventory).await;
    let mut socket = daemon.web_socket().await;
    // Several at once: they are made one after the other.
    for number in 0..5 {
        socket.say(json!({"type": "list", "ref": number.to_string(), "of": "resources"})).await;
    }
    for number in 0..5 {
        let answer = socket.next_json().await;
        assert_eq!(answer["ref"], number.to_string());
        assert_eq!(answer["resources"].as_array().map(Vec::len), Some(3000));
    }
}
