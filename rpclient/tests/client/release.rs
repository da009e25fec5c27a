//! Giving back what is leased, and leaving the queue, while the server is there and while it is not.

use rpclient::{Error, LeaseState};

use crate::fake_respod::{Exchange, FakeRespod};
use crate::requests::{
    SHORT, bench_1, builder, client, held, lingering, server_is_missed, waiting,
};
use crate::surface::{Surface, on_each_surface};

on_each_surface! {
    a_release_reaches_a_server_that_was_away
    what_has_ended_meanwhile_counts_as_released
    a_release_that_reaches_nobody_says_so_in_the_end
    a_place_is_given_up_at_a_server_that_was_away
}

/// The next request to release something. The attempts to come back meet with a server that is not there.
async fn next_release(server: &FakeRespod) -> Exchange {
    loop {
        let exchange = server.request().await;
        if exchange.head.starts_with("DELETE ") {
            return exchange;
        }
        exchange.refuse(503, "draining").await;
    }
}

async fn a_release_reaches_a_server_that_was_away(surface: Surface) {
    for request in [bench_1(), lingering()] {
        let server = FakeRespod::speaking(surface).await;
        let (stream, mut lease) = held(&server, &client(&server), &request).await;
        let stopped = server.stop();
        drop(stream);
        server_is_missed(&mut lease).await;
        let release = tokio::spawn(lease.release());
        let server = stopped.start().await;
        next_release(&server).await.refuse(503, "draining").await;
        let exchange = next_release(&server).await;
        assert!(exchange.head.starts_with("DELETE /v1/leases/2 "), "{}", exchange.head);
        assert!(exchange.head.contains("authorization: Bearer s3cret\r\n"), "{}", exchange.head);
        exchange.answer("204 No Content", "text/plain", "").await;
        release.await.unwrap().unwrap();
    }
}

async fn what_has_ended_meanwhile_counts_as_released(surface: Surface) {
    for (status, code) in [(403, "wrong_token"), (404, "no_request")] {
        let server = FakeRespod::speaking(surface).await;
        let (stream, mut lease) = held(&server, &client(&server), &bench_1()).await;
        let stopped = server.stop();
        drop(stream);
        server_is_missed(&mut lease).await;
        let mut release = tokio::spawn(lease.release());
        let server = stopped.start().await;
        let released = loop {
            tokio::select! {
                released = &mut release => break released,
                exchange = server.request() => exchange.refuse(status, code).await,
            }
        };
        released.unwrap().unwrap();
    }
}

async fn a_release_that_reaches_nobody_says_so_in_the_end(surface: Surface) {
    let server = FakeRespod::speaking(surface).await;
    let client = builder(&server).answer_timeout(SHORT).build();
    let (stream, mut lease) = held(&server, &client, &bench_1()).await;
    let _stopped = server.stop();
    drop(stream);
    server_is_missed(&mut lease).await;
    let error = lease.release().await;
    assert!(matches!(error, Err(Error::Unreachable { .. })), "{error:?}");
}

#[tokio::test]
async fn without_linger_the_end_of_the_connection_releases_where_no_word_can() {
    let server = FakeRespod::start().await;
    let (stream, lease) = held(&server, &client(&server), &bench_1()).await;
    // As while it stops: it takes no new connections, but has the old ones still.
    let _stopped = server.stop();
    assert_eq!(lease.state(), LeaseState::Held);
    lease.release().await.unwrap();
    stream.closed().await;
}

async fn a_place_is_given_up_at_a_server_that_was_away(surface: Surface) {
    let server = FakeRespod::speaking(surface).await;
    let client = client(&server);
    let (stream, pending) = waiting(&server, &client, &bench_1()).await;
    let stopped = server.stop();
    drop(stream);
    let cancel = tokio::spawn(pending.cancel());
    let server = stopped.start().await;
    next_release(&server).await.refuse(503, "draining").await;
    let exchange = next_release(&server).await;
    assert!(exchange.head.starts_with("DELETE /v1/leases/2 "), "{}", exchange.head);
    exchange.answer("204 No Content", "text/plain", "").await;
    cancel.await.unwrap().unwrap();
}
