//! `/openapi.json` says what is served: every route is described, and every described route answers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tests::inventories::ONE_BENCH;
use tests::openapi::Operation;
use tests::{Daemon, binaries};

use crate::routes::ROUTES;

/// The paths of the document, with their methods and those that these bring with them.
fn methods(operations: &[Operation]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut methods: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for operation in operations {
        let of_path = methods.entry(&operation.path).or_default();
        of_path.insert(&operation.method);
        if operation.method == "GET" {
            of_path.insert("HEAD");
        }
    }
    methods
}

/// A path with something in the place of what its template leaves open.
fn filled(path: &str) -> String {
    let path = path.replace("{id}", "1").replace("{name}", "bench-1").replace("{who}", "bob");
    path.replace("{resource_id}", "1").replace("{reservation_id}", "res_1")
}

#[tokio::test]
async fn a_path_has_the_methods_that_are_described_and_no_others() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let operations = daemon.described().await;
    for (path, methods) in methods(&operations) {
        let path = filled(path);
        let reply = daemon.send("BREW", &path, &[]).await;
        reply.expect_problem(405, "method_not_allowed");
        let allowed: BTreeSet<&str> =
            reply.header("allow").expect("Allow").split(',').map(str::trim).collect();
        assert_eq!(allowed, methods, "{path}");
    }
}

#[tokio::test]
async fn every_route_is_described() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let operations = daemon.described().await;
    let described = methods(&operations);
    let described: BTreeMap<String, BTreeSet<&str>> =
        described.into_iter().map(|(path, methods)| (filled(path), methods)).collect();
    let known = ROUTES.map(|(path, methods)| (path.to_owned(), methods.iter().copied().collect()));
    assert_eq!(described, BTreeMap::from(known));
}

/// The methods and paths in the headings of the protocol page.
fn of_headings(page: &str) -> BTreeSet<(String, String)> {
    let headings = page.lines().filter_map(|line| line.strip_prefix('#'));
    let calls = headings.flat_map(|heading| heading.trim_start_matches('#').split(','));
    let pairs = calls.filter_map(|call| call.trim().split_once(' '));
    let pairs = pairs.filter(|(_, path)| path.starts_with('/'));
    pairs.map(|(method, path)| (method.to_owned(), path.to_owned())).collect()
}

#[tokio::test]
async fn every_call_that_has_a_heading_on_the_protocol_page_is_described() {
    let page = binaries::workspace().join("docs/protocol.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let daemon = Daemon::start(ONE_BENCH).await;
    let operations = daemon.described().await;
    let described: BTreeSet<(String, String)> =
        operations.into_iter().map(|operation| (operation.method, operation.path)).collect();
    let headings = of_headings(&page);
    assert!(headings.len() > 8, "{headings:?}");
    let missing: Vec<_> = headings.difference(&described).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// The query and the body with which an operation can be called.
fn call(operation: &Operation) -> (&'static str, Option<String>) {
    let request = json!({"requirements": [{"resource": "bench-1"}]});
    match operation.id.as_str() {
        "lock" => ("?linger=0", None),
        "create_lease" => ("", Some(request.to_string())),
        "verify_lease" => ("?fence=1", None),
        "renew_lease" | "renew_request" => ("", Some(json!({"ttl": "1h"}).to_string())),
        "extend_lease" => ("", Some(json!({"by": "1m"}).to_string())),
        "transfer_lease" => ("", Some(json!({"to": "alice"}).to_string())),
        "allow_guest" => ("", Some(json!({"who": "carol"}).to_string())),
        "replace_inventory" => ("?dry_run=true", Some(ONE_BENCH.to_owned())),
        _ => ("", None),
    }
}

/// Calls an operation on a daemon with a lease, which is 1, a guest of it, who is bob, and a request that
/// waits, which is 2. The status, and the type of the body.
async fn answer_of(operation: &Operation) -> (u16, String) {
    let daemon = Daemon::with(ONE_BENCH).in_memory().start().await;
    let body = json!({"requirements": [{"resource": "bench-1"}], "ttl": "1h"});
    let lease = daemon.lease(&body).await;
    daemon.issue(&lease, "allow", &json!({"who": "bob"})).await;
    let waiting = daemon.queue(&body).await.request.token.expect("the token");

    let is_of_request = operation.path.starts_with("/v1/requests/");
    let (id, token) = if is_of_request { ("2", waiting) } else { ("1", lease.token) };
    let path = filled(&operation.path.replace("{id}", id));
    let (query, body) = call(operation);
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("Accept", "application/json")];
    if operation.takes_lease_token() {
        headers.push(("Authorization", &bearer));
    }
    let media_types = operation.description["requestBody"]["content"].as_object();
    let media_type = media_types.and_then(|types| types.keys().next()).cloned().unwrap_or_default();
    let body = body.unwrap_or_default();
    let length = body.len().to_string();
    if !body.is_empty() {
        headers.extend([("Content-Type", media_type.as_str()), ("Content-Length", &length)]);
    }
    let mut connection = daemon.connect().await;
    let head = connection.request_head(&operation.method, &format!("{path}{query}"), &headers);
    connection.send(head + &body).await;
    // The head is enough, and of a stream all there is for a while.
    let head = connection.head().await;
    let media_type = head.header("content-type").unwrap_or_default();
    (head.status, media_type.split(';').next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn every_described_operation_answers_as_it_is_described() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let operations = daemon.described().await;
    assert!(operations.len() > 40, "{}", operations.len());
    for operation in operations {
        let (status, media_type) = answer_of(&operation).await;
        // Those of rent-a-bot have tests of their own, and what is no WebSocket client is refused.
        let may_refuse = operation.has_tag("rent-a-bot") || operation.id == "open_websocket";
        assert!((200..300).contains(&status) || may_refuse, "{}: {status}", operation.id);
        let answers = operation.answers();
        let media_types = answers.get(&status);
        let media_types =
            media_types.unwrap_or_else(|| panic!("{} is answered {status}", operation.id));
        let is_described = media_types.contains(&media_type);
        let is_empty = media_types.is_empty() && media_type.is_empty();
        assert!(is_described || is_empty, "{}: {media_type:?} of {media_types:?}", operation.id);
    }
}

#[tokio::test]
async fn the_page_for_people_shows_every_operation_and_needs_nothing_from_elsewhere() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let reply = daemon.send("GET", "/docs", &[("Accept", "text/html")]).await.expect_status(200);
    assert_eq!(reply.media_type(), "text/html");
    let policy = reply.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none';"), "{policy}");
    let page = reply.text();
    for operation in daemon.described().await {
        assert!(page.contains(&format!("<article id=\"{}\"", operation.id)), "{}", operation.id);
    }
    for loads in
        ["<script", "<link rel=\"stylesheet", " src=", "@import", "url(", "<iframe", "<object"]
    {
        assert!(!page.contains(loads), "{loads}");
    }
    let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    for link in links {
        assert!(link.starts_with(['#', '/']) || link == "data:,", "{link}");
    }
}

#[tokio::test]
async fn the_document_has_the_version_of_the_server_and_no_secret_of_it() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let document = daemon.openapi().await;
    assert_eq!(document["openapi"], "3.1.0");
    let overview = daemon.get("/").await.json();
    assert_eq!(document["info"]["version"], overview["version"]);
    assert!(!document.to_string().contains("bench-1\":"), "nothing of the inventory is in it");
}
