//! The lists below `/v1`: what is held, what waits, what there is, page by page.

use respo::wire::{PooledRequest, PooledResource, ResourceList, StackList};
use serde_json::json;
use tests::Daemon;
use tests::inventories::{ONE_BENCH, PHONES, TWO_POOLS, benches};
use tests::token_leases::{read, request_for};

#[tokio::test]
async fn leases_and_requests_are_listed_for_everybody_without_tokens_and_properties() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let body = json!({"requirements": [{}], "name": "ci-88", "tags": {"build": "7"}});
    let lease = daemon.lease(&body).await;
    let mut body = request_for("bench-1");
    body["name"] = json!("bob");
    let pending = daemon.queue(&body).await;
    let leases = daemon.get("/v1/leases").await.expect_status(200);
    let requests = daemon.get("/v1/requests").await.expect_status(200);
    let one = daemon.get(&format!("/v1/requests/{}", pending.request.id)).await.expect_status(200);
    assert_eq!(leases.json()["leases"][0]["holder"], "ci-88");
    assert_eq!(leases.json()["leases"][0]["tags"], json!({"build": "7"}));
    assert_eq!(leases.json()["leases"][0]["resources"], json!([["bench-1"]]));
    assert_eq!(requests.json()["requests"][0]["requirements"], json!(["bench-1"]));
    assert_eq!(read::<PooledRequest>(&one).request.holder.unwrap().as_str(), "bob");
    for reply in [leases, requests, one] {
        for secret in
            [&lease.token, &pending.request.token.clone().unwrap(), "SECRET-KEY-1", "api_key"]
        {
            assert!(!reply.text().contains(secret), "{secret} in {}", reply.text());
        }
    }
    assert_eq!(daemon.lease_ids("?holder=ci-88").await.0, [lease.id.0]);
    assert_eq!(daemon.lease_ids("?holder=bob").await.0, [0; 0]);
    assert_eq!(daemon.request_ids("?holder=bob").await.0, [pending.request.id.0]);
    assert_eq!(daemon.request_ids("?holder=ci-88").await.0, [0; 0]);
}

#[tokio::test]
async fn what_is_there_throughout_is_on_one_page_whatever_comes_and_goes() {
    let daemon = Daemon::start(&benches(9)).await;
    let mut leases = Vec::new();
    for number in 1..=7 {
        leases.push(daemon.lease(&request_for(&format!("bench-{number}"))).await);
    }
    let (first, next) = daemon.lease_ids("?limit=3").await;
    assert_eq!(first, [1, 2, 3]);
    // The last one of the page and one of the next go, and one comes.
    for gone in [2, 4] {
        daemon.release(leases[gone].id, &leases[gone].token).await;
    }
    daemon.lease(&request_for("bench-9")).await;
    let (second, next) = daemon.lease_ids(&format!("?limit=3&after={}", next.unwrap())).await;
    assert_eq!(second, [4, 6, 7]);
    let (third, next) = daemon.lease_ids(&format!("?limit=3&after={}", next.unwrap())).await;
    assert_eq!((third, next), (vec![8], None));
    let (whole, next) = daemon.lease_ids("").await;
    assert_eq!((whole, next), (vec![1, 2, 4, 6, 7, 8], None));
    // A page that is exactly full says that there is no more.
    assert_eq!(daemon.lease_ids("?limit=6").await.1, None);
}

#[tokio::test]
async fn requests_are_on_pages_in_the_order_in_which_they_are_served() {
    let daemon = Daemon::start(ONE_BENCH).await;
    daemon.lease(&request_for("bench-1")).await;
    let mut body = request_for("bench-1");
    for priority in [0, 5, -5, 5, 0] {
        body["priority"] = json!(priority);
        daemon.queue(&body).await;
    }
    let mut seen = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        let (page, next) = daemon.request_ids(&query).await;
        seen.extend(page);
        let Some(next) = next else { break };
        query = format!("?limit=2&after={next}");
        if seen.len() == 2 {
            // It goes before those that have been told, and is not told.
            body["priority"] = json!(9);
            daemon.queue(&body).await;
        }
    }
    assert_eq!(seen, [3, 5, 2, 6, 4]);
    assert_eq!(daemon.request_ids("").await.0, [7, 3, 5, 2, 6, 4]);
}

#[tokio::test]
async fn resources_are_on_pages_and_one_by_one() {
    let daemon = Daemon::start(PHONES).await;
    let whole = daemon.resource_names("").await;
    let mut seen = Vec::new();
    let mut query = "limit=4".to_owned();
    loop {
        let reply = daemon.get(&format!("/v1/resources?{query}")).await.expect_status(200);
        let list: ResourceList = read(&reply);
        seen.extend(list.resources.iter().map(|one| one.resource.name.to_string()));
        assert!(list.resources.len() <= 4);
        let Some(next) = list.next else { break };
        query = format!("limit=4&after={next}");
    }
    assert_eq!(seen, whole);
    assert_eq!(daemon.resource_names("attributes=board&limit=2").await, ["board-1", "board-2"]);

    let reply = daemon.get("/v1/resources/phone-2").await.expect_status(200);
    let one: PooledResource = read(&reply);
    assert_eq!(one, daemon.resources("resource=phone-2").await[0]);
    assert!(!reply.text().contains("PTT"), "{}", reply.text());
    daemon.get("/v1/resources/phone-9").await.expect_problem(404, "no_such_resource");
    let daemon = Daemon::start(
        "pool: {name: lab, resources: {'rack 1': {}}}".replace("rack 1", "rack/1").as_str(),
    )
    .await;
    for target in ["/v1/resources/rack/1", "/v1/resources/rack%2F1"] {
        daemon.get(target).await.expect_status(200);
    }
}

#[tokio::test]
async fn stacks_are_listed_with_their_pool() {
    let daemon = Daemon::start(PHONES).await;
    let list: StackList = read(&daemon.get("/v1/stacks").await.expect_status(200));
    let members =
        |at: usize| -> Vec<&str> { list.stacks[at].members.0.iter().map(AsRef::as_ref).collect() };
    assert_eq!(list.stacks.len(), 2);
    assert_eq!(list.stacks[0].pool.as_str(), "lab");
    assert_eq!([members(0), members(1)].concat().len(), 5);
    let daemon = Daemon::start(TWO_POOLS).await;
    assert_eq!(daemon.get("/v1/stacks?pool=boards").await.json(), json!({"stacks": []}));
}

#[tokio::test]
async fn a_page_that_cannot_be_is_refused() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for list in ["leases", "requests", "resources"] {
        for (query, parameter) in [
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("limit=all", "limit"),
            ("limit=1&limit=1", "limit"),
            ("after=", "after"),
            ("after=7", "after"),
            ("after=x~lab", "after"),
            ("colour=red", "colour"),
        ] {
            let problem = daemon.get(&format!("/v1/{list}?{query}")).await;
            let problem = problem.expect_problem(400, "malformed");
            assert_eq!(problem.more["parameter"], parameter, "{list}?{query}");
        }
        daemon.get(&format!("/v1/{list}?limit=1000")).await.expect_status(200);
    }
}

#[tokio::test]
async fn pages_of_resources_are_in_the_order_of_their_numbers() {
    let daemon = Daemon::start(&benches(12)).await;
    let all: Vec<String> = (1..=12).map(|number| format!("bench-{number}")).collect();
    for limit in [1, 2, 5, 10, 11] {
        let (mut seen, mut query) = (Vec::new(), format!("limit={limit}"));
        loop {
            let reply = daemon.get(&format!("/v1/resources?{query}")).await.expect_status(200);
            let list: ResourceList = read(&reply);
            seen.extend(list.resources.iter().map(|it| it.resource.name.to_string()));
            let Some(next) = list.next else { break };
            query = format!("limit={limit}&after={next}");
        }
        assert_eq!(seen, all, "by {limit}");
    }
}
