//! A request that will not wait is told who holds what is missing.

use serde_json::{Value, json};
use tests::Daemon;
use tests::inventories::{LOCK_SERVER, PHONES};

/// The names in the candidates of a refusal, each with its holder.
fn holders(problem: &respo::wire::Problem) -> Vec<(String, Value)> {
    let candidates = problem.more["candidates"].as_array().unwrap();
    let name = |it: &Value| it["resource"].as_str().unwrap().to_owned();
    candidates.iter().map(|it| (name(it), it["lease"]["holder"].clone())).collect()
}

#[tokio::test]
async fn who_holds_what_is_missing_is_said_and_what_is_not_missing_is_left_out() {
    let daemon = Daemon::start(PHONES).await;
    let _first = daemon.hold("resource=board-1&name=anna").await;
    let _second = daemon.hold("count=3&attributes=board&name=bert").await;
    let request = json!({
        "requirements": [{"attributes": ["board"], "count": 2}, {"resource": "phone-3"}],
        "wait": "0"
    });
    let problem = daemon.refused_json(request.clone()).await.expect_problem(409, "busy");
    let expected =
        [("board-1", "anna"), ("board-2", "bert"), ("board-3", "bert"), ("board-4", "bert")];
    let expected = expected.map(|(name, holder)| (name.to_owned(), json!(holder)));
    assert_eq!(holders(&problem), expected);
    assert!(problem.detail.contains("board-2 is held by bert"), "{}", problem.detail);
    assert!(daemon.pool().await.waiting.is_empty(), "nobody waits");
    assert_eq!(daemon.resource_names("state=held_back").await, [""; 0], "nothing is kept");
}

#[tokio::test]
async fn whose_requirement_gave_way_to_another_is_told_of_that_ones_candidates() {
    let daemon = Daemon::start(PHONES).await;
    let _holder = daemon.hold("resource=board-1&name=anna").await;
    // board-2 is free, and each of the two requirements would take it.
    for requirements in [
        json!([{"resource": ["board-1", "board-2"]}, {"resource": "board-2"}]),
        json!([{"resource": "board-2"}, {"resource": ["board-1", "board-2"]}]),
    ] {
        let request = json!({"requirements": requirements, "wait": "0"});
        let problem = daemon.refused_json(request).await.expect_problem(409, "busy");
        assert_eq!(holders(&problem), [("board-1".to_owned(), json!("anna"))], "{problem:?}");
    }
}

#[tokio::test]
async fn no_more_than_sixteen_are_listed() {
    let daemon = Daemon::start(LOCK_SERVER).await;
    let keys: Vec<String> = (0..40).map(|n| format!("key-{n:02}")).collect();
    let request = json!({"requirements": [{"keys": keys, "count": 40}], "wait": "0"});
    let (_stream, _) = daemon.hold_json(request.clone()).await;
    let problem = daemon.refused_json(request).await.expect_problem(409, "busy");
    assert_eq!(holders(&problem).len(), 16);
}
