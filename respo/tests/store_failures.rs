//! A store that fails: nobody is told of what is not durable, nothing that is durable is forgotten, and the
//! clients that are connected go on as soon as the store works again.
//!
//! Time is virtual in these tests (tokio's paused clock): to sleep is to move it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::pool::{any, ended, granted, inventory, lab, named};
use common::toy_store::{Failure, PLENTY, ToyStore};
use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};
use respo::broker::{Broker, Session, Ticket};
use respo::{
    EndReason, Hold, IdempotencyKey, Label, LeaseNotifier, Notice, NoticeKind, Refusal, Request,
    Token,
};

/// A token of nothing.
fn token() -> Token {
    Token::from_random([9; 16])
}

async fn broker(store: &Arc<ToyStore>, names: &[&str]) -> Broker {
    Broker::builder(lab(), inventory(names)).store(store.clone()).start().await.unwrap()
}

fn go_away(store: &ToyStore) {
    store.fail(Failure::Lost);
    store.recover_fails.store(true, Ordering::SeqCst);
}

fn come_back(store: &ToyStore) {
    store.fail(None);
    store.recover_fails.store(false, Ordering::SeqCst);
}

/// Asks again for as long as the store is away.
async fn submit(session: &Session, request: Request) -> Ticket {
    loop {
        match session.submit(request.clone()).await {
            Ok(ticket) => return ticket,
            Err(refusal) => assert_eq!(refusal.code(), "store_unavailable"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_commit_is_told_to_nobody_and_the_sessions_go_on() {
    let store = ToyStore::new(PLENTY);
    let broker = broker(&store, &["a", "b"]).await;
    let (first, second, third) = (broker.session(), broker.session(), broker.session());
    let mut held = first.submit(any()).await.unwrap();
    let before = granted(&mut held).await;

    go_away(&store);
    for _ in 0..2 {
        let refused = second.submit(any()).await.unwrap_err();
        assert_eq!(refused.code(), "store_unavailable", "and so while the store stays away");
    }
    drop(third);

    come_back(&store);
    let after = granted(&mut submit(&second, any()).await).await;
    assert_eq!(after.fence.0, before.fence.0 + 1, "what failed was never granted");
    let snapshot = broker.snapshot().await;
    let holding = snapshot.statuses[0].holding().unwrap();
    assert_eq!((holding.id, holding.orphaned_until), (before.id, None), "it never left");
    broker.release(before.id, held.token()).await.unwrap();
    assert_eq!(ended(&mut held).await, EndReason::Released, "its ticket still hears of it");
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_is_ended_should_it_be_durable_after_all() {
    let store = ToyStore::new(PLENTY);
    let broker = broker(&store, &["a"]).await;
    let (first, second) = (broker.session(), broker.session());
    store.fail(Failure::Unsure);
    assert_eq!(first.submit(any()).await.unwrap_err().code(), "store_unavailable");
    assert!(store.durable().requests.values().any(|request| request.grant.is_some()));
    come_back(&store);
    // The first session stays open, and has nothing.
    let grant = granted(&mut submit(&second, any()).await).await;
    assert_eq!(grant.fence.0, 2);
}

#[tokio::test(start_paused = true)]
async fn who_is_refused_to_take_up_a_lease_does_not_end_it_by_leaving() {
    // Whether the session that asks comes in the failed batch, or came before.
    for is_known in [true, false] {
        let store = ToyStore::new(PLENTY);
        let first = broker(&store, &["a"]).await;
        let session = first.session();
        let held = session.submit(any()).await.unwrap();
        first.stop().await;
        let second = broker(&store, &["a"]).await;
        let back = second.session();
        if is_known {
            assert_eq!(back.resume(&token()).await.unwrap_err(), Refusal::WrongToken);
        }
        // Somebody else's request shares the batch, so that there is something to write.
        go_away(&store);
        let other = second.session();
        let (resumed, submitted) = tokio::join!(back.resume(held.token()), other.submit(any()));
        assert_eq!(resumed.unwrap_err().code(), "store_unavailable");
        assert_eq!(submitted.unwrap_err().code(), "store_unavailable");
        drop(back);
        come_back(&store);
        let third = second.session();
        let mut again = loop {
            match third.resume(held.token()).await {
                Ok(ticket) => break ticket,
                Err(refusal) => assert_eq!(refusal.code(), "store_unavailable"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        granted(&mut again).await;
        drop(third);
        assert_eq!(ended(&mut again).await, EndReason::Disconnected, "it is nobody else's");
    }
}

#[tokio::test(start_paused = true)]
async fn a_holder_from_whom_a_lease_was_not_taken_over_keeps_it() {
    let store = ToyStore::new(PLENTY);
    let broker = broker(&store, &["a"]).await;
    let (holder, thief, other) = (broker.session(), broker.session(), broker.session());
    let mut held = holder.submit(any()).await.unwrap();
    granted(&mut held).await;
    go_away(&store);
    let (resumed, submitted) = tokio::join!(thief.resume(held.token()), other.submit(any()));
    assert!(resumed.is_err() && submitted.is_err());
    drop(thief);
    come_back(&store);
    tokio::time::sleep(Duration::from_secs(1000)).await;
    let snapshot = broker.snapshot().await;
    assert_eq!(snapshot.statuses[0].holding().map(|held| held.orphaned_until), Some(None));
    drop(holder);
    assert_eq!(ended(&mut held).await, EndReason::Disconnected);
}

/// Sends the request with the key for as long as the store is away.
async fn submit_once(session: &Session, request: Request, key: &IdempotencyKey) -> Ticket {
    loop {
        match session.submit_once(request.clone(), key).await {
            Ok(ticket) => return ticket,
            Err(refusal) => assert_eq!(refusal.code(), "store_unavailable"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_with_a_key_is_made_once_though_the_commit_fails() {
    for (failure, is_durable) in [(Failure::Lost, false), (Failure::Unsure, true)] {
        for same_session in [true, false] {
            let store = ToyStore::new(PLENTY);
            let broker = broker(&store, &["a", "b"]).await;
            let key = IdempotencyKey::new("8e03978e-40d5-43dd-bc93-6894a57f9324").unwrap();
            let mut request = any();
            request.hold = Hold::Ttl { ttl: Duration::from_secs(60) };
            let (first, second) = (broker.session(), broker.session());
            store.fail(failure);
            let refused = first.submit_once(request.clone(), &key).await.unwrap_err();
            assert_eq!(refused.code(), "store_unavailable");
            let made = store.durable().requests.keys().next().copied();
            assert_eq!(made.is_some(), is_durable);
            come_back(&store);
            let session = if same_session { &first } else { &second };
            let mut ticket = submit_once(session, request.clone(), &key).await;
            let grant = granted(&mut ticket).await;
            assert_eq!(grant.id, made.unwrap_or(grant.id), "what was made is taken up");
            let again = submit_once(&second, request, &key).await;
            assert_eq!((again.id(), again.token()), (ticket.id(), ticket.token()));
            assert_eq!(store.durable().requests.len(), 1, "never two for one key");
            broker.renew(grant.id, again.token(), None).await.unwrap();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_takes_back_what_was_decided_behind_it() {
    for failure in [Failure::Lost, Failure::Unsure] {
        let store = ToyStore::new(PLENTY);
        store.commits_in_order.store(true, Ordering::SeqCst);
        let broker = broker(&store, &["a"]).await;
        let (first, second) = (broker.session(), broker.session());
        let mut held = first.submit(any()).await.unwrap();
        let id = granted(&mut held).await.id;
        // The disk takes its time. The release is decided, and so is the grant that follows from it.
        store.permits.forget_permits(PLENTY);
        let before = store.commits();
        let release = broker.release(id, held.token());
        let grant = async {
            while store.commits() == before {
                tokio::task::yield_now().await;
            }
            second.submit(any()).await
        };
        let fail = async {
            while store.commits() < before + 2 {
                tokio::task::yield_now().await;
            }
            store.fail(failure);
            store.permits.add_permits(PLENTY);
        };
        let (released, granted_early, ()) = tokio::join!(release, grant, fail);
        assert_eq!(released.unwrap_err().code(), "store_unavailable");
        assert_eq!(granted_early.unwrap_err().code(), "store_unavailable");
        come_back(&store);
        let mut next = submit(&second, any()).await;
        if failure == Failure::Lost {
            broker.release(id, held.token()).await.unwrap();
        }
        let grant = granted(&mut next).await;
        assert_eq!(
            ended(&mut held).await.code(),
            match failure {
                Failure::Lost => "released",
                // It is told of what it asked for, though not by the answer.
                Failure::Unsure => "disconnected",
            }
        );
        assert_eq!(store.durable().requests.keys().copied().collect::<Vec<_>>(), [grant.id]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_whose_transfer_failed_stays_with_its_session() {
    let store = ToyStore::new(PLENTY);
    let broker = broker(&store, &["a"]).await;
    let holder = broker.session();
    let mut held = holder.submit(any()).await.unwrap();
    let id = granted(&mut held).await.id;
    store.fail(Failure::Lost);
    let to = Label::new("bob").unwrap();
    assert!(broker.transfer(id, held.token(), to).await.is_err());
    come_back(&store);
    tokio::time::sleep(Duration::from_secs(1000)).await;
    let snapshot = broker.snapshot().await;
    let orphaned_until = snapshot.statuses[0].holding().map(|held| held.orphaned_until);
    assert_eq!(orphaned_until, Some(None), "it never left");
    broker.release(id, held.token()).await.unwrap();
    assert_eq!(ended(&mut held).await, EndReason::Released);
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_was_refused_and_is_durable_is_told_to_the_former_holder() {
    let store = ToyStore::new(PLENTY);
    let broker = broker(&store, &["a"]).await;
    let (holder, waiter) = (broker.session(), broker.session());
    let mut held = holder.submit(any()).await.unwrap();
    let id = granted(&mut held).await.id;
    store.fail(Failure::Unsure);
    let to = Label::new("bob").unwrap();
    assert!(broker.transfer(id, held.token(), to).await.is_err());
    come_back(&store);
    assert_eq!(ended(&mut held).await, EndReason::Transferred);
    // Nobody has learnt the new token, so that it ends after the grace.
    granted(&mut submit(&waiter, any()).await).await;
}

#[tokio::test(start_paused = true)]
async fn what_becomes_due_while_the_store_is_away_is_told_once_it_is_written() {
    let store = ToyStore::new(PLENTY);
    let broker = broker(&store, &["a"]).await;
    let (first, second, third) = (broker.session(), broker.session(), broker.session());
    let mut request = any();
    request.max_duration = Some(Duration::from_secs(10));
    let mut held = first.submit(request).await.unwrap();
    granted(&mut held).await;
    let mut waiting = second.submit(any()).await.unwrap();

    // It can be read but not written, as a disk that is full.
    store.fail(Failure::Lost);
    assert!(third.submit(any()).await.is_err());
    let told = tokio::time::timeout(Duration::from_secs(100), async {
        tokio::select! {
            _ = ended(&mut held) => {}
            _ = granted(&mut waiting) => {}
        }
    });
    assert!(told.await.is_err(), "an end or a grant was told that is not durable");

    come_back(&store);
    assert_eq!(ended(&mut held).await, EndReason::MaxDuration);
    let grant = granted(&mut waiting).await;
    assert_eq!(store.durable().requests[&grant.id].grant, Some(grant));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_be_written_is_asked_now_and_then() {
    let store = ToyStore::new(PLENTY);
    let broker = broker(&store, &["a"]).await;
    let (first, second) = (broker.session(), broker.session());
    let mut request = any();
    request.max_duration = Some(Duration::from_secs(1));
    granted(&mut first.submit(request).await.unwrap()).await;
    store.fail(Failure::Lost);
    assert!(second.submit(any()).await.is_err());
    let before = store.commits();
    tokio::time::sleep(Duration::from_secs(100)).await;
    let asked = store.commits() - before;
    assert!((10..40).contains(&asked), "asked {asked} times in 100 s");
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_batch_would_have_ended_goes_on() {
    let store = ToyStore::new(PLENTY);
    let broker = broker(&store, &["a", "b"]).await;
    let (holder, waiter) = (broker.session(), broker.session());
    let mut held = holder.submit(named("a")).await.unwrap();
    let id = granted(&mut held).await.id;
    let mut waiting = waiter.submit(named("a")).await.unwrap();

    store.fail(Failure::Lost);
    assert!(broker.replace_inventory(inventory(&["b"])).await.is_err());
    come_back(&store);
    while broker.revoke(respo::RequestId(99)).await.unwrap_err().code() == "store_unavailable" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    store.fail(Failure::Lost);
    assert_eq!(broker.revoke(id).await.unwrap_err().code(), "store_unavailable");
    come_back(&store);

    // Longer than an orphan's grace: both still belong to their sessions.
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(broker.snapshot().await.is_leased("a"));
    broker.revoke(id).await.unwrap();
    assert_eq!(ended(&mut held).await, EndReason::Revoked);
    granted(&mut waiting).await;
}

#[tokio::test(start_paused = true)]
async fn who_leaves_while_the_store_is_away_has_left() {
    let store = ToyStore::new(PLENTY);
    let broker = broker(&store, &["a"]).await;
    let (holder, waiter, last) = (broker.session(), broker.session(), broker.session());
    granted(&mut holder.submit(any()).await.unwrap()).await;
    let waiting = waiter.submit(any()).await.unwrap();
    let mut served = last.submit(any()).await.unwrap();
    go_away(&store);
    drop(holder);
    drop(waiter);
    for _ in 0..100 {
        // Clients come, are refused, and go.
        assert!(broker.session().submit(any()).await.is_err());
    }
    come_back(&store);
    granted(&mut served).await;
    assert_eq!(store.durable().requests.len(), 1);
    drop(waiting);
}

#[tokio::test(start_paused = true)]
async fn draining_while_the_store_is_away_is_not_forgotten() {
    let store = ToyStore::new(PLENTY);
    let broker = broker(&store, &["a"]).await;
    let (holder, waiter) = (broker.session(), broker.session());
    let mut held = holder.submit(any()).await.unwrap();
    granted(&mut held).await;
    let mut waiting = waiter.submit(any()).await.unwrap();
    go_away(&store);
    assert!(broker.session().submit(any()).await.is_err());
    broker.drain(Duration::from_secs(5)).await;
    come_back(&store);
    assert_eq!(ended(&mut waiting).await, EndReason::Draining);
    broker.revoke(held.id()).await.unwrap();
    assert_eq!(broker.session().submit(any()).await.unwrap_err(), Refusal::Draining);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_stopped_while_its_store_is_away_writes_nothing_more() {
    let store = ToyStore::new(PLENTY);
    let broker = broker(&store, &["a"]).await;
    let (holder, waiter) = (broker.session(), broker.session());
    let mut held = holder.submit(any()).await.unwrap();
    let grant = granted(&mut held).await;
    let waiting = waiter.submit(any()).await.unwrap();
    go_away(&store);
    assert!(broker.release(grant.id, held.token()).await.is_err());
    drop(waiter);
    let before = store.durable();
    store.fail(None);
    broker.stop().await;
    assert_eq!(store.durable(), before, "what it thought had happened is not written");
    assert_eq!(broker.session().submit(any()).await.unwrap_err(), Refusal::Draining);
    drop(waiting);
}

#[tokio::test]
async fn a_store_that_has_an_inventory_keeps_it() {
    let store = ToyStore::new(PLENTY);
    broker(&store, &["a"]).await.stop().await;
    let again = broker(&store, &["b"]).await;
    assert_eq!(*again.snapshot().await.inventory, inventory(&["a"]));
}

/// Looks at the store whenever a grant is told.
struct Witness {
    store: Arc<ToyStore>,
    untrue: Arc<Mutex<Vec<String>>>,
}

impl LeaseNotifier for Witness {
    fn notify(&self, notice: &Notice) {
        let durable = self.store.durable();
        let there = durable.requests.get(&notice.id);
        let is_true = match &notice.kind {
            NoticeKind::Granted(grant) => {
                // It may have ended since, in the same batch, but its fence was written.
                let ended = there.is_none();
                durable.last_fence >= grant.fence
                    && (ended || there.is_some_and(|state| state.grant.as_ref() == Some(grant)))
            }
            NoticeKind::Ended { .. } => there.is_none(),
            _ => true,
        };
        if !is_true {
            self.untrue.lock().unwrap().push(format!("{notice:?}"));
        }
    }
}

#[derive(Debug, Clone)]
enum Act {
    Submit(usize),
    Leave(usize),
    Resume(usize, usize),
    Release(usize),
    Replace(bool),
    Wait(u64),
    Fail(Option<Failure>),
}

fn act() -> impl Strategy<Value = Act> {
    let failure = prop_oneof![
        2 => Just(None),
        1 => Just(Some(Failure::Lost)),
        1 => Just(Some(Failure::Unsure)),
    ];
    prop_oneof![
        6 => (0usize..4).prop_map(Act::Submit),
        2 => (0usize..4).prop_map(Act::Leave),
        2 => (0usize..4, proptest::num::usize::ANY).prop_map(|(n, which)| Act::Resume(n, which)),
        3 => proptest::num::usize::ANY.prop_map(Act::Release),
        1 => proptest::bool::ANY.prop_map(Act::Replace),
        2 => (1u64..30_000).prop_map(Act::Wait),
        4 => failure.prop_map(Act::Fail),
    ]
}

/// Plays the acts against a broker, and returns what was told that was not true.
async fn play(acts: Vec<Act>) -> Vec<String> {
    let store = ToyStore::new(PLENTY);
    let untrue = Arc::new(Mutex::new(Vec::new()));
    let witness = Witness { store: store.clone(), untrue: untrue.clone() };
    let broker = Broker::builder(lab(), inventory(&["a", "b"]))
        .store(store.clone())
        .notifier(Arc::new(witness))
        .start()
        .await
        .unwrap();
    let mut sessions: Vec<Session> = (0..4).map(|_| broker.session()).collect();
    let mut tickets = Vec::new();
    for act in acts {
        match act {
            Act::Submit(n) => {
                let mut request = any();
                request.max_duration = Some(Duration::from_secs(20));
                tickets.extend(sessions[n].submit(request).await);
            }
            Act::Leave(n) => sessions[n] = broker.session(),
            Act::Release(n) if !tickets.is_empty() => {
                let ticket: &Ticket = &tickets[n % tickets.len()];
                drop(broker.release(ticket.id(), ticket.token()).await);
            }
            Act::Resume(n, which) if !tickets.is_empty() => {
                let ticket: &Ticket = &tickets[which % tickets.len()];
                let token = ticket.token().clone();
                tickets.extend(sessions[n].resume(&token).await);
            }
            Act::Release(_) | Act::Resume(..) => {}
            Act::Replace(both) => {
                let names: &[&str] = if both { &["a", "b"] } else { &["b"] };
                drop(broker.replace_inventory(inventory(names)).await);
            }
            Act::Wait(millis) => tokio::time::sleep(Duration::from_millis(millis)).await,
            Act::Fail(failure) => store.fail(failure),
        }
    }
    store.fail(None);
    // When the faults stop and everyone leaves, everything drains.
    drop(sessions);
    tokio::time::sleep(Duration::from_secs(200)).await;
    let left = store.durable().requests.len();
    let mut untrue = std::mem::take(&mut *untrue.lock().unwrap());
    if left > 0 {
        untrue.push(format!("{left} requests are left behind"));
    }
    untrue
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_fails_nothing_untrue_is_told_and_nothing_is_left_behind(acts in vec(act(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        prop_assert_eq!(runtime.block_on(play(acts)), Vec::<String>::new());
    }
}
