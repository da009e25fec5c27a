//! The broker: durable before told, sessions and leases that clean up after themselves, and a store that
//! fails.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::pool::{any, ended, granted, inventory, lab, named};
use common::toy_store::{PLENTY, ToyStore};
use respo::broker::{AcquireError, Broker, TicketEvent};
use respo::{EndReason, LeaseNotifier, Name, Notice, NoticeKind, Refusal, Request, Token, Wait};
use tokio::sync::Semaphore;

fn lingering(linger: Duration) -> Request {
    let mut request = any();
    request.hold = respo::Hold::Connection { linger };
    request
}

async fn broker(names: &[&str]) -> Broker {
    Broker::builder(lab(), inventory(names)).start().await.unwrap()
}

#[tokio::test]
async fn nobody_learns_of_a_grant_before_it_is_durable() {
    let store = ToyStore::new(1);
    let broker =
        Broker::builder(lab(), inventory(&["a"])).store(store.clone()).start().await.unwrap();
    let session = broker.session();
    let mut submission = Box::pin(session.submit(any()));
    // Run the submission until the store has been asked to commit it, which it does not do yet.
    while store.commits() < 2 {
        tokio::select! {
            biased;
            ticket = &mut submission => panic!("told before it was durable: {ticket:?}"),
            () = tokio::task::yield_now() => {}
        }
    }
    assert!(!broker.snapshot().await.is_leased("a"), "readers do not see it either");
    store.permits.add_permits(1);
    let mut ticket = submission.await.unwrap();
    granted(&mut ticket).await;
    assert!(broker.snapshot().await.is_leased("a"));
}

#[tokio::test]
async fn a_session_that_is_dropped_frees_what_it_held_and_leaves_the_queue() {
    let broker = broker(&["a"]).await;
    let (holder, waiter, last) = (broker.session(), broker.session(), broker.session());
    let mut held = holder.submit(any()).await.unwrap();
    granted(&mut held).await;
    let waiting = waiter.submit(any()).await.unwrap();
    let mut served = last.submit(any()).await.unwrap();
    assert_eq!(broker.snapshot().await.queued(served.id()).unwrap().position, 2);
    drop(waiter);
    drop(holder);
    assert_eq!(granted(&mut served).await.fence.0, 2, "the waiter that left got nothing");
    drop(waiting);
}

#[tokio::test]
async fn an_acquisition_that_is_given_up_leaves_nothing_behind() {
    let broker = broker(&["a"]).await;
    let session = broker.session();
    let lease = session.acquire(any()).await.unwrap();
    let waiting = session.acquire(any());
    tokio::select! {
        biased;
        _ = waiting => panic!("there is nothing to be had"),
        () = async { while broker.snapshot().await.waiting.is_empty() { tokio::task::yield_now().await } } => {}
    }
    while !broker.snapshot().await.waiting.is_empty() {
        tokio::task::yield_now().await;
    }
    drop(lease);
    let lease = session.acquire(any()).await.unwrap();
    assert_eq!(lease.grant().fence.0, 2);
}

#[tokio::test]
async fn a_submission_that_is_given_up_is_withdrawn() {
    let store = ToyStore::new(1);
    let broker =
        Broker::builder(lab(), inventory(&["a"])).store(store.clone()).start().await.unwrap();
    let session = broker.session();
    {
        let mut submission = Box::pin(session.submit(any()));
        while store.commits() < 2 {
            tokio::select! {
                biased;
                _ = &mut submission => panic!("the store has not committed"),
                () = tokio::task::yield_now() => {}
            }
        }
    }
    store.permits.add_permits(PLENTY);
    let lease = session.acquire(any()).await.unwrap();
    assert_eq!(lease.grant().fence.0, 2, "the first grant was given back");
}

#[tokio::test]
async fn a_lease_ends_where_its_holder_can_see_it() {
    let broker = broker(&["a"]).await;
    let session = broker.session();
    let mut request = any();
    request.max_duration = Some(Duration::from_millis(20));
    let mut lease = session.acquire(request).await.unwrap();
    assert_eq!(lease.ended().await, EndReason::MaxDuration);

    let mut lease = session.acquire(any()).await.unwrap();
    broker.revoke(lease.grant().id).await.unwrap();
    assert_eq!(lease.ended().await, EndReason::Revoked);
}

#[tokio::test]
async fn waiting_has_a_limit_and_none_at_all() {
    let broker = broker(&["a"]).await;
    let session = broker.session();
    let lease = session.acquire(any()).await.unwrap();
    let mut request = any();
    request.wait = Wait::No;
    match session.acquire(request).await {
        Err(AcquireError::Refused(Refusal::Busy { candidates, .. })) => {
            assert_eq!(candidates[0].lease.as_ref().unwrap().id, lease.grant().id);
        }
        other => panic!("expected busy, not {other:?}"),
    }
    let mut request = any();
    request.wait = Wait::UpTo(Duration::from_millis(20));
    let outcome = session.acquire(request).await;
    assert_eq!(outcome.unwrap_err(), AcquireError::Ended(EndReason::WaitExpired));
}

#[tokio::test]
async fn a_lingering_lease_is_resumed_with_its_token_and_with_no_other() {
    let broker = broker(&["a"]).await;
    let session = broker.session();
    let mut ticket = session.submit(lingering(Duration::from_secs(600))).await.unwrap();
    let grant = granted(&mut ticket).await;
    drop(session);
    while broker.snapshot().await.statuses[0].holding().unwrap().orphaned_until.is_none() {
        tokio::task::yield_now().await;
    }

    let back = broker.session();
    let wrong = back.resume(&Token::from_random([9; 16])).await;
    assert_eq!(wrong.unwrap_err(), Refusal::WrongToken);
    let mut resumed = back.resume(ticket.token()).await.unwrap();
    assert_eq!(granted(&mut resumed).await, grant, "the same lease, not a new one");
    drop(back);
    while broker.snapshot().await.statuses[0].holding().unwrap().orphaned_until.is_none() {
        tokio::task::yield_now().await;
    }
    let (third, fourth) = (broker.session(), broker.session());
    let mut earlier = third.resume(ticket.token()).await.unwrap();
    assert_eq!(granted(&mut earlier).await, grant);
    let mut resumed = fourth.resume(ticket.token()).await.unwrap();
    assert_eq!(ended(&mut earlier).await, EndReason::TakenOver);
    assert_eq!(granted(&mut resumed).await, grant);
    broker.release(grant.id, resumed.token()).await.unwrap();
    assert!(!broker.snapshot().await.is_leased("a"));
}

#[tokio::test]
async fn a_lingering_lease_that_nobody_resumes_ends() {
    let broker = broker(&["a"]).await;
    let session = broker.session();
    granted(&mut session.submit(lingering(Duration::from_millis(20))).await.unwrap()).await;
    drop(session);
    let next = broker.session();
    let lease = next.acquire(any()).await.unwrap();
    assert_eq!(lease.grant().fence.0, 2);
}

#[tokio::test]
async fn an_inventory_change_retires_what_is_held_and_refuses_what_is_impossible() {
    let broker = broker(&["a", "b"]).await;
    let session = broker.session();
    let lease = session.acquire(named("a")).await.unwrap();
    let mut impossible = session.submit(named("a")).await.unwrap();

    let (revision, change) = broker.replace_inventory(inventory(&["b", "c"])).await.unwrap();
    let names = |names: &[&str]| names.iter().map(|n| Name::new(n).unwrap()).collect::<Vec<_>>();
    assert_eq!(revision, 2);
    assert_eq!((change.added, change.retired), (names(&["c"]), names(&["a"])));
    assert_eq!(ended(&mut impossible).await, EndReason::NoSuch);
    assert_eq!(broker.snapshot().await.outsiders[0].status.holding().unwrap().id, lease.grant().id);

    drop(lease);
    while !broker.snapshot().await.outsiders.is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        session.acquire(named("a")).await.unwrap_err().to_string(),
        "no resource is named \"a\""
    );
    let (revision, change) = broker.replace_inventory(inventory(&["b", "c"])).await.unwrap();
    assert!(revision == 2 && change.is_empty(), "the same again changes nothing");
}

#[tokio::test]
async fn draining_ends_what_waits_warns_holders_and_refuses_what_comes() {
    let broker = broker(&["a"]).await;
    let session = broker.session();
    let mut held = session.submit(any()).await.unwrap();
    granted(&mut held).await;
    let mut waiting = session.submit(any()).await.unwrap();
    let deadline = Duration::from_secs(3);
    broker.drain(deadline).await;
    assert_eq!(held.next().await, Some(TicketEvent::Draining { deadline }));
    assert_eq!(ended(&mut waiting).await, EndReason::Draining);
    assert_eq!(session.submit(any()).await.unwrap_err(), Refusal::Draining);
    broker.stop().await;
    assert_eq!(ended(&mut held).await, EndReason::Draining);
    assert_eq!(held.next().await, None);
}

#[tokio::test]
async fn a_submission_whose_answer_is_not_read_is_withdrawn() {
    let broker = broker(&["a"]).await;
    let session = broker.session();
    let mut request = any();
    request.hold = respo::Hold::Connection { linger: Duration::from_secs(600) };
    {
        // The answer is there, but whoever asked is not polled again.
        let mut submission = Box::pin(session.submit(request));
        tokio::select! {
            biased;
            _ = &mut submission => panic!("the actor has not run yet"),
            () = std::future::ready(()) => {}
        }
        while !broker.snapshot().await.is_leased("a") {
            tokio::task::yield_now().await;
        }
    }
    drop(session);
    let next = broker.session();
    assert_eq!(next.acquire(any()).await.unwrap().grant().fence.0, 2);
}

#[tokio::test]
async fn a_lease_that_another_session_took_over_is_not_released_by_the_first() {
    let broker = broker(&["a"]).await;
    let (first, second) = (broker.session(), broker.session());
    let lease = first.acquire(any()).await.unwrap();
    let mut resumed = second.resume(lease.token()).await.unwrap();
    granted(&mut resumed).await;
    drop(lease);
    drop(first);
    assert!(broker.revoke(respo::RequestId(99)).await.is_err());
    assert!(broker.snapshot().await.is_leased("a"));
}

#[tokio::test]
async fn a_release_is_over_when_it_returns() {
    let broker = broker(&["a"]).await;
    let session = broker.session();
    session.acquire(any()).await.unwrap().release().await.unwrap();
    assert!(!broker.snapshot().await.is_leased("a"));
}

#[tokio::test]
async fn a_stopped_broker_grants_nothing() {
    let broker = broker(&["a"]).await;
    let session = broker.session();
    let lease = session.acquire(any()).await.unwrap();
    let (waited, ()) = tokio::join!(session.acquire(any()), broker.stop());
    assert!(waited.is_err());
    assert_eq!(session.acquire(any()).await.unwrap_err(), Refusal::Draining.into());
    drop(lease);
}

#[derive(Default)]
struct Grants(AtomicUsize);

impl LeaseNotifier for Grants {
    fn notify(&self, notice: &Notice) {
        if matches!(notice.kind, NoticeKind::Granted(_)) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[tokio::test]
async fn a_grant_in_front_of_ten_thousand_waiters_is_told_to_few() {
    const WAITERS: usize = 10_000;
    const GRANTS: usize = 5;
    let grants = Arc::new(Grants::default());
    let never = Duration::from_secs(3600);
    let broker = Broker::builder(lab(), inventory(&["a"]))
        .notifier(grants.clone())
        .position_intervals(Duration::from_millis(1), never)
        .start()
        .await
        .unwrap();
    let mut sessions = std::collections::VecDeque::from([broker.session()]);
    granted(&mut sessions[0].submit(any()).await.unwrap()).await;
    let (queued, placed) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
    for _ in 0..WAITERS {
        let session = broker.session();
        let mut ticket = session.submit(any()).await.unwrap();
        sessions.push_back(session);
        let (queued, placed) = (Arc::clone(&queued), Arc::clone(&placed));
        tokio::spawn(async move {
            let mut first = true;
            while let Some(event) = ticket.next().await {
                if matches!(event, TicketEvent::Queued(_)) {
                    queued.fetch_add(1, Ordering::SeqCst);
                    placed.add_permits(usize::from(std::mem::take(&mut first)));
                }
            }
        });
    }
    // Once everyone knows their place, what is told is told because of the grants.
    placed.acquire_many(WAITERS as u32).await.unwrap().forget();
    let before = queued.load(Ordering::SeqCst);
    for n in 1..=GRANTS {
        drop(sessions.pop_front());
        while grants.0.load(Ordering::SeqCst) < n + 1 {
            tokio::task::yield_now().await;
        }
        broker.snapshot().await;
    }
    broker.stop().await;
    let told = queued.load(Ordering::SeqCst) - before;
    assert!(told <= 30 * GRANTS, "{told} of {WAITERS} waiters were told of {GRANTS} grants");
}
