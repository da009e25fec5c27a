//! SIGTERM to a daemon with a data directory: nobody is waited for, everybody is told, and nothing is lost.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;
use nix::sys::signal::Signal;
use respo::wire::{Event, GrantedLease, ResourceState};
use tests::inventories::{ONE_BENCH, benches};
use tests::{Connection, Daemon, LockStream, eventually};

#[tokio::test]
async fn every_stream_is_told_and_everything_is_there_at_the_next_start() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        // A deadline to drain is for those who keep nothing.
        let settings =
            Daemon::with(ONE_BENCH).flag("--drain-timeout", "10d").flag("--grace", "90s");
        let daemon = settings.start().await;
        let mut holder = daemon.lock("name=holder").await;
        let lease = holder.expect_granted().await;
        let mut waiters = Vec::new();
        for number in 1..=3 {
            let mut stream = daemon.lock(&format!("name=waiter-{number}")).await;
            let token = stream.expect_queued().await.token.unwrap();
            waiters.push((stream, token));
        }
        let before = daemon.pool().await.waiting;

        daemon.signal(signal);
        assert_eq!(holder.expect_restarting().await, 90);
        // That the client goes then is not the end of the lease.
        holder.close();
        for (stream, _) in &mut waiters {
            assert_eq!(stream.expect_restarting().await, 90);
        }
        let daemon = daemon.stopped().await.start().await;

        let pool = daemon.pool().await;
        assert_eq!(pool.waiting, before);
        assert_eq!(pool.resources[0].state, ResourceState::Orphaned);
        let mut holder = daemon.resume(&lease.token).await;
        assert_eq!(holder.expect_granted().await, lease);
        let mut back = Vec::new();
        for (place, (_, token)) in (1..).zip(&waiters) {
            let mut stream = daemon.resume(token).await;
            assert_eq!(stream.expect_queued().await.position, place);
            back.push(stream);
        }
    }
}

#[tokio::test]
async fn streams_over_http_2_are_told_as_well() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut client = daemon.connect_http2().await;
    let _idle = daemon.connect_http2().await;
    let mut holder = client.lock("").await;
    let lease = holder.expect_granted().await;
    let mut waiter = client.lock("").await;
    waiter.expect_queued().await;
    daemon.signal(Signal::SIGTERM);
    for stream in [&mut holder, &mut waiter] {
        let notice = stream.next_notice().await;
        assert!(matches!(notice, Some(Event::Restarting { .. })), "{notice:?}");
        assert_eq!(stream.next_notice().await, None);
    }
    let daemon = daemon.stopped().await.start().await;
    let mut client = daemon.connect_http2().await;
    let mut back = client.lock(&format!("resume={}", lease.token)).await;
    assert_eq!(back.expect_granted().await, lease);
}

#[tokio::test]
async fn a_client_that_does_not_read_keeps_its_lease_and_does_not_keep_the_daemon() {
    let daemon = Daemon::with(ONE_BENCH).flag("--heartbeat", "1ms").start().await;
    let mut deaf = daemon.connect().await;
    deaf.receive_little();
    deaf.request("POST", "/lock").await;
    let before = daemon.expect_state("bench-1", ResourceState::Leased).await.lease.unwrap();
    let daemon = daemon.stop().await.start().await;
    let after = daemon.expect_state("bench-1", ResourceState::Orphaned).await.lease.unwrap();
    assert_eq!((after.id, after.since), (before.id, before.since));
    drop(deaf);
}

#[tokio::test]
async fn a_lease_that_lingers_is_kept_through_a_stop() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut stream = daemon.lock("linger=10m").await;
    let lease = stream.expect_granted().await;
    stream.close();
    daemon.expect_state("bench-1", ResourceState::Orphaned).await;
    let daemon = daemon.stop().await.start().await;
    assert_eq!(daemon.resume(&lease.token).await.expect_granted().await, lease);
}

/// What a client was told before the daemon was gone.
#[derive(Default)]
struct Told {
    held: Vec<(LockStream, GrantedLease)>,
    waiting: Vec<(LockStream, String)>,
    released: Vec<GrantedLease>,
}

/// Asks for one bench after the other until the daemon is gone, and gives every fourth back. Counts what
/// it was told.
async fn ask_on_and_on(address: SocketAddr, answers: &AtomicUsize) -> Told {
    let mut told = Told::default();
    while let Ok(mut connection) = Connection::try_open(address).await {
        let head = connection.request_head("POST", "/lock", &[]);
        if connection.try_send(head).await.is_err() {
            continue;
        }
        let Ok(head) = connection.try_head().await else { continue };
        if head.status != 200 {
            assert_eq!(head.status, 503, "the only reason to refuse is the stop");
            continue;
        }
        let mut stream = LockStream::after_head(connection, head);
        match stream.next_notice().await {
            Some(Event::Granted { lease }) if lease.id.0.is_multiple_of(4) => {
                if give_back(address, &lease).await {
                    told.released.push(lease);
                } else {
                    told.held.push((stream, lease));
                }
            }
            Some(Event::Granted { lease }) => told.held.push((stream, lease)),
            Some(Event::Queued { request }) => told.waiting.push((stream, request.token.unwrap())),
            Some(Event::Restarting { .. }) | None => {}
            other => panic!("{other:?}"),
        }
        answers.fetch_add(1, Ordering::Relaxed);
    }
    told
}

/// Whether the daemon said that the lease has ended. It may have ended, too, if nothing was said.
async fn give_back(address: SocketAddr, lease: &GrantedLease) -> bool {
    let Ok(mut connection) = Connection::try_open(address).await else { return false };
    let bearer = format!("Bearer {}", lease.token);
    let target = format!("/v1/leases/{}", lease.id);
    let head = connection.request_head("DELETE", &target, &[("Authorization", &bearer)]);
    connection.try_send(head).await.is_ok()
        && connection.try_head().await.is_ok_and(|head| head.status == 204)
}

#[tokio::test]
async fn nothing_that_was_told_is_lost_in_the_middle_of_much_asking() {
    const BENCHES: usize = 150;
    // Stopped while benches are granted, and while there are only places in the queue.
    for answers_before in [BENCHES / 2, BENCHES * 2] {
        let daemon = Daemon::start(&benches(BENCHES)).await;
        let (address, answers) = (daemon.address(), AtomicUsize::new(0));
        let clients = join_all((0..8).map(|_| ask_on_and_on(address, &answers)));
        let stop = async {
            eventually("enough was asked", async || {
                let count = answers.load(Ordering::Relaxed);
                if count >= answers_before { Ok(()) } else { Err(count) }
            })
            .await;
            daemon.stop().await
        };
        let (told, settings) = tokio::join!(clients, stop);
        let daemon = settings.start().await;
        check_all_is_there(&daemon, told).await;
    }
}

async fn check_all_is_there(daemon: &Daemon, told: Vec<Told>) {
    let mut benches = BTreeSet::new();
    let (mut held, mut waiting, mut released) = (0, 0, 0);
    let mut streams = Vec::new();
    for client in told {
        for lease in client.released {
            daemon.expect_no_resume(&lease.token).await;
            released += 1;
        }
        for (mut stream, lease) in client.held {
            let events = stream.until_end().await;
            let ended = events.iter().any(|event| matches!(event, Event::Ended { .. }));
            if ended {
                // Its release was carried out, and the answer cut off by the stop.
                daemon.expect_no_resume(&lease.token).await;
                continue;
            }
            let mut back = daemon.resume(&lease.token).await;
            assert_eq!(back.expect_granted().await, lease);
            assert!(
                benches.insert(lease.resource.as_ref().unwrap().name.clone()),
                "nobody else was granted it"
            );
            streams.push(back);
            held += 1;
        }
        for (_, token) in client.waiting {
            streams.push(daemon.resume(&token).await);
            waiting += 1;
        }
    }
    println!("{held} leases, {waiting} waiting requests and {released} releases");
    assert!(held > 0 && released > 0);
}
