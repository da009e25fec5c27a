//! A broker that is stopped and started again on the same store: nothing is lost, and time goes on.
//!
//! Time is virtual in these tests (tokio's paused clock): to sleep is to move it. The wall clock is not
//! moved by that, so at each start the two disagree, as after a change of the wall clock.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "to measure virtual time")]

mod common;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use common::pool::{any, ended, granted, inventory, lab};
use common::toy_store::{PLENTY, ToyStore};
use respo::broker::{Broker, Ticket, TicketEvent};
use respo::{EndReason, Hold, Limits, Refusal, Request, Wait};

async fn start(store: &Arc<ToyStore>) -> Broker {
    Broker::builder(lab(), inventory(&["a"])).store(store.clone()).start().await.unwrap()
}

async fn restarting(ticket: &mut Ticket) -> Duration {
    loop {
        match ticket.next().await.expect("it is told before the end") {
            TicketEvent::Restarting { grace } => return grace,
            TicketEvent::Queued(_) | TicketEvent::Granted(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// How long it takes until the ticket's request ends, and why it does.
async fn end(ticket: &mut Ticket) -> (u64, EndReason) {
    let begun = tokio::time::Instant::now();
    let reason = ended(ticket).await;
    (begun.elapsed().as_secs_f64().round() as u64, reason)
}

fn lasting(seconds: u64) -> Request {
    let mut request = any();
    request.max_duration = Some(Duration::from_secs(seconds));
    request
}

#[tokio::test(start_paused = true)]
async fn what_is_held_and_who_waits_is_taken_up_after_a_restart() {
    let store = ToyStore::new(PLENTY);
    let first = start(&store).await;
    let (holder, waiter, later) = (first.session(), first.session(), first.session());
    let mut held = holder.submit(any()).await.unwrap();
    let before = granted(&mut held).await;
    let mut waiting = waiter.submit(any()).await.unwrap();
    let mut behind = later.submit(any()).await.unwrap();
    first.stop().await;
    for ticket in [&mut held, &mut waiting, &mut behind] {
        assert_eq!(restarting(ticket).await, Limits::default().grace);
        assert_eq!(ticket.next().await, None);
    }
    drop((holder, waiter, later, first));

    let second = start(&store).await;
    let (holder, waiter, later) = (second.session(), second.session(), second.session());
    // They come back in another order than they stand in.
    let mut behind = later.resume(behind.token()).await.unwrap();
    let mut waiting = waiter.resume(waiting.token()).await.unwrap();
    let after = granted(&mut holder.resume(held.token()).await.unwrap()).await;
    assert_eq!(
        (after.id, after.fence, &after.resources),
        (before.id, before.fence, &before.resources)
    );
    drop(holder);
    let next = granted(&mut waiting).await;
    assert_eq!(next.fence.0, before.fence.0 + 1);
    drop(waiter);
    assert!(granted(&mut behind).await.fence > next.fence);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_while_its_broker_stops_ends_nothing() {
    let store = ToyStore::new(PLENTY);
    let first = start(&store).await;
    let session = first.session();
    let ticket = session.submit(any()).await.unwrap();
    let before = store.durable();
    tokio::join!(first.stop(), async { drop(session) });
    drop(ticket);
    // The broker heard of its own end first, since that was said first.
    assert_eq!(store.durable(), before);

    let second = start(&store).await;
    second.stop().await;
    assert_eq!(second.session().submit(any()).await.unwrap_err(), Refusal::Draining);
}

#[tokio::test(start_paused = true)]
async fn what_nobody_comes_back_for_ends_after_the_grace_and_not_before() {
    let store = ToyStore::new(PLENTY);
    let first = start(&store).await;
    let session = first.session();
    granted(&mut session.submit(any()).await.unwrap()).await;
    first.stop().await;

    let second = start(&store).await;
    let next = second.session();
    let mut waiting = next.submit(any()).await.unwrap();
    let begun = tokio::time::Instant::now();
    granted(&mut waiting).await;
    assert_eq!(begun.elapsed().as_secs_f64().round(), Limits::default().grace.as_secs_f64());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_lingers_longer_than_the_grace_is_waited_for_that_long() {
    let store = ToyStore::new(PLENTY);
    let first = start(&store).await;
    let session = first.session();
    let mut request = any();
    request.hold = Hold::Connection { linger: Duration::from_secs(600) };
    granted(&mut session.submit(request).await.unwrap()).await;
    first.stop().await;

    let second = start(&store).await;
    let next = second.session();
    let begun = tokio::time::Instant::now();
    granted(&mut next.submit(any()).await.unwrap()).await;
    assert_eq!(begun.elapsed().as_secs_f64().round(), 600.0);
}

#[tokio::test(start_paused = true)]
async fn what_is_left_of_a_deadline_is_left_after_a_restart_whatever_the_wall_clock_shows() {
    // (how long the store knows that the broker was away, what is left of 100 seconds)
    for (away, left) in [(0, 70), (20, 50)] {
        let store = ToyStore::new(PLENTY);
        let first = start(&store).await;
        let (holder, waiter) = (first.session(), first.session());
        let held = holder.submit(lasting(100)).await.unwrap();
        let mut request = any();
        request.wait = Wait::UpTo(Duration::from_secs(60));
        let waiting = waiter.submit(request).await.unwrap();
        tokio::time::sleep(Duration::from_secs(30)).await;
        // Something is written, so that the store knows what time it is.
        let other = first.session();
        drop(other.submit(any()).await.unwrap());
        first.stop().await;

        store.age.store(away, Ordering::SeqCst);
        let second = start(&store).await;
        let (holder, waiter) = (second.session(), second.session());
        let mut held = holder.resume(held.token()).await.unwrap();
        let mut waiting = waiter.resume(waiting.token()).await.unwrap();
        assert_eq!(end(&mut waiting).await, (left - 40, EndReason::WaitExpired));
        assert_eq!(end(&mut held).await, (40, EndReason::MaxDuration));
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_due_while_the_broker_was_away_ends_at_its_start() {
    let store = ToyStore::new(PLENTY);
    let first = start(&store).await;
    let session = first.session();
    let held = session.submit(lasting(100)).await.unwrap();
    first.stop().await;
    store.age.store(101, Ordering::SeqCst);
    let second = start(&store).await;
    assert!(store.durable().requests.is_empty());
    assert_eq!(second.session().resume(held.token()).await.unwrap_err(), Refusal::WrongToken);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_forgets_has_its_leases_ended_at_the_stop() {
    let store = ToyStore::new(PLENTY);
    store.outlives_process.store(false, Ordering::SeqCst);
    let broker = start(&store).await;
    let session = broker.session();
    let mut held = session.submit(any()).await.unwrap();
    granted(&mut held).await;
    broker.stop().await;
    assert_eq!(ended(&mut held).await, EndReason::Draining);
    assert!(store.durable().requests.is_empty());
}

#[tokio::test(start_paused = true)]
async fn earlier_inventories_can_be_read() {
    let store = ToyStore::new(PLENTY);
    let broker = start(&store).await;
    broker.replace_inventory(inventory(&["a", "b"])).await.unwrap();
    let revisions: Vec<u64> =
        broker.revisions().await.unwrap().iter().map(|revision| revision.revision).collect();
    assert_eq!(revisions, [2, 1]);
    assert_eq!(*broker.inventory_of(1).await.unwrap(), inventory(&["a"]));
    assert_eq!(broker.inventory_of(3).await.unwrap_err(), Refusal::NoRevision(3));
}
