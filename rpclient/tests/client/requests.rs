//! The requests that tests make, and what the server says to them.

use std::time::Duration;

use rpclient::{Client, ClientBuilder, Hold, Lease, LeaseState, Name, Pending, Request, Selector};

use crate::fake_respod::{Exchange, FakeRespod};

pub(crate) const QUEUED: &str = r#"{"event":"queued","request":{"id":2,"token":"s3cret","position":1,"of":1,"since":"2026-11-21T08:15:30.250000Z","candidates":[{"resource":"bench-1","state":"leased","lease":{"id":1,"fence":1,"holder":"ci-88","since":"2026-11-21T08:10:02.100000Z"}}],"candidates_total":1}}"#;
pub(crate) const GRANTED: &str = r#"{"event":"granted","lease":{"id":2,"token":"s3cret","fence":7,"pool":"lab","resource":{"name":"bench-1","entities":{"dut":{"attributes":["arm64"],"properties":{"key":"pr0perty"}}}},"since":"2026-11-21T08:15:31.250000Z"}}"#;
/// A lease of two phones, for one requirement, and a relay, for another.
pub(crate) const GRANTED_THREE: &str = r#"{"event":"granted","lease":{"id":2,"token":"s3cret","fence":7,"pool":"phones","resources":[[{"name":"phone-2","pairing":["sim"]},{"name":"phone-1","pairing":["sim"]}],[{"name":"relay-1","properties":{"channels":2}}]],"since":"2026-11-21T08:15:31.250000Z"}}"#;
/// A resource of each of two pools.
pub(crate) const RESOURCES: &str = r#"{"resources":[{"pool":"lab","name":"bench-1","state":"free","attributes":["can"],"entities":{"dut":{"attributes":["arm64"]}},"queue":0},{"pool":"phones","name":"phone-1","state":"collateral","attributes":[],"entities":{},"queue":2}]}"#;
pub(crate) const HEARTBEAT: &str = r#"{"event":"heartbeat","time":"2026-11-21T08:15:35.250000Z"}"#;

/// A limit of silence for tests that have to wait until it has passed.
pub(crate) const SHORT: Duration = Duration::from_millis(200);
/// Much longer than a client with a [`SHORT`] limit takes to give up a lease.
pub(crate) const MUCH_LONGER: Duration = Duration::from_secs(3);
/// Longer than anything takes that must come, on a loaded machine, too; shorter than the linger of
/// [`lingering`].
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) fn client(server: &FakeRespod) -> Client {
    builder(server).build()
}

/// A client that soon takes a server for gone which does not answer.
pub(crate) fn impatient(server: &FakeRespod) -> Client {
    builder(server).silence_limit(SHORT).build()
}

pub(crate) fn builder(server: &FakeRespod) -> ClientBuilder {
    Client::builder(&server.url()).unwrap()
}

pub(crate) fn bench_1() -> Request {
    Request::one(Selector::named(Name::new("bench-1").unwrap()))
}

pub(crate) fn lingering() -> Request {
    let mut request = bench_1();
    request.hold = Hold::Connection { linger: Duration::from_secs(60) };
    request
}

/// A lease that the server has just granted, and its connection.
pub(crate) async fn held(
    server: &FakeRespod,
    client: &Client,
    request: &Request,
) -> (Exchange, Lease) {
    held_as(GRANTED, server, client, request).await
}

/// A lease that the server has just granted with these words, and its connection.
pub(crate) async fn held_as(
    granted: &str,
    server: &FakeRespod,
    client: &Client,
    request: &Request,
) -> (Exchange, Lease) {
    let (stream, lease) = tokio::join!(server.stream(granted), client.acquire(request));
    (stream, lease.unwrap())
}

/// A request that the server has just put into the queue, and its connection.
pub(crate) async fn waiting(
    server: &FakeRespod,
    client: &Client,
    request: &Request,
) -> (Exchange, Pending) {
    let (stream, pending) = tokio::join!(server.stream(QUEUED), client.request(request));
    (stream, pending.unwrap())
}

/// Waits until the lease is away because the server is known not to be there.
pub(crate) async fn server_is_missed(lease: &mut Lease) {
    loop {
        match lease.state_changed().await {
            LeaseState::Away { until: None, .. } => return,
            LeaseState::Away { until: Some(_), .. } => {}
            other => panic!("it is {other:?}"),
        }
    }
}

/// A problem document.
pub(crate) fn problem(status: u16, code: &str, more: &str) -> String {
    format!(
        r#"{{"type":"urn:respo:problem:{code}","title":"t","status":{status},"code":"{code}","detail":"what happened"{more}}}"#
    )
}
