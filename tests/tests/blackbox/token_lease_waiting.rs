//! Waiting for a token lease: with calls that wait, and with calls that do not.

use respo::wire::{GrantedLease, PendingRequest};
use serde_json::json;
use tests::Daemon;
use tests::inventories::ONE_BENCH;
use tests::token_leases::{read, request_for};

#[tokio::test]
async fn a_call_that_waits_answers_with_the_lease_as_soon_as_it_is_granted() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.lease(&request_for("bench-1")).await;
    let pending = daemon.queue(&request_for("bench-1")).await;
    let (id, token) = (pending.request.id, pending.request.token.unwrap());
    let mut poll = daemon.begin_poll(id, &token, "?wait=1m").await;
    daemon.release(holder.id, &holder.token).await;
    let reply = poll.reply().await.expect_status(303);
    assert_eq!(reply.header("location"), Some(format!("/v1/leases/{id}").as_str()));
    let lease: GrantedLease = read(&reply);
    assert_eq!((lease.id, &lease.token), (id, &token));
    // The lease lives for its ttl, whoever has followed the request.
    drop(poll);
    daemon.renew(&lease).await;
}

#[tokio::test]
async fn a_call_that_waits_answers_when_the_place_has_changed_or_the_time_is_over() {
    let daemon = Daemon::start(ONE_BENCH).await;
    daemon.lease(&request_for("bench-1")).await;
    let first = daemon.queue(&request_for("bench-1")).await;
    let second = daemon.queue(&request_for("bench-1")).await;
    let (id, token) = (second.request.id, second.request.token.unwrap());
    let reply = daemon.poll(id, &token, "?wait=10ms").await.expect_status(200);
    assert_eq!(read::<PendingRequest>(&reply).request.position, 2, "the time is over");

    let mut poll = daemon.begin_poll(id, &token, "?wait=1m&position=2").await;
    daemon.release(first.request.id, &first.request.token.unwrap()).await;
    let reply = poll.reply().await.expect_status(200);
    assert_eq!(read::<PendingRequest>(&reply).request.position, 1);
    // What the client knows not yet is said at once.
    let reply = daemon.poll(id, &token, "?wait=1m&position=2").await.expect_status(200);
    assert_eq!(read::<PendingRequest>(&reply).request.position, 1);
}

#[tokio::test]
async fn a_request_that_nobody_comes_back_for_goes_after_its_ttl_and_one_that_is_followed_stays() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.lease(&request_for("bench-1")).await;
    let mut body = request_for("bench-1");
    body["ttl"] = json!("1s");
    let followed = daemon.queue(&body).await;
    let (id, token) = (followed.request.id, followed.request.token.unwrap());
    let mut poll = daemon.begin_poll(id, &token, "?wait=1m").await;
    // This one is made later, and is gone first.
    let abandoned = daemon.queue(&body).await;
    assert_eq!(abandoned.request.position, 2);
    let waiting = daemon.expect_waiting(1).await.waiting;
    assert_eq!(waiting[0].id, id);
    let gone = daemon.poll(abandoned.request.id, &abandoned.request.token.unwrap(), "").await;
    assert_eq!(gone.expect_problem(410, "gone").more["reason"], "expired");
    daemon.release(holder.id, &holder.token).await;
    let lease: GrantedLease = read(&poll.reply().await.expect_status(303));
    assert_eq!(lease.id, id);
}

#[tokio::test]
async fn who_leaves_while_a_call_waits_has_left() {
    let daemon = Daemon::start(ONE_BENCH).await;
    daemon.lease(&request_for("bench-1")).await;
    let mut body = request_for("bench-1");
    body["ttl"] = json!("1s");
    let pending = daemon.queue(&body).await;
    let (id, token) = (pending.request.id, pending.request.token.unwrap());
    daemon.begin_poll(id, &token, "?wait=1m").await.close();
    daemon.expect_waiting(0).await;
    // Whoever has closed only its sending half still reads the answer.
    let pending = daemon.queue(&body).await;
    let (id, token) = (pending.request.id, pending.request.token.unwrap());
    let mut poll = daemon.begin_poll(id, &token, "?wait=1m").await;
    poll.finish_sending();
    assert_eq!(read::<PendingRequest>(&poll.reply().await.expect_status(200)).request.id, id);
    daemon.expect_waiting(0).await;
}

#[tokio::test]
async fn coming_back_without_waiting_keeps_the_place_too() {
    let daemon = Daemon::start(ONE_BENCH).await;
    daemon.lease(&request_for("bench-1")).await;
    let mut body = request_for("bench-1");
    body["ttl"] = json!("2s");
    let kept = daemon.queue(&body).await;
    let (id, token) = (kept.request.id, kept.request.token.unwrap());
    let abandoned = daemon.queue(&body).await.request.id;
    loop {
        daemon.poll(id, &token, "").await.expect_status(200);
        // Everybody may look, which keeps nothing.
        if daemon.get(&format!("/v1/requests/{abandoned}")).await.status() == 410 {
            break;
        }
        tokio::task::yield_now().await;
    }
    daemon.poll(id, &token, "").await.expect_status(200);
    let target = format!("/v1/requests/{id}/renew");
    daemon.with_token("POST", &target, &token).await.expect_status(200);
}

#[tokio::test]
async fn a_call_that_waits_is_told_of_the_end_and_of_a_restart() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.lease(&request_for("bench-1")).await;
    let mut body = request_for("bench-1");
    body["wait"] = json!("1s");
    let hasty = daemon.queue(&body).await;
    let mut poll =
        daemon.begin_poll(hasty.request.id, &hasty.request.token.unwrap(), "?wait=1m").await;
    let gone = poll.reply().await.expect_problem(410, "gone");
    assert_eq!((&gone.more["reason"], &gone.more["id"]), (&json!("wait_expired"), &json!(2)));

    let patient = daemon.queue(&request_for("bench-1")).await;
    let (id, token) = (patient.request.id, patient.request.token.unwrap());
    let mut poll = daemon.begin_poll(id, &token, "?wait=1m&position=1").await;
    // That it is followed shows in the events.
    daemon.events("", &[]).await;
    daemon.signal(nix::sys::signal::Signal::SIGTERM);
    let reply = poll.reply().await;
    reply.expect_problem(503, "draining");
    assert!(reply.header("retry-after").is_some());
    let daemon = daemon.stopped().await.start().await;
    daemon.release(holder.id, &holder.token).await;
    assert_eq!(daemon.expect_lease(id, &token).await.id, id);
}

#[tokio::test]
async fn two_calls_that_wait_with_one_token_both_get_an_answer() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let holder = daemon.lease(&request_for("bench-1")).await;
    let pending = daemon.queue(&request_for("bench-1")).await;
    let (id, token) = (pending.request.id, pending.request.token.unwrap());
    let mut first = daemon.begin_poll(id, &token, "?wait=1m&position=1").await;
    let mut second = daemon.begin_poll(id, &token, "?wait=1m&position=1").await;
    // One of them is told after a moment how things stand.
    let early = tokio::select! {
        reply = first.reply() => reply,
        reply = second.reply() => reply,
    };
    early.expect_status(200);
    daemon.release(holder.id, &holder.token).await;
    daemon.expect_lease(id, &token).await;
}

#[tokio::test]
async fn what_makes_no_sense_to_wait_for_is_refused() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let _holder = daemon.hold("").await;
    let pending = daemon.queue(&request_for("bench-1")).await;
    let (id, token) = (pending.request.id, pending.request.token.unwrap());
    for (query, parameter) in [
        ("?wait=61s", "wait"),
        ("?wait=soon", "wait"),
        ("?position=1", "position"),
        ("?wait=1s&position=first", "position"),
        ("?wait=1s&colour=red", "colour"),
    ] {
        let problem = daemon.poll(id, &token, query).await.expect_problem(400, "malformed");
        assert_eq!(problem.more["parameter"], parameter, "{query}");
    }
    let target = format!("/v1/requests/{id}?wait=1s");
    daemon.get(&target).await.expect_problem(403, "wrong_token");
    daemon.poll(id, "wrong", "?wait=1s").await.expect_problem(403, "wrong_token");

    // What its connection keeps is looked at, and not taken from there.
    let mut stream = daemon.lock("").await;
    let queued = stream.expect_queued().await;
    let reply = daemon.poll(queued.id, &queued.token.unwrap(), "?wait=1m").await;
    assert_eq!(read::<PendingRequest>(&reply.expect_status(200)).ttl, None);
    daemon.expect_waiting(2).await;
}
