//! Which resource a query selects.

use tests::Daemon;
use tests::inventories::LAB;

/// Which benches of [`LAB`] a query can be granted: it is asked for again and again without giving
/// anything back, until it is busy.
async fn granted(query: &str) -> Vec<String> {
    let daemon = Daemon::start(LAB).await;
    let mut held = Vec::new();
    let mut names = Vec::new();
    let query = format!("{query}&wait=0");
    while let Ok(mut stream) = tests::LockStream::open(daemon.address(), &query).await {
        names.push(stream.expect_granted().await.resource.unwrap().name.to_string());
        held.push(stream);
        assert!(held.len() <= 4, "{query}: more grants than benches: {names:?}");
    }
    daemon.refused(&query).await.expect_problem(409, "busy");
    names.sort();
    names
}

#[tokio::test]
async fn a_request_that_says_nothing_takes_any_bench() {
    assert_eq!(granted("").await, ["bench-1", "bench-2", "bench-3", "bench-4"]);
}

#[tokio::test]
async fn names_are_alternatives() {
    for query in [
        "resource=[bench-2,bench-4]",
        "resource=bench-2,bench-4",
        "resource=bench-2&resource=bench-4",
        "resource=%5Bbench-2%2Cbench-4%5D",
        "resource=[bench-2,bench-4,no-such-bench]",
    ] {
        assert_eq!(granted(query).await, ["bench-2", "bench-4"], "{query}");
    }
}

#[tokio::test]
async fn the_location_is_met_exactly() {
    assert_eq!(granted("location=office2").await, ["bench-3", "bench-4"]);
}

#[tokio::test]
async fn every_attribute_must_be_there() {
    for query in ["attributes=[can,usb]", "attributes=usb,can", "attributes=can&attributes=usb"] {
        assert_eq!(granted(query).await, ["bench-1"], "{query}");
    }
    assert_eq!(granted("attributes=can").await, ["bench-1", "bench-2", "bench-3"]);
}

#[tokio::test]
async fn every_entity_pattern_needs_an_entity_of_its_own() {
    let daemon = Daemon::start(LAB).await;
    // bench-2 has an entity that is both, which is good for either pattern and not for the two.
    let reply = daemon.refused("resource=bench-2&entities=[[power],[programmer]]").await;
    reply.expect_problem(404, "no_such");
    daemon.hold("resource=bench-2&entities=[[power],[riscv]]").await.close();
}

#[tokio::test]
async fn entity_patterns_are_written_in_several_ways() {
    for query in [
        "entity_properties=[[power],[power]]",
        "entities=[[power],[power]]",
        "entities=[power]&entities=[power]",
        "entities=[[12v],[power]]",
        // Whoever takes the patterns in turn and the first entity that fits may fail here.
        "entities=[[power],[12v]]",
        "entities=[[power],[24v]]",
        "entities=[[arm64],[power],[power]]",
    ] {
        assert_eq!(granted(query).await, ["bench-1"], "{query}");
    }
    assert_eq!(granted("entities=[[power,programmer]]").await, ["bench-2"]);
    assert_eq!(granted("entities=[arm64]").await, ["bench-1", "bench-3"]);
}

#[tokio::test]
async fn everything_that_is_said_must_hold() {
    let query = "location=office1&attributes=[can]&entities=[[riscv]]&resource=[bench-1,bench-2]";
    assert_eq!(granted(query).await, ["bench-2"]);
}

#[tokio::test]
async fn among_equally_good_benches_the_least_recently_used_is_taken() {
    let daemon = Daemon::start(LAB).await;
    let mut order = Vec::new();
    for _ in 0..6 {
        let mut stream = daemon.lock("attributes=can").await;
        order.push(stream.expect_granted().await.resource.unwrap().name.to_string());
        stream.close();
        daemon.expect_idle().await;
    }
    assert_eq!(order[..3], order[3..], "{order:?}");
    order.truncate(3);
    order.sort();
    assert_eq!(order, ["bench-1", "bench-2", "bench-3"]);
}

#[tokio::test]
async fn what_can_never_match_is_refused_at_once_with_the_part_that_matches_nothing() {
    let daemon = Daemon::start(LAB).await;
    for (query, parts) in [
        ("resource=bench-9", vec!["resource"]),
        ("location=office9", vec!["location"]),
        ("attributes=[can,laser]", vec!["attributes"]),
        ("entities=[[laser]]", vec!["entities"]),
        ("entities=[[power],[programmer]]", vec!["entities"]),
        ("location=office9&resource=bench-9", vec!["location", "resource"]),
        ("location=office2&attributes=usb", vec!["combination"]),
        ("resource=bench-4&entities=[[arm64]]", vec!["combination"]),
    ] {
        let problem = daemon.refused(query).await.expect_problem(404, "no_such");
        let listed = problem.more["parts"].as_array().expect("parts");
        let mut named: Vec<&str> = listed.iter().map(|it| it["part"].as_str().unwrap()).collect();
        named.sort_unstable();
        assert_eq!(named, parts, "{query}: {problem:?}");
        for part in listed {
            assert!(part["value"].is_string() && part["detail"].is_string(), "{part}");
        }
    }
    daemon.expect_idle().await;
}
