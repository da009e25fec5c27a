//! `kill -9` of respod, and its next start: everything is there, and whoever comes back goes on.

use respo::EndReason;
use respo::wire::{Candidate, PoolOverview, ResourceState, WaitingOverview};
use tests::inventories::{ONE_BENCH, TWO_POOLS};
use tests::{Daemon, LockStream};

/// Queues a client, and returns it with the token of its request.
async fn queue(daemon: &Daemon, query: &str) -> (LockStream, String) {
    let mut stream = daemon.lock(query).await;
    let token = stream.expect_queued().await.token.expect("the first line has the token");
    (stream, token)
}

/// The ids of the waiting requests, in the order of service.
fn line(pool: &PoolOverview) -> Vec<u64> {
    pool.waiting.iter().map(|it: &WaitingOverview| it.id.0).collect()
}

#[tokio::test]
async fn everything_is_there_after_a_kill_as_it_was_before() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = "name=ci-88&description=nightly%20run&tag=job=17&max_duration=1h&priority=-3";
    let _holder = daemon.hold(holder).await;
    let mut waiters = Vec::new();
    for query in ["name=a", "name=b&priority=5&description=soon", "location=office1&wait=1h"] {
        waiters.push(queue(&daemon, query).await);
    }
    let before = daemon.pool().await;
    // Killed twice, to see that what was restored can be restored.
    let daemon = daemon.restart().await.restart().await;
    let mut after = daemon.pool().await;

    let bench = &mut after.resources[0];
    assert_eq!(bench.state, ResourceState::Orphaned);
    bench.state = ResourceState::Leased;
    let until = bench.lease.as_mut().unwrap().orphaned_until.take();
    assert!(until.is_some(), "everybody sees until when it is kept");
    assert_eq!(after, before);
}

#[tokio::test]
async fn clients_come_back_in_any_order_and_are_served_in_the_old_one() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = daemon.lock("name=holder").await;
    let lease = holder.expect_granted().await;
    let mut tokens = Vec::new();
    let mut streams = Vec::new();
    for (name, priority) in [("b", 0), ("a", 5), ("c", 0), ("d", -1)] {
        let (stream, token) = queue(&daemon, &format!("name={name}&priority={priority}")).await;
        streams.push(stream);
        tokens.push((name, token));
    }
    let before = daemon.pool().await;
    let daemon = daemon.restart().await;

    // In the order of service they are a, b, c, d.
    let mut back = Vec::new();
    for name in ["d", "b", "a", "c"] {
        let (_, token) = tokens.iter().find(|(waiter, _)| *waiter == name).unwrap();
        let mut stream = daemon.resume(token).await;
        let request = stream.expect_queued().await;
        let known = before.waiting.iter().find(|it| it.id == request.id).expect("the same id");
        assert_eq!(known.holder.as_ref().unwrap().as_str(), name);
        assert_eq!((request.position, request.of), (known.position, known.of), "{name}");
        assert_eq!(request.since, known.since, "{name}");
        let Candidate { state, .. } = request.candidates[0];
        assert_eq!(state, ResourceState::Orphaned, "the holder has not come back");
        back.push((name, stream));
    }
    let mut holder = daemon.resume(&lease.token).await;
    let again = holder.expect_granted().await;
    assert_eq!((again.id, again.fence, again.since), (lease.id, lease.fence, lease.since));
    assert_eq!((&again.token, &again.resource), (&lease.token, &lease.resource));
    let bench = daemon.expect_state("bench-1", ResourceState::Leased).await;
    assert_eq!(bench.lease.unwrap().orphaned_until, None);

    holder.close();
    back.sort_by_key(|(name, _)| *name);
    let mut fence = lease.fence;
    for (name, mut stream) in back {
        // Were the bench given to a later one, it would never come to this one.
        let granted = stream.expect_granted().await;
        assert!(granted.fence > fence, "{name}: fences rise over the restart");
        fence = granted.fence;
        stream.close();
    }
    daemon.expect_idle().await;
}

#[tokio::test]
async fn nobody_else_gets_the_bench_while_its_holder_may_come_back() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = daemon.lock("").await;
    let lease = holder.expect_granted().await;
    let (_waiter, waiting) = queue(&daemon, "").await;
    let daemon = daemon.restart().await;

    let busy = daemon.refused("wait=0").await.expect_problem(409, "busy");
    assert_eq!(busy.more["candidates"][0]["state"], "orphaned");
    let mut newcomer = daemon.lock("").await;
    let place = newcomer.expect_queued().await;
    assert_eq!(place.position, 2, "who waited before the restart goes first");
    assert!(place.id > lease.id, "ids are not given twice");

    // The holder may also give it back without coming back: then it is kept for the next one.
    assert_eq!(daemon.release(lease.id, &lease.token).await.status(), 204);
    daemon.expect_no_resume(&lease.token).await;
    let bench = daemon.expect_state("bench-1", ResourceState::Orphaned).await;
    let mut next = daemon.resume(&waiting).await;
    let granted = next.expect_granted().await;
    assert_eq!(granted.id, bench.lease.unwrap().id);
    next.close();
    newcomer.expect_granted().await;
}

#[tokio::test]
async fn a_token_that_was_never_given_takes_nothing_up() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = daemon.lock("").await;
    let lease = holder.expect_granted().await;
    let daemon = daemon.restart().await;
    let wrong = lease.token.chars().rev().collect::<String>();
    for token in [wrong.as_str(), "00000000000000000000000000000000"] {
        daemon.expect_no_resume(token).await;
        daemon.release(lease.id, token).await.expect_problem(403, "wrong_token");
    }
    daemon.resume(&lease.token).await.expect_granted().await;
}

#[tokio::test]
async fn a_lease_that_its_holder_does_not_take_up_goes_to_the_next() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = daemon.lock("name=holder").await;
    let lease = holder.expect_granted().await;
    let (_waiter, waiting) = queue(&daemon, "name=waiter").await;
    let daemon = daemon.kill().await.flag("--grace", "4s").start().await;
    let mut next = daemon.resume(&waiting).await;
    next.expect_queued().await;
    let granted = next.expect_granted().await;
    assert!(granted.fence > lease.fence);
    daemon.expect_no_resume(&lease.token).await;
    daemon.expect_log("reason=orphaned").await;
}

#[tokio::test]
async fn a_waiter_that_does_not_come_back_loses_its_place() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = daemon.lock("name=holder").await;
    let lease = holder.expect_granted().await;
    let (_first, first) = queue(&daemon, "name=first").await;
    let (_second, second) = queue(&daemon, "name=second").await;
    let daemon = daemon.kill().await.flag("--grace", "4s").start().await;
    let mut holder = daemon.resume(&lease.token).await;
    holder.expect_granted().await;
    let mut back = daemon.resume(&second).await;
    assert_eq!(back.expect_queued().await.position, 2);

    assert_eq!(back.expect_queued().await.position, 1);
    daemon.expect_no_resume(&first).await;
    let pool = daemon.expect_waiting(1).await;
    assert_eq!(pool.waiting[0].holder.as_ref().unwrap().as_str(), "second");
    assert_eq!(pool.resources[0].state, ResourceState::Leased, "the holder has come back");
    holder.close();
    back.expect_granted().await;
}

#[tokio::test]
async fn a_restart_while_clients_are_awaited_gives_them_the_whole_time_anew() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = daemon.lock("").await;
    let lease = holder.expect_granted().await;
    let mut daemon = daemon.kill().await.flag("--grace", "10m").start().await;
    for _ in 0..2 {
        let time = daemon.overview().await.time;
        daemon = daemon.restart().await;
        let bench = daemon.resource("bench-1").await.unwrap();
        let until = bench.lease.unwrap().orphaned_until.expect("it is orphaned");
        assert!(until >= time.after(std::time::Duration::from_secs(600)), "{until} from {time} on");
    }
    daemon.resume(&lease.token).await.expect_granted().await;
}

#[tokio::test]
async fn a_connection_counts_as_before_once_its_client_is_back() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut brief = daemon.lock("").await;
    let brief = brief.expect_granted().await;
    let (_lingering, lingering) = queue(&daemon, "linger=10m").await;
    let daemon = daemon.restart().await;

    // Without linger: the end of the connection is the end of the lease.
    let mut back = daemon.resume(&brief.token).await;
    back.expect_granted().await;
    let mut next = daemon.resume(&lingering).await;
    next.expect_queued().await;
    back.close();
    next.expect_granted().await;
    daemon.expect_no_resume(&brief.token).await;

    // With linger it is not.
    next.close();
    daemon.expect_state("bench-1", ResourceState::Orphaned).await;
    let mut back = daemon.resume(&lingering).await;
    back.expect_granted().await;
    back.close();
    // Nor is a restart while it lingers.
    daemon.expect_state("bench-1", ResourceState::Orphaned).await;
    let daemon = daemon.restart().await;
    daemon.resume(&lingering).await.expect_granted().await;
}

#[tokio::test]
async fn what_had_ended_before_does_not_come_back() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut released = daemon.lock("").await;
    let lease = released.expect_granted().await;
    let (_waiter, waiting) = queue(&daemon, "").await;
    assert_eq!(daemon.release(lease.id.0 + 1, &waiting).await.status(), 204);
    assert_eq!(daemon.release(lease.id, &lease.token).await.status(), 204);
    // Killed as soon as they were told.
    let daemon = daemon.restart().await;
    daemon.expect_no_resume(&lease.token).await;
    daemon.expect_no_resume(&waiting).await;
    daemon.hold("wait=0").await;
}

#[tokio::test]
async fn a_retired_bench_stays_with_its_holder() {
    let two =
        "pool:\n  name: lab\n  resources:\n    bench-1: {location: office1}\n    bench-2: {}\n";
    let one = "pool:\n  name: lab\n  resources:\n    bench-2: {}\n";
    let daemon = Daemon::start(two).await;
    let mut holder = daemon.lock("resource=bench-1").await;
    let lease = holder.expect_granted().await;
    daemon.post_inventory("/inventory", one).await.expect_status(200);
    let daemon = daemon.restart().await;

    let bench = daemon.resource("bench-1").await.expect("it is there as long as it is held");
    assert_eq!(bench.state, ResourceState::Retired);
    assert!(bench.lease.unwrap().orphaned_until.is_some());
    let mut back = daemon.resume(&lease.token).await;
    assert_eq!(back.expect_granted().await.resource, lease.resource);
    daemon.refused("resource=bench-1").await.expect_problem(404, "no_such");
    back.close();
    daemon.expect_idle().await;
    assert_eq!(daemon.resource("bench-1").await, None);
}

#[tokio::test]
async fn each_pool_keeps_its_own() {
    let daemon = Daemon::start(TWO_POOLS).await;
    let mut board = daemon.lock("pool=boards").await;
    let board = board.expect_granted().await;
    let mut phone = daemon.lock("pool=phones").await;
    let phone = phone.expect_granted().await;
    let (_waiter, waiting) = queue(&daemon, "pool=phones").await;
    let daemon = daemon.restart().await;

    daemon.expect_no_resume(&format!("{}&pool=phones", board.token)).await;
    let mut back = daemon.resume(&format!("{}&pool=boards", board.token)).await;
    assert_eq!(back.expect_granted().await.id, board.id);
    let mut waiter = daemon.resume(&format!("{waiting}&pool=phones")).await;
    waiter.expect_queued().await;
    let mut holder = daemon.resume(&format!("{}&pool=phones", phone.token)).await;
    assert_eq!(holder.expect_granted().await.resource, phone.resource);
    holder.close();
    waiter.expect_granted().await;
    assert_eq!(line(&daemon.pool().await), Vec::<u64>::new());
}

#[tokio::test]
async fn a_client_that_comes_back_twice_is_taken_over_as_ever() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut holder = daemon.lock("").await;
    let lease = holder.expect_granted().await;
    let daemon = daemon.restart().await;
    let mut first = daemon.resume(&lease.token).await;
    first.expect_granted().await;
    let mut second = daemon.resume(&lease.token).await;
    second.expect_granted().await;
    assert_eq!(first.expect_ended().await, EndReason::TakenOver);
    daemon.expect_state("bench-1", ResourceState::Leased).await;
}
