//! Large requests are not starved by small ones, and nobody takes the whole lab.

use respo::wire::ResourceState;
use tests::inventories::benches;
use tests::{Daemon, LockStream, leased_names};

/// A pool of so many benches with these rules, each on a line of its own.
fn lab(count: usize, rules: &[&str]) -> String {
    let rules: String = rules.iter().map(|rule| format!("  {rule}\n")).collect();
    benches(count).replacen("  name: lab\n", &format!("  name: lab\n{rules}"), 1)
}

/// Two small holders on two benches, a large request for both, and a small one behind it.
struct StarvingPair {
    daemon: Daemon,
    first: LockStream,
    second: LockStream,
    large: LockStream,
    small: LockStream,
}

impl StarvingPair {
    async fn with(rules: &[&str]) -> Self {
        let daemon = Daemon::start(&lab(2, rules)).await;
        let (first, second) = (daemon.hold("").await, daemon.hold("").await);
        let mut large = daemon.lock("count=2&name=large").await;
        large.expect_queued().await;
        let mut small = daemon.lock("name=small").await;
        small.expect_queued().await;
        Self { daemon, first, second, large, small }
    }
}

#[tokio::test]
async fn what_becomes_free_is_kept_for_the_large_request_that_came_first() {
    let StarvingPair { daemon, first, second, mut large, mut small } =
        StarvingPair::with(&[]).await;
    first.close();
    let kept = daemon.expect_state("bench-1", ResourceState::HeldBack).await;
    assert_eq!(kept.held_back_for.unwrap().holder.unwrap().as_str(), "large");
    daemon.refused("wait=0").await.expect_problem(409, "busy");
    second.close();
    let lease = large.expect_granted().await;
    assert_eq!(leased_names(&lease)[0].len(), 2);
    large.close();
    small.expect_granted().await;
}

#[tokio::test]
async fn until_the_pool_holds_back_small_requests_use_what_would_stand_idle() {
    let pair = StarvingPair::with(&["hold_back_after: 1h"]).await;
    let StarvingPair { daemon, first, second, mut large, mut small } = pair;
    first.close();
    small.expect_granted().await;
    second.close();
    daemon.expect_state("bench-2", ResourceState::Free).await;
    small.close();
    large.expect_granted().await;
}

#[tokio::test]
async fn once_it_has_waited_long_enough_the_large_request_is_kept_for() {
    let daemon = Daemon::start(&lab(2, &["hold_back_after: 300ms"])).await;
    let holder = daemon.hold("resource=bench-1").await;
    let mut large = daemon.lock("count=2").await;
    assert!(large.expect_queued().await.held_back.is_empty());
    daemon.hold("resource=bench-2&wait=0").await.close();
    daemon.expect_state("bench-2", ResourceState::HeldBack).await;
    daemon.refused("resource=bench-2&wait=0").await.expect_problem(409, "busy");
    holder.close();
    large.expect_granted().await;
}

#[tokio::test]
async fn a_holder_that_has_its_fill_waits_and_blocks_nobody() {
    let daemon = Daemon::start(&lab(3, &["max_leases: {per_holder: 1}"])).await;
    let first = daemon.hold("name=greedy").await;
    let mut second = daemon.lock("name=greedy").await;
    let queued = second.expect_queued().await;
    assert_eq!(queued.limit.as_deref(), Some("one holder may have 1 lease at a time"));
    assert_eq!(daemon.pool().await.waiting[0].limit, queued.limit);
    for accept in ["text/plain", "text/html"] {
        let text = daemon.send("GET", "/", &[("Accept", accept)]).await.text();
        assert!(text.contains("one holder may have 1 lease at a time"), "{text}");
    }
    daemon.hold("name=other&wait=0").await.close();
    // Those without a name are one holder.
    let nameless = daemon.hold("wait=0").await;
    let problem = daemon.refused("wait=0").await.expect_problem(409, "busy");
    assert_eq!(problem.more["limit"], "one holder may have 1 lease at a time");
    assert!(problem.detail.contains("the limit is reached"), "{problem:?}");
    nameless.close();
    first.close();
    second.expect_granted().await;
}

#[tokio::test]
async fn a_group_is_limited_by_its_tag_and_by_the_resources_that_it_has() {
    let rules = ["max_resources: {per_group: 2}", "group_tag: pipeline"];
    let daemon = Daemon::start(&lab(5, &rules)).await;
    let two = daemon.hold("count=2&tag=pipeline=p1&name=a").await;
    let mut more = daemon.lock("tag=pipeline=p1&name=b").await;
    let limit = more.expect_queued().await.limit;
    assert_eq!(limit.as_deref(), Some("one group may have 2 resources at a time"));
    // Another group, and whoever is in none, take the rest meanwhile.
    let _another_group = daemon.hold("tag=pipeline=p2&wait=0").await;
    let _no_group = daemon.hold("count=2&wait=0").await;
    let problem = daemon.refused("count=3&tag=pipeline=p3").await;
    problem.expect_problem(422, "over_limit");
    two.close();
    more.expect_granted().await;
}
