//! What becomes of a lease or a waiting request when its connection breaks.

use std::time::{Duration, Instant};

use rpclient::{Error, LeaseState, LostReason, Notice, Wait};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::fake_respod::FakeRespod;
use crate::requests::{
    DEADLINE, GRANTED, HEARTBEAT, MUCH_LONGER, QUEUED, SHORT, bench_1, client, held, impatient,
    lingering, server_is_missed, waiting,
};
use crate::surface::{Surface, on_each_surface};

on_each_surface! {
    a_lease_without_linger_is_taken_up_again_as_often_as_its_connection_breaks
    a_break_is_told_with_its_cause_and_with_how_long_the_lease_is_safe
    a_server_that_is_not_there_is_waited_for_without_a_limit
    what_the_server_does_not_know_any_more_is_lost_at_once
    an_end_that_comes_in_place_of_a_stream_is_the_reason_of_the_loss
    a_lease_that_is_another_one_by_now_is_lost
    after_a_silence_one_more_attempt_may_succeed
    after_a_silence_one_more_attempt_that_fails_is_the_last
    a_server_that_does_not_answer_any_more_is_not_waited_for
    neither_a_tunnel_without_its_other_end_nor_a_full_server_shows_that_the_lease_is_kept
    a_lingering_lease_outlasts_a_server_that_does_not_answer
    an_announced_restart_is_come_back_from
    after_a_restart_with_a_short_grace_a_server_is_not_trusted_for_longer
    a_waiting_request_keeps_its_place
    a_waiting_request_that_is_another_one_by_now_is_not_gone_on_with
    a_request_is_given_up_when_its_time_to_wait_is_over_while_the_server_is_away
    coming_back_does_not_begin_anew_whenever_nobody_listens_for_a_moment
}

async fn a_lease_without_linger_is_taken_up_again_as_often_as_its_connection_breaks(
    surface: Surface,
) {
    let server = FakeRespod::speaking(surface).await;
    let (mut stream, mut lease) = held(&server, &client(&server), &bench_1()).await;
    for _ in 0..3 {
        drop(stream);
        stream = server.stream(GRANTED).await;
        assert!(stream.resumes("s3cret"), "{}", stream.head);
        // It is away in between, which this may be too late to see.
        while lease.state_changed().await != LeaseState::Held {}
    }
    stream.line(HEARTBEAT).await;
    assert_eq!(lease.state(), LeaseState::Held);
}

async fn a_break_is_told_with_its_cause_and_with_how_long_the_lease_is_safe(surface: Surface) {
    for (request, seconds) in [(bench_1(), 16), (lingering(), 60)] {
        let server = FakeRespod::speaking(surface).await;
        let (stream, mut lease) = held(&server, &client(&server), &request).await;
        drop(stream);
        let away = lease.state_changed().await;
        let LeaseState::Away { cause: LostReason::Disconnected(_), until: Some(until) } = away
        else {
            panic!("{away:?}")
        };
        let left = until - Instant::now();
        let whole = Duration::from_secs(seconds);
        assert!(left <= whole && left > whole / 2, "{left:?} are left of {whole:?}");
    }
}

async fn a_server_that_is_not_there_is_waited_for_without_a_limit(surface: Surface) {
    let server = FakeRespod::speaking(surface).await;
    let client = impatient(&server);
    // How long it was ready to wait for the grant does not matter any more.
    let mut request = bench_1();
    request.wait = Wait::UpTo(SHORT);
    let (stream, mut lease) = held(&server, &client, &request).await;
    let stopped = server.stop();
    drop(stream);
    server_is_missed(&mut lease).await;
    let lost = timeout(MUCH_LONGER, lease.lost()).await;
    assert!(lost.is_err(), "{lost:?}");
    let server = stopped.start().await;
    let _stream = server.stream(GRANTED).await;
    while lease.state_changed().await != LeaseState::Held {}
}

#[tokio::test]
async fn who_answers_that_there_is_no_server_is_asked_again_without_a_limit() {
    let server = FakeRespod::start().await;
    let (stream, mut lease) = held(&server, &impatient(&server), &bench_1()).await;
    drop(stream);
    for status in ["502 Bad Gateway", "503 Service Unavailable"] {
        server.request().await.answer(status, "text/html", "<html>").await;
        server_is_missed(&mut lease).await;
        // Something else may be there for a moment. How long the lease is safe then is limited again.
        server.request().await.answer("404 Not Found", "text/html", "<html>").await;
        let LeaseState::Away { until: Some(_), .. } = lease.state_changed().await else { panic!() };
    }
    let began = Instant::now();
    while began.elapsed() < MUCH_LONGER {
        server.request().await.refuse(503, "draining").await;
    }
    let _stream = server.stream(GRANTED).await;
    while lease.state_changed().await != LeaseState::Held {}
}

async fn what_the_server_does_not_know_any_more_is_lost_at_once(surface: Surface) {
    let server = FakeRespod::speaking(surface).await;
    for (request, status, code) in [
        (bench_1(), 403, "wrong_token"),
        (lingering(), 403, "wrong_token"),
        (lingering(), 404, "no_such_pool"),
    ] {
        let (stream, lease) = held(&server, &client(&server), &request).await;
        drop(stream);
        server.request().await.refuse(status, code).await;
        assert_eq!(lease.lost().await, LostReason::Gone("what happened".to_owned()));

        let (stream, pending) = waiting(&server, &client(&server), &request).await;
        drop(stream);
        let (error, ()) = tokio::join!(pending.granted(), async {
            server.request().await.refuse(status, code).await;
        });
        let Err(Error::Ended(ending)) = error else { panic!("{error:?}") };
        assert_eq!(ending.to_string(), "what happened");
    }
}

async fn an_end_that_comes_in_place_of_a_stream_is_the_reason_of_the_loss(surface: Surface) {
    let server = FakeRespod::speaking(surface).await;
    let (stream, lease) = held(&server, &client(&server), &bench_1()).await;
    drop(stream);
    let ended = r#"{"event":"ended","id":2,"reason":"orphaned","detail":"nobody came back"}"#;
    let _stream = server.stream(ended).await;
    let reason = lease.lost().await;
    assert!(matches!(reason, LostReason::Ended(_)), "{reason:?}");
}

async fn a_lease_that_is_another_one_by_now_is_lost(surface: Surface) {
    let server = FakeRespod::speaking(surface).await;
    for (line, hint) in [
        (GRANTED.replace(r#""fence":7"#, r#""fence":8"#), "fence 8"),
        (GRANTED.replace(r#""id":2"#, r#""id":3"#), "request 3"),
        (QUEUED.to_owned(), "waits"),
    ] {
        let (stream, lease) = held(&server, &client(&server), &lingering()).await;
        drop(stream);
        let _stream = server.stream(&line).await;
        let reason = lease.lost().await;
        assert!(matches!(reason, LostReason::Protocol(_)), "{line}: {reason:?}");
        assert!(reason.to_string().contains(hint), "{line}: {reason}");
    }
}

async fn after_a_silence_one_more_attempt_may_succeed(surface: Surface) {
    let server = FakeRespod::speaking(surface).await;
    let (silent, mut lease) = held(&server, &impatient(&server), &bench_1()).await;
    let mut stream = server.request().await;
    assert!(stream.resumes("s3cret"), "{}", stream.head);
    // Until it has answered, it may still think that the old connection is there, and must do so: for a
    // server that was only busy, the end of that would be the end of the lease.
    assert!(silent.is_open());
    stream.begin_stream(GRANTED).await;
    while lease.state_changed().await != LeaseState::Held {}
    silent.closed().await;
}

async fn after_a_silence_one_more_attempt_that_fails_is_the_last(surface: Surface) {
    let server = FakeRespod::speaking(surface).await;
    let (_silent, lease) = held(&server, &impatient(&server), &bench_1()).await;
    let _no_answer = server.request().await;
    let reason = timeout(DEADLINE, lease.lost()).await.unwrap();
    assert_eq!(reason, LostReason::Silent(SHORT));

    let server = FakeRespod::speaking(surface).await;
    let (_silent, pending) = waiting(&server, &impatient(&server), &bench_1()).await;
    let error = pending.granted().await;
    assert!(matches!(error, Err(Error::Unreachable { .. })), "{error:?}");
}

async fn a_server_that_does_not_answer_any_more_is_not_waited_for(surface: Surface) {
    let server = FakeRespod::speaking(surface).await;
    let (stream, lease) = held(&server, &impatient(&server), &bench_1()).await;
    drop(stream);
    // It accepts connections until then, since its kernel does.
    let reason = lease.lost().await;
    assert!(matches!(reason, LostReason::Disconnected(_)), "{reason:?}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_to_its_first_line_proves_nothing() {
    let server = FakeRespod::start().await;
    let (stream, lease) = held(&server, &impatient(&server), &bench_1()).await;
    drop(stream);
    let serve = async {
        loop {
            server.stream(HEARTBEAT).await;
        }
    };
    let reason = tokio::select! {
        () = serve => unreachable!(),
        reason = timeout(DEADLINE, lease.lost()) => reason.unwrap(),
    };
    assert!(matches!(reason, LostReason::Disconnected(_)), "{reason:?}");
}

async fn neither_a_tunnel_without_its_other_end_nor_a_full_server_shows_that_the_lease_is_kept(
    surface: Surface,
) {
    let server = FakeRespod::speaking(surface).await;
    for is_full in [false, true] {
        let (stream, lease) = held(&server, &impatient(&server), &bench_1()).await;
        drop(stream);
        let serve = async {
            loop {
                let exchange = server.request().await;
                if is_full {
                    exchange.refuse(503, "overloaded").await;
                }
            }
        };
        let lost = async { timeout(DEADLINE, lease.lost()).await.unwrap() };
        let reason = tokio::select! {
            () = serve => unreachable!(),
            reason = lost => reason,
        };
        assert!(matches!(reason, LostReason::Disconnected(_)), "{reason:?}");
    }
}

async fn a_lingering_lease_outlasts_a_server_that_does_not_answer(surface: Surface) {
    let server = FakeRespod::speaking(surface).await;
    let (stream, mut lease) = held(&server, &impatient(&server), &lingering()).await;
    drop(stream);
    let began = Instant::now();
    while began.elapsed() < MUCH_LONGER {
        // It closes each connection without a word.
        server.request().await;
    }
    let _stream = server.stream(GRANTED).await;
    while lease.state_changed().await != LeaseState::Held {}
}

async fn an_announced_restart_is_come_back_from(surface: Surface) {
    let server = FakeRespod::speaking(surface).await;
    let (mut stream, mut lease) = held(&server, &client(&server), &bench_1()).await;
    stream.line(r#"{"event":"restarting","grace_seconds":60}"#).await;
    let stopped = server.stop();
    drop(stream);
    let away = lease.state_changed().await;
    let LeaseState::Away { cause, .. } = away else { panic!("{away:?}") };
    assert!(cause.to_string().contains("restart"), "{cause}");
    server_is_missed(&mut lease).await;
    let server = stopped.start().await;
    let _stream = server.stream(GRANTED).await;
    while lease.state_changed().await != LeaseState::Held {}
}

async fn after_a_restart_with_a_short_grace_a_server_is_not_trusted_for_longer(surface: Surface) {
    let server = FakeRespod::speaking(surface).await;
    let (mut stream, lease) = held(&server, &client(&server), &lingering()).await;
    stream.line(r#"{"event":"restarting","grace_seconds":1}"#).await;
    drop(stream);
    let _no_answer = server.request().await;
    let reason = timeout(DEADLINE, lease.lost()).await.unwrap();
    assert!(matches!(reason, LostReason::Disconnected(_)), "{reason:?}");
}

async fn a_waiting_request_keeps_its_place(surface: Surface) {
    let server = FakeRespod::speaking(surface).await;
    for request in [bench_1(), lingering()] {
        let (stream, mut pending) = waiting(&server, &client(&server), &request).await;
        assert!(matches!(pending.next().await, Some(Notice::Queued(_))));
        drop(stream);
        assert!(matches!(pending.next().await, Some(Notice::Away { .. })));
        let (stream, back) = tokio::join!(server.stream(QUEUED), pending.next());
        assert!(stream.resumes("s3cret"), "{}", stream.head);
        assert_eq!(back, Some(Notice::Resumed));
        let back = pending.next().await;
        let Some(Notice::Queued(place)) = back else { panic!("{back:?}") };
        assert_eq!(place.id, pending.id());
        // Its turn comes during the next break.
        drop(stream);
        let (_stream, lease) = tokio::join!(server.stream(GRANTED), pending.granted());
        assert_eq!(lease.unwrap().fence().0, 7);
    }
}

async fn a_waiting_request_that_is_another_one_by_now_is_not_gone_on_with(surface: Surface) {
    let server = FakeRespod::speaking(surface).await;
    let client = client(&server);
    let (stream, pending) = waiting(&server, &client, &bench_1()).await;
    drop(stream);
    let other = QUEUED.replace(r#""id":2"#, r#""id":3"#);
    let (_stream, error) = tokio::join!(server.stream(&other), pending.granted());
    assert!(matches!(error, Err(Error::Protocol { .. })), "{error:?}");
}

async fn a_request_is_given_up_when_its_time_to_wait_is_over_while_the_server_is_away(
    surface: Surface,
) {
    let server = FakeRespod::speaking(surface).await;
    let client = client(&server);
    let mut request = bench_1();
    request.wait = Wait::UpTo(Duration::from_secs(1));
    let (stream, pending) = waiting(&server, &client, &request).await;
    let _stopped = server.stop();
    drop(stream);
    let error = timeout(DEADLINE, pending.granted()).await.unwrap();
    let Err(error @ Error::Unreachable { .. }) = error else { panic!("{error:?}") };
    assert!(error.to_string().contains("time to wait"), "{error}");
}

async fn coming_back_does_not_begin_anew_whenever_nobody_listens_for_a_moment(surface: Surface) {
    let server = FakeRespod::speaking(surface).await;
    let client = client(&server);
    let (stream, mut pending) = waiting(&server, &client, &bench_1()).await;
    drop(stream);
    let (listened, has_listened) = oneshot::channel();
    let serve = async {
        let mut stream = server.request().await;
        has_listened.await.unwrap();
        stream.begin_stream(GRANTED).await;
        stream
    };
    let listen = async {
        // As a terminal does that draws the waiting many times a second.
        for _ in 0..20 {
            timeout(Duration::from_millis(5), pending.next()).await.ok();
        }
        listened.send(()).unwrap();
        pending.granted().await
    };
    let (_stream, lease) = tokio::join!(serve, timeout(DEADLINE, listen));
    assert_eq!(lease.unwrap().unwrap().fence().0, 7);
}
