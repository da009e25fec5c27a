//! `GET` and `POST /inventory`.

use respo::wire::{InventoryAnswer, ResourceState};
use respo::yaml::InventoryDocument;
use respo::{EndReason, Name};
use tests::inventories::{LAB, ONE_BENCH};
use tests::{Daemon, Reply};

/// A pool of benches with no more than a location each.
fn lab(benches: &[(&str, &str)]) -> String {
    let mut text = String::from("pool:\n  name: lab\n  resources:\n");
    for (name, location) in benches {
        text.push_str(&format!("    {name}:\n      location: {location}\n"));
    }
    text
}

/// What an answer says of its only pool: added, removed, changed and retired.
fn change(reply: &Reply) -> [Vec<String>; 4] {
    let answer: InventoryAnswer = serde_json::from_value(reply.json()).expect("an answer");
    let [pool] = &answer.pools[..] else { panic!("one pool: {answer:?}") };
    let names = |names: &[Name]| names.iter().map(Name::to_string).collect::<Vec<_>>();
    let change = &pool.change;
    [&change.added, &change.removed, &change.changed, &change.retired].map(|it| names(it))
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn the_inventory_is_given_as_it_was_read() {
    for inventory in [ONE_BENCH, LAB, tests::inventories::TWO_POOLS] {
        let daemon = Daemon::start(inventory).await;
        let reply = daemon.get("/inventory").await.expect_status(200);
        assert_eq!(reply.media_type(), "application/yaml");
        let given = InventoryDocument::parse(&reply.text()).expect("it can be read back");
        assert_eq!(given, InventoryDocument::parse(inventory).unwrap());
        // What was given can be put back, and changes nothing.
        let back = daemon.post_inventory("/inventory", &reply.text()).await.expect_status(200);
        let answer: InventoryAnswer = serde_json::from_value(back.json()).unwrap();
        assert!(answer.pools.iter().all(|pool| pool.change.is_empty()), "{answer:?}");
    }
}

#[tokio::test]
async fn a_replacement_says_what_it_has_added_removed_changed_and_retired() {
    let daemon = Daemon::start(&lab(&[("a", "x"), ("b", "x"), ("c", "x"), ("d", "x")])).await;
    let mut holder = daemon.lock("resource=d").await;
    let lease = holder.expect_granted().await;
    let new = lab(&[("a", "x"), ("b", "y"), ("e", "x")]);

    let reply = daemon.post_inventory("/inventory?dry_run=true", &new).await.expect_status(200);
    let expected = [names(&["e"]), names(&["c"]), names(&["b"]), names(&["d"])];
    assert_eq!(change(&reply), expected);
    assert_eq!(reply.json()["dry_run"], true);
    assert_eq!(reply.json()["pools"][0]["revision"], 1);
    let pool = daemon.pool().await;
    assert_eq!((pool.revision, pool.resources.len()), (1, 4), "a dry run changes nothing");

    let reply = daemon.post_inventory("/inventory?dry_run=false", &new).await.expect_status(200);
    assert_eq!(change(&reply), expected);
    assert_eq!(reply.json()["dry_run"], false);
    assert_eq!(reply.json()["pools"][0]["revision"], 2);

    let pool = daemon.pool().await;
    let shown: Vec<_> = pool.resources.iter().map(|it| (it.name.as_str(), it.state)).collect();
    let free = ResourceState::Free;
    let expected = [("a", free), ("b", free), ("e", free), ("d", ResourceState::Retired)];
    assert_eq!(shown, expected, "retired ones come last");
    assert_eq!(pool.resources[3].lease.as_ref().unwrap().id, lease.id);

    // The holder keeps what it holds; when it leaves, that is gone.
    daemon.refused("resource=d").await.expect_problem(404, "no_such");
    daemon.hold("resource=e&wait=0").await.close();
    holder.close();
    daemon.expect_idle().await;
    assert_eq!(daemon.resource("d").await, None);
}

#[tokio::test]
async fn a_retired_bench_that_comes_back_is_leased_to_its_holder_still() {
    let daemon = Daemon::start(&lab(&[("a", "x"), ("b", "x")])).await;
    let holder = daemon.hold("resource=a").await;
    daemon.post_inventory("/inventory", &lab(&[("b", "x")])).await.expect_status(200);
    daemon.expect_state("a", ResourceState::Retired).await;
    daemon.post_inventory("/inventory", &lab(&[("a", "x"), ("b", "x")])).await.expect_status(200);
    daemon.expect_state("a", ResourceState::Leased).await;
    daemon.refused("resource=a&wait=0").await.expect_problem(409, "busy");
    holder.close();
    daemon.expect_state("a", ResourceState::Free).await;
    daemon.hold("resource=a&wait=0").await.close();
}

#[tokio::test]
async fn a_waiting_request_that_has_become_impossible_ends() {
    let daemon = Daemon::start(&lab(&[("a", "x"), ("b", "x")])).await;
    let _holder = daemon.hold("resource=a").await;
    let mut impossible = daemon.lock("resource=a").await;
    impossible.expect_queued().await;
    let _other = daemon.hold("resource=b").await;
    let mut possible = daemon.lock("location=x").await;
    assert_eq!(possible.expect_queued().await.candidates_total, 2);
    daemon.post_inventory("/inventory", &lab(&[("b", "x")])).await.expect_status(200);
    assert_eq!(impossible.expect_ended().await, EndReason::NoSuch);
    let waiting = daemon.expect_waiting(1).await.waiting;
    assert_eq!(waiting[0].candidates_total, 1);
}

#[tokio::test]
async fn a_bench_that_is_added_goes_to_the_first_who_waits_for_it() {
    let daemon = Daemon::start(&lab(&[("a", "x")])).await;
    let _holder = daemon.hold("location=x").await;
    let mut first = daemon.lock("location=x").await;
    first.expect_queued().await;
    let mut second = daemon.lock("location=x").await;
    second.expect_queued().await;
    daemon.post_inventory("/inventory", &lab(&[("a", "x"), ("b", "x")])).await.expect_status(200);
    assert_eq!(first.expect_granted().await.resource.unwrap().name.as_str(), "b");
    assert_eq!(second.expect_queued().await.position, 1);
}

#[tokio::test]
async fn a_holder_keeps_what_it_was_granted_and_the_next_gets_the_changed_bench() {
    let daemon = Daemon::start(&lab(&[("a", "x")])).await;
    let holder = daemon.hold("resource=a").await;
    let mut next = daemon.lock("resource=a").await;
    next.expect_queued().await;
    daemon.post_inventory("/inventory", &lab(&[("a", "y")])).await.expect_status(200);
    holder.close();
    let lease = next.expect_granted().await;
    assert_eq!(lease.resource.unwrap().location.clone().unwrap().as_str(), "y");
}

#[tokio::test]
async fn an_inventory_with_mistakes_changes_nothing_and_every_mistake_is_listed() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let wrong = "\
pool:
  name: lab
  colour: red
  resources:
    bench-2:
      location: [office1]
      attributes: {a: b}
    bad name: {}
    bench-2: {}
";
    for target in ["/inventory", "/inventory?dry_run=true"] {
        let reply = daemon.post_inventory(target, wrong).await;
        let problem = reply.expect_problem(422, "invalid_inventory");
        let problems = problem.more["problems"].as_array().expect("problems").clone();
        let paths: Vec<&str> = problems.iter().map(|it| it["path"].as_str().unwrap()).collect();
        for path in
            ["pool.colour", "pool.resources.bench-2.location", "pool.resources.bench-2.attributes"]
        {
            assert!(paths.contains(&path), "{path}: {problems:?}");
        }
        assert!(problems.len() >= 5, "{problems:?}");
        assert!(problem.detail.contains(&problems.len().to_string()), "{}", problem.detail);
        for it in &problems {
            assert!(it["line"].is_u64() && it["problem"].is_string() && it["remedy"].is_string());
        }
    }
    let pool = daemon.pool().await;
    assert_eq!((pool.revision, pool.resources[0].name.as_str()), (1, "bench-1"));
}

#[tokio::test]
async fn what_is_not_an_inventory_is_refused() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let deep = "[".repeat(100_000);
    let bomb: String = std::iter::once("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned())
        .chain((1..30).map(|n| {
            let alias = format!("*a{},", n - 1).repeat(10);
            format!("a{n}: &a{n} [{alias}]\n")
        }))
        .collect();
    for body in [
        "", "\n", "null", "42", "[]", "{}", "pool:", "pool: {}", "%", "a: b: c", "\t", &deep, &bomb,
    ] {
        let reply = daemon.post_inventory("/inventory", body).await;
        let problem = reply.expect_problem(422, "invalid_inventory");
        assert!(!problem.more["problems"].as_array().unwrap().is_empty());
    }
    // Bytes that are not UTF-8.
    let mut connection = daemon.connect().await;
    let head = connection.request_head("POST", "/inventory", &[("Content-Length", "4")]);
    connection.send([head.as_bytes(), b"a: \xff"].concat()).await;
    connection.reply().await.expect_problem(422, "invalid_inventory");
    assert_eq!(daemon.pool().await.revision, 1);
}

#[tokio::test]
async fn the_pools_are_those_that_the_daemon_was_started_with() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let other = ONE_BENCH.replace("name: lab", "name: another");
    let reply = daemon.post_inventory("/inventory", &other).await;
    reply.expect_problem(422, "invalid_inventory");
    assert_eq!(daemon.pool().await.name.as_str(), "lab");
}

#[tokio::test]
async fn many_replacements_at_once_leave_one_of_them_whole() {
    let daemon = Daemon::start(&lab(&[("a", "x")])).await;
    let posts = (0..8).map(|number| {
        let name = format!("only-{number}");
        let yaml = lab(&[(&name, "x")]);
        let daemon = &daemon;
        async move { daemon.post_inventory("/inventory", &yaml).await.status() }
    });
    for status in futures_util::future::join_all(posts).await {
        assert_eq!(status, 200);
    }
    let pool = daemon.pool().await;
    assert_eq!((pool.resources.len(), pool.revision), (1, 9));
}
