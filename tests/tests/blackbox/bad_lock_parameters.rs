//! `POST /lock` says of each bad parameter which one it is.

use tests::Daemon;
use tests::inventories::{LAB, ONE_BENCH};

/// Queries that are malformed, and the parameter that is to blame.
fn malformed() -> Vec<(String, &'static str)> {
    let long_name = "n".repeat(129);
    let long_text = "t".repeat(1025);
    let list = |count: usize| (0..count).map(|n| format!("w{n}")).collect::<Vec<_>>().join(",");
    let tags =
        |count: usize| (0..count).map(|n| format!("tag=k{n}=v")).collect::<Vec<_>>().join("&");
    let fixed = [
        // Of no known name.
        ("colour=red", "colour"),
        ("Resource=bench-1", "Resource"),
        ("=bench-1", ""),
        ("resource=bench-1&waiit=0", "waiit"),
        ("dry_run=true", "dry_run"),
        // Given twice where there is one value.
        ("location=a&location=b", "location"),
        ("priority=1&priority=1", "priority"),
        ("description=a&description=b", "description"),
        ("name=a&name=b", "name"),
        ("wait=1&wait=2", "wait"),
        ("linger=1&linger=2", "linger"),
        ("max_duration=1&max_duration=2", "max_duration"),
        ("pool=lab&pool=lab", "pool"),
        ("tag=k=1&tag=k=2", "tag"),
        // No value at all.
        ("resource=[]", "resource"),
        ("resource=", "resource"),
        ("resource", "resource"),
        ("location=", "location"),
        ("attributes=", "attributes"),
        ("entities=", "entities"),
        ("priority=", "priority"),
        ("description=", "description"),
        ("name=%20", "name"),
        ("wait=", "wait"),
        ("linger=", "linger"),
        ("max_duration=", "max_duration"),
        ("pool=", "pool"),
        ("tag=", "tag"),
        ("resume=", "resume"),
        // Names and words.
        ("resource=bench%201", "resource"),
        ("resource=bench-1,", "resource"),
        ("resource=b%C3%A4nk", "resource"),
        ("attributes=a%20b", "attributes"),
        ("attributes=[a,,b]", "attributes"),
        ("attributes={a}", "attributes"),
        ("location=a%0Ab", "location"),
        ("location=%FF", "location"),
        ("description=two%0Alines", "description"),
        ("description=%00", "description"),
        ("name=%1B[2J", "name"),
        // Lists.
        ("resource=[bench-1", "resource"),
        ("resource=bench-1]", "resource"),
        ("resource=[[bench-1]]", "resource"),
        ("attributes=[a]b", "attributes"),
        ("entities=[[a],[b]", "entities"),
        ("entities=[[a][b]]", "entities"),
        ("entities=[[[a]]]", "entities"),
        ("entity_properties=[a,[b]]", "entity_properties"),
        // Numbers.
        ("priority=high", "priority"),
        ("priority=1.5", "priority"),
        ("priority=1001", "priority"),
        ("priority=-1001", "priority"),
        ("priority=99999999999999999999", "priority"),
        ("priority=0x10", "priority"),
        // Durations.
        ("wait=soon", "wait"),
        ("wait=-1", "wait"),
        ("wait=1.5h", "wait"),
        ("wait=10x", "wait"),
        ("wait=367d", "wait"),
        ("wait=99999999999999999999d", "wait"),
        ("linger=forever", "linger"),
        ("linger=-1s", "linger"),
        ("max_duration=0", "max_duration"),
        ("max_duration=never", "max_duration"),
        // Tags and tokens.
        ("tag=novalue", "tag"),
        ("tag==value", "tag"),
        ("tag=key=", "tag"),
        ("resume=guess", "resume"),
        ("resume=00000000000000000000000000000000&priority=1", "priority"),
        ("resume=00000000000000000000000000000000&resource=bench-1", "resource"),
    ];
    let mut queries: Vec<_> = fixed.map(|(query, parameter)| (query.to_owned(), parameter)).into();
    queries.extend([
        (format!("resource={long_name}"), "resource"),
        (format!("location={long_name}"), "location"),
        (format!("attributes={long_name}"), "attributes"),
        (format!("name={long_name}"), "name"),
        (format!("description={long_text}"), "description"),
        (format!("tag={long_name}=v"), "tag"),
        (format!("tag=k={long_text}"), "tag"),
        (tags(33), "tag"),
        (format!("attributes={}", list(257)), "attributes"),
        (format!("resource={}", list(257)), "resource"),
        (format!("entities=[[{}]]", list(257)), "entities"),
        (format!("entities=[{}]", vec!["[a]"; 257].join(",")), "entities"),
    ]);
    queries
}

#[tokio::test]
async fn a_malformed_parameter_is_refused_by_its_name() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for (query, parameter) in malformed() {
        let reply = daemon.refused(&query).await;
        assert_eq!(reply.status(), 400, "{query}: {}", reply.text());
        let problem = reply.expect_problem(400, "malformed");
        assert_eq!(problem.more["parameter"], parameter, "{query}: {problem:?}");
        assert!(problem.detail.contains(parameter), "{query}: {problem:?}");
        assert!(!reply.text().contains('\u{1b}'), "no control character comes back: {query}");
    }
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_parameter_at_the_edge_of_what_is_allowed_is_accepted() {
    let daemon = Daemon::start(LAB).await;
    let name = "n".repeat(128);
    let tags: Vec<String> = (0..32).map(|n| format!("tag=k{n}=v{n}")).collect();
    for query in [
        "priority=1000",
        "priority=-1000",
        "priority=%2B5",
        "wait=366d",
        "wait=forever",
        "wait=1h30m",
        "wait=90",
        "wait=500ms",
        "max_duration=1d",
        "linger=0",
        "location=office1",
        "attributes=[%22can%22,'usb']",
        "attributes=[ can , usb ]",
        "entities=[]",
        "tag=a=b=c",
        "name=Zo%C3%AB%20%F0%9F%A6%80",
        "name=a+b",
        "",
        "&",
        &format!("name={name}"),
        &format!("description={}", "t".repeat(1024)),
        &tags.join("&"),
    ] {
        // A space cannot stand in a request line.
        let mut stream = daemon.lock(&query.replace(' ', "%20")).await;
        stream.expect_granted().await;
        stream.close();
        daemon.expect_idle().await;
    }
}

#[tokio::test]
async fn what_the_client_said_is_shown_as_it_was_said() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let _holder = daemon.hold("name=Zo%C3%AB+%26+co&description=50%25%20done").await;
    let lease = daemon.pool().await.resources.remove(0).lease.unwrap();
    assert_eq!(lease.holder.unwrap().as_str(), "Zoë & co");
    assert_eq!(lease.description.unwrap().as_str(), "50% done");
}

#[tokio::test]
async fn a_request_line_that_is_too_long_is_refused() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut connection = daemon.connect().await;
    let target = format!("/lock?description={}", "x".repeat(2_000_000));
    let head = connection.request_head("POST", &target, &[]);
    // The daemon need not read all of it.
    if connection.try_send(head).await.is_ok() {
        let answer = String::from_utf8_lossy(&connection.until_end().await).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    daemon.hold("").await.close();
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_pool_that_is_not_there_is_refused_and_the_others_are_named() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let problem = daemon.refused("pool=elsewhere").await.expect_problem(404, "no_such_pool");
    assert!(problem.detail.contains("elsewhere"), "{problem:?}");
    assert_eq!(problem.more["pools"][0], "lab");
}

#[tokio::test]
async fn a_token_of_nothing_is_refused() {
    let daemon = Daemon::start(ONE_BENCH).await;
    daemon.expect_no_resume("00000000000000000000000000000000").await;
}
