//! Who goes first.

use respo::wire::Event;
use tests::inventories::{LAB, ONE_BENCH};
use tests::{Daemon, LockStream, Program};

/// Queues a client and waits until it has its place.
async fn queue(daemon: &Daemon, query: &str) -> LockStream {
    let mut stream = daemon.lock(query).await;
    stream.expect_queued().await;
    stream
}

#[tokio::test]
async fn fifty_waiters_are_served_in_the_order_of_their_arrival() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("").await;
    let mut waiters = Vec::new();
    for number in 1..=50 {
        let mut stream = daemon.lock("resource=bench-1").await;
        let request = stream.expect_queued().await;
        assert_eq!((request.position, request.of), (number, number));
        waiters.push(stream);
    }
    holder.close();
    let mut fences = Vec::new();
    for mut stream in waiters {
        // Were the bench given to a later one, it would never come to this one.
        fences.push(stream.expect_granted().await.fence);
        stream.close();
    }
    assert!(fences.is_sorted_by(|a, b| a < b), "{fences:?}");
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_higher_priority_overtakes_and_equals_keep_their_order() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("").await;
    let mut waiters = Vec::new();
    for (name, priority) in
        [("a", 0), ("b", -1000), ("c", 5), ("d", 1000), ("e", 5), ("f", 0), ("g", -1)]
    {
        waiters.push((name, queue(&daemon, &format!("name={name}&priority={priority}")).await));
    }
    let pool = daemon.pool().await;
    let line: Vec<_> = pool.waiting.iter().map(|it| it.holder.clone().unwrap()).collect();
    let line: Vec<&str> = line.iter().map(|name| name.as_str()).collect();
    let expected = ["d", "c", "e", "a", "f", "g", "b"];
    assert_eq!(line, expected, "the overview shows them in the order of service");

    holder.close();
    for name in expected {
        let at = waiters.iter().position(|(waiter, _)| *waiter == name).unwrap();
        let (_, mut stream) = waiters.remove(at);
        stream.expect_granted().await;
        stream.close();
    }
}

#[tokio::test]
async fn a_waiter_that_is_overtaken_is_told_its_new_place() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("").await;
    let mut patient = queue(&daemon, "name=patient").await;
    let urgent = queue(&daemon, "name=urgent&priority=7").await;
    let told = patient.expect_queued().await;
    assert_eq!((told.position, told.of), (2, 2));
    assert_eq!(told.token, None, "the token is told once");

    urgent.close();
    let told = patient.expect_queued().await;
    assert_eq!((told.position, told.of), (1, 1));
    holder.close();
    patient.expect_granted().await;
}

#[tokio::test]
async fn a_waiter_is_told_who_holds_what_it_waits_for_since_when_and_for_what() {
    let daemon = Daemon::start(LAB).await;
    let mut nightly = daemon.lock("resource=bench-1&name=ci-88&description=nightly%20run").await;
    let lease = nightly.expect_granted().await;
    let _other = daemon.hold("resource=bench-2").await;
    let mut waiter = daemon.lock("location=office1").await;
    let request = waiter.expect_queued().await;
    assert_eq!(request.candidates_total, 2);
    let names: Vec<&str> = request.candidates.iter().map(|it| it.resource.as_str()).collect();
    assert_eq!(names, ["bench-1", "bench-2"]);
    let holding = request.candidates[0].lease.as_ref().expect("bench-1 is held");
    assert_eq!(holding.id, lease.id);
    assert_eq!(holding.since, lease.since);
    assert_eq!(holding.holder.as_ref().unwrap().as_str(), "ci-88");
    assert_eq!(holding.description.as_ref().unwrap().as_str(), "nightly run");
    let nameless = request.candidates[1].lease.as_ref().expect("bench-2 is held");
    assert_eq!((&nameless.holder, &nameless.description), (&None, &None));
}

#[tokio::test]
async fn a_request_for_another_bench_does_not_wait_behind_the_queue() {
    let daemon = Daemon::start(LAB).await;
    let _holder = daemon.hold("resource=bench-1").await;
    let _waiter = queue(&daemon, "resource=bench-1&priority=1000").await;
    daemon.hold("resource=bench-4&priority=-1000").await.close();
}

#[tokio::test]
async fn a_newcomer_does_not_snatch_what_an_earlier_waiter_is_about_to_get() {
    let daemon = Daemon::start(LAB).await;
    let holder = daemon.hold("resource=bench-1").await;
    let mut first = queue(&daemon, "resource=bench-1").await;
    // It could take bench-1 as well, and is content with another one at once.
    let mut second = daemon.lock("attributes=can").await;
    assert_ne!(second.expect_granted().await.resource.unwrap().name.as_str(), "bench-1");
    holder.close();
    first.expect_granted().await;
}

#[tokio::test]
async fn the_fence_rises_with_every_grant_and_ids_with_every_request() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let mut stream = daemon.lock("").await;
        let lease = stream.expect_granted().await;
        seen.push((lease.fence, lease.id));
        stream.close();
        daemon.expect_idle().await;
    }
    assert!(seen.is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1), "{seen:?}");
}

#[tokio::test]
async fn rpclient_with_a_higher_priority_overtakes_one_that_waits() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.hold("").await;
    let patient = Program::lock(&daemon, &["--priority", "-1"], "echo $RESPO_FENCE").start();
    daemon.expect_waiting(1).await;
    let urgent = Program::lock(&daemon, &["--priority", "10"], "echo $RESPO_FENCE").start();
    daemon.expect_waiting(2).await;
    holder.close();
    let urgent: u64 = urgent.finish().await.expect_code(0).stdout.trim().parse().unwrap();
    let patient: u64 = patient.finish().await.expect_code(0).stdout.trim().parse().unwrap();
    assert!(urgent < patient);
}

#[tokio::test]
async fn heartbeats_come_while_nothing_happens() {
    let daemon = Daemon::with(ONE_BENCH).flag("--heartbeat", "100ms").start().await;
    let mut holder = daemon.hold("").await;
    let mut waiter = queue(&daemon, "").await;
    for stream in [&mut holder, &mut waiter] {
        for _ in 0..3 {
            let event = stream.next_event().await;
            assert!(matches!(event, Some(Event::Heartbeat { .. })), "{event:?}");
        }
    }
}
