//! Leases that are kept by being renewed, shared, passed on and given back in parts; requests that are made
//! once; and the events of a pool.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::time::Duration;

use common::pool::{any, ended, granted, inventory, lab};
use respo::broker::{Broker, EventItem, Events, Ticket, TicketEvent};
use respo::wire::{EventId, Happening};
use respo::{
    EndReason, Hold, IdempotencyKey, Label, Name, Refusal, Request, Requirement, Selector, Wait,
};

const TTL: Duration = Duration::from_secs(30);

fn kept(ttl: Duration) -> Request {
    let mut request = any();
    request.hold = Hold::Ttl { ttl };
    request
}

fn of_two() -> Request {
    let mut requirement = Requirement::one(Selector::any());
    requirement.count = 2;
    let mut request = Request::new(vec![requirement]).unwrap();
    request.hold = Hold::Ttl { ttl: TTL };
    request
}

fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

async fn broker(names: &[&str]) -> Broker {
    Broker::builder(lab(), inventory(names)).start().await.unwrap()
}

/// Makes the request in a session that ends at once.
async fn detached(broker: &Broker, request: Request) -> Ticket {
    broker.session().submit(request).await.unwrap()
}

async fn advance(by: Duration) {
    tokio::time::advance(by).await;
    // What is due by now is done before anything that is asked for afterwards.
    tokio::task::yield_now().await;
}

async fn happened(events: &mut Events) -> Happening {
    match events.next().await {
        Some(EventItem::Happened(event)) => event.what,
        other => panic!("not an event: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_with_a_ttl_outlives_its_session_and_ends_when_it_is_due() {
    let broker = broker(&["a"]).await;
    let mut lease = detached(&broker, kept(TTL)).await;
    let grant = granted(&mut lease).await;
    assert_eq!(grant.expires, Some(grant.since.after(TTL)));
    let next = broker.session();
    let mut next = next.submit(any()).await.unwrap();
    assert_eq!(ended(&mut lease).await, EndReason::Expired);
    let next = granted(&mut next).await;
    assert_eq!(next.since.since(grant.since).as_secs(), TTL.as_secs(), "at once");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_counts_from_now_and_never_shortens() {
    let broker = broker(&["a"]).await;
    let mut lease = detached(&broker, kept(TTL)).await;
    let grant = granted(&mut lease).await;
    let (id, token) = (lease.id(), lease.token().clone());
    advance(TTL - Duration::from_secs(1)).await;
    let expires = broker.renew(id, &token, None).await.unwrap().unwrap();
    assert!(expires >= grant.since.after(TTL * 2 - Duration::from_secs(1)));
    let shorter = broker.renew(id, &token, Some(Duration::from_secs(1))).await.unwrap().unwrap();
    assert_eq!(shorter, expires);
    let longer = broker.renew(id, &token, Some(TTL * 10)).await.unwrap().unwrap();
    assert!(longer >= expires.after(TTL * 8));
    let too_long = broker.renew(id, &token, Some(Duration::from_secs(25 * 3600))).await;
    assert!(matches!(too_long, Err(Refusal::OverLimit(_))), "{too_long:?}");
    let snapshot = broker.snapshot().await;
    assert_eq!(snapshot.lease(id).unwrap().holding.expires, Some(longer), "everyone sees it");
}

#[tokio::test(start_paused = true)]
async fn whoever_follows_a_waiting_request_keeps_it_and_who_has_gone_loses_it_after_the_ttl() {
    let broker = broker(&["a"]).await;
    let holder = broker.session();
    let mut held = holder.submit(any()).await.unwrap();
    granted(&mut held).await;
    let follower = broker.session();
    let followed = follower.submit(kept(TTL)).await.unwrap();
    let mut abandoned = detached(&broker, kept(TTL)).await;
    advance(TTL * 3).await;
    assert_eq!(ended_while_waiting(&mut abandoned).await, EndReason::Expired);
    assert!(broker.snapshot().await.queued(followed.id()).is_some());
    assert_eq!(broker.renew(followed.id(), followed.token(), None).await.unwrap(), None);
    drop(follower);
    assert!(broker.renew(followed.id(), followed.token(), None).await.unwrap().is_some());
    drop(held);
    drop(holder);
    let session = broker.session();
    let mut taken_up = session.resume(followed.token()).await.unwrap();
    assert!(granted(&mut taken_up).await.expires.is_some());
}

async fn ended_while_waiting(ticket: &mut Ticket) -> EndReason {
    loop {
        match ticket.next().await.expect("an end") {
            TicketEvent::Ended(reason) => return reason,
            TicketEvent::Queued(_) => {}
            other => panic!("not an end: {other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_extension_moves_the_end_within_what_the_pool_allows() {
    let broker = broker(&["a"]).await;
    let mut lease = detached(&broker, kept(TTL)).await;
    let grant = granted(&mut lease).await;
    let (id, token) = (lease.id(), lease.token().clone());
    let hour = Duration::from_secs(3600);
    let extended = broker.extend(id, &token, hour).await.unwrap();
    assert_eq!(extended, grant.expires.map(|end| end.after(hour)));
    let refused = broker.extend(id, &token, hour * 24).await;
    assert!(matches!(refused, Err(Refusal::OverLimit(_))), "{refused:?}");
    assert_eq!(broker.renew(id, &token, None).await.unwrap(), extended);
    advance(hour).await;
    assert!(broker.snapshot().await.is_leased("a"));
    assert_eq!(ended(&mut lease).await, EndReason::Expired);
    let refused = broker.extend(id, &token, hour).await;
    assert_eq!(refused, Err(Refusal::NoRequest(id)));
    assert_eq!(broker.ended(id), Some(EndReason::Expired));
}

#[tokio::test]
async fn a_lease_that_its_connection_keeps_is_not_renewed() {
    let broker = broker(&["a"]).await;
    let session = broker.session();
    let mut lease = session.submit(any()).await.unwrap();
    granted(&mut lease).await;
    let refused = session.renew(lease.id(), None).await;
    assert_eq!(refused, Err(Refusal::NotRenewable(lease.id())));
    let refused = session.extend(lease.id(), TTL).await;
    assert_eq!(refused, Err(Refusal::NotRenewable(lease.id())));
}

#[tokio::test]
async fn a_request_that_is_sent_again_with_its_key_is_made_once() {
    let broker = broker(&["a", "b"]).await;
    let key = IdempotencyKey::new("8e03978e-40d5-43dd-bc93-6894a57f9324").unwrap();
    let sessions: Vec<_> = (0..20).map(|_| broker.session()).collect();
    let mut told = Vec::new();
    for session in &sessions {
        let mut ticket = session.submit_once(kept(TTL), &key).await.unwrap();
        let grant = granted(&mut ticket).await;
        told.push((ticket.id(), ticket.token().clone(), grant.fence));
    }
    told.dedup();
    let [(id, token, _)] = told.as_slice() else { panic!("several leases: {told:?}") };
    assert_eq!(broker.snapshot().await.leased(), 1);
    let mut other = kept(TTL);
    other.description = Some("something else".parse().unwrap());
    let refused = sessions[0].submit_once(other, &key).await.unwrap_err();
    assert_eq!(refused, Refusal::KeyReused);
    broker.release(*id, token).await.unwrap();
    let refused = sessions[0].submit_once(kept(TTL), &key).await.unwrap_err();
    assert_eq!(refused, Refusal::KeySpent(*id));
}

#[tokio::test]
async fn a_lease_that_is_passed_on_answers_to_its_new_token_alone() {
    let broker = broker(&["a"]).await;
    let session = broker.session();
    let mut lease = session.submit(kept(TTL)).await.unwrap();
    granted(&mut lease).await;
    let (id, old) = (lease.id(), lease.token().clone());
    let guest = broker.allow(id, &old, label("carol")).await.unwrap();
    let new = session.transfer(id, label("bob")).await.unwrap();
    assert_eq!(ended(&mut lease).await, EndReason::Transferred);
    for void in [&old, &guest] {
        assert_eq!(broker.look_up(id, void).await, Err(Refusal::WrongToken));
    }
    assert_eq!(
        session.look_up(id).await,
        Err(Refusal::NoRequest(id)),
        "the session has it no more"
    );
    let standing = broker.look_up(id, &new).await.unwrap();
    assert_eq!(standing.request.holder, Some(label("bob")));
    assert!(standing.allowed.is_empty());
    let held = broker.snapshot().await;
    assert_eq!(held.lease(id).unwrap().holding.holder, Some(label("bob")));
    broker.release(id, &new).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_connection_lease_that_is_passed_on_waits_for_its_new_holder() {
    let broker = broker(&["a"]).await;
    let (alice, bob) = (broker.session(), broker.session());
    let mut lease = alice.submit(any()).await.unwrap();
    granted(&mut lease).await;
    let token = alice.transfer(lease.id(), label("bob")).await.unwrap();
    drop(alice);
    advance(Duration::from_secs(50)).await;
    let mut taken_up = bob.resume(&token).await.unwrap();
    granted(&mut taken_up).await;
    advance(Duration::from_secs(50)).await;
    assert!(broker.snapshot().await.is_leased("a"));
    let carols = bob.transfer(taken_up.id(), label("carol")).await.unwrap();
    advance(Duration::from_secs(61)).await;
    assert!(!broker.snapshot().await.is_leased("a"), "carol did not come");
    let refused = bob.resume(&carols).await.unwrap_err();
    assert_eq!(refused, Refusal::WrongToken);
}

#[tokio::test]
async fn guests_use_a_lease_and_do_not_own_it() {
    let broker = broker(&["a"]).await;
    let mut lease = detached(&broker, kept(TTL)).await;
    granted(&mut lease).await;
    let (id, token) = (lease.id(), lease.token().clone());
    let first = broker.allow(id, &token, label("bob")).await.unwrap();
    let guest = broker.allow(id, &token, label("bob")).await.unwrap();
    assert_eq!(broker.look_up(id, &first).await, Err(Refusal::WrongToken), "a new one replaces it");
    assert!(broker.renew(id, &guest, None).await.unwrap().is_some());
    assert!(broker.extend(id, &guest, TTL).await.unwrap().is_some());
    assert_eq!(broker.transfer(id, &guest, label("bob")).await.unwrap_err(), Refusal::GuestToken);
    let refused = broker.allow(id, &guest, label("eve")).await.unwrap_err();
    assert_eq!(refused, Refusal::GuestToken);
    let session = broker.session();
    assert_eq!(session.resume(&guest).await.unwrap_err(), Refusal::WrongToken);
    assert_eq!(broker.snapshot().await.lease(id).unwrap().holding.allowed, [label("bob")]);
    for number in 1..16 {
        broker.allow(id, &token, label(&format!("guest {number}"))).await.unwrap();
    }
    let refused = broker.allow(id, &token, label("one too many")).await.unwrap_err();
    assert_eq!(refused, Refusal::TooManyGuests(16));
    broker.disallow(id, &token, label("guest 1")).await.unwrap();
    let refused = broker.disallow(id, &token, label("guest 1")).await.unwrap_err();
    assert_eq!(refused, Refusal::NoGuest(label("guest 1")));
    broker.release(id, &guest).await.unwrap();
}

#[tokio::test]
async fn a_part_that_is_released_goes_to_the_next_and_the_rest_stays() {
    let broker = broker(&["a", "b"]).await;
    let mut lease = detached(&broker, of_two()).await;
    granted(&mut lease).await;
    let (id, token) = (lease.id(), lease.token().clone());
    let waiter = broker.session();
    let mut next = waiter.submit(any()).await.unwrap();
    let (a, b, c) = (Name::new("a").unwrap(), Name::new("b").unwrap(), Name::new("c").unwrap());
    let refused = broker.release_part(id, &[b.clone(), c.clone()], &token).await;
    assert_eq!(refused, Err(Refusal::NotHeld(c)));
    broker.release_part(id, std::slice::from_ref(&b), &token).await.unwrap();
    assert_eq!(granted(&mut next).await.resources[0][0].name, b);
    let standing = broker.look_up(id, &token).await.unwrap();
    assert_eq!(standing.grant.unwrap().resources[0][0].name, a);
    broker.release_part(id, &[a], &token).await.unwrap();
    assert_eq!(ended(&mut lease).await, EndReason::Released);
}

#[tokio::test]
async fn events_tell_what_happens_and_go_on_after_the_last_that_was_read() {
    let broker = broker(&["a"]).await;
    let mut events = broker.events(None);
    let mut lease = detached(&broker, kept(TTL)).await;
    granted(&mut lease).await;
    let id = lease.id();
    assert!(
        matches!(happened(&mut events).await, Happening::Queued { request, .. } if request == id)
    );
    assert!(matches!(happened(&mut events).await, Happening::Granted { lease, .. } if lease == id));
    let after = events.last();
    drop(events);
    broker.transfer(id, lease.token(), label("bob")).await.unwrap();
    broker.revoke(id).await.unwrap();
    let mut events = broker.events(Some(after));
    assert_eq!(
        happened(&mut events).await,
        Happening::Transferred { lease: id, from: None, to: label("bob") }
    );
    let (holder, resources) = (Some(label("bob")), vec![Name::new("a").unwrap()]);
    let reason = EndReason::Revoked;
    assert_eq!(
        happened(&mut events).await,
        Happening::Ended { lease: id, holder, resources, reason }
    );
    broker.stop().await;
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn who_asks_for_events_that_are_not_kept_is_told_so() {
    let broker = broker(&["a"]).await;
    let mut slow = broker.events(None);
    let earlier = EventId { epoch: 1, number: 1 };
    assert_eq!(broker.events(Some(earlier)).try_next(), Some(EventItem::Missed));
    let later = EventId { number: 9, ..slow.last() };
    assert_eq!(broker.events(Some(later)).try_next(), Some(EventItem::Missed));
    let session = broker.session();
    let mut now = any();
    now.wait = Wait::No;
    for _ in 0..respo::broker::MAX_EVENTS / 2 {
        drop(session.acquire(now.clone()).await.unwrap().release().await);
    }
    assert_eq!(slow.next().await, Some(EventItem::Missed));
    assert_eq!(slow.try_next(), None, "and goes on with what happens from now on");
    drop(session.acquire(now).await.unwrap());
    assert!(matches!(happened(&mut slow).await, Happening::Queued { .. }));
}
