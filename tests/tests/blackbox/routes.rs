//! Every route answers bad requests with a problem document.

use std::collections::BTreeSet;

use tests::inventories::ONE_BENCH;
use tests::{Connection, Daemon};

/// Each path and its methods.
pub(crate) const ROUTES: [(&str, &[&str]); 43] = [
    ("/", &["GET", "HEAD"]),
    ("/lock", &["POST"]),
    ("/inventory", &["GET", "HEAD", "POST"]),
    ("/healthz", &["GET", "HEAD"]),
    ("/v1/leases", &["GET", "HEAD", "POST"]),
    ("/v1/leases/1", &["GET", "HEAD", "DELETE"]),
    ("/v1/leases/1/verify", &["GET", "HEAD"]),
    ("/v1/leases/1/renew", &["POST"]),
    ("/v1/leases/1/extend", &["POST"]),
    ("/v1/leases/1/transfer", &["POST"]),
    ("/v1/leases/1/allow", &["POST"]),
    ("/v1/leases/1/allow/bob", &["DELETE"]),
    ("/v1/requests", &["GET", "HEAD"]),
    ("/v1/requests/1", &["GET", "HEAD", "DELETE"]),
    ("/v1/requests/1/renew", &["POST"]),
    ("/v1/resources", &["GET", "HEAD"]),
    ("/v1/resources/bench-1", &["GET", "HEAD"]),
    ("/v1/stacks", &["GET", "HEAD"]),
    ("/v1/events", &["GET", "HEAD"]),
    ("/v1/inventory/revisions", &["GET", "HEAD"]),
    ("/openapi.json", &["GET", "HEAD"]),
    ("/docs", &["GET", "HEAD"]),
    ("/ws", &["GET", "HEAD"]),
    ("/api/v1/resources", &["GET", "HEAD"]),
    ("/api/v1/resources/1", &["GET", "HEAD"]),
    ("/api/v1/resources/lock", &["POST"]),
    ("/api/v1/resources/1/lock", &["POST"]),
    ("/api/v1/resources/1/unlock", &["POST"]),
    ("/api/v1/resources/1/extend", &["POST"]),
    ("/api/v1/reservations", &["GET", "HEAD", "POST"]),
    ("/api/v1/reservations/res_1", &["GET", "HEAD", "DELETE"]),
    ("/api/v1/reservations/res_1/claim", &["POST"]),
    ("/rentabot/api/v1.0/resources", &["GET", "HEAD"]),
    ("/rentabot/api/v1.0/resources/1", &["GET", "HEAD"]),
    ("/rentabot/api/v1.0/resources/lock", &["POST"]),
    ("/rentabot/api/v1.0/resources/1/lock", &["POST"]),
    ("/rentabot/api/v1.0/resources/1/unlock", &["POST"]),
    ("/rentabot/api/v1.0/resources/1/extend", &["POST"]),
    ("/rentabot/api/v1.0/reservations", &["GET", "HEAD", "POST"]),
    ("/rentabot/api/v1.0/reservations/res_1", &["GET", "HEAD", "DELETE"]),
    ("/rentabot/api/v1.0/reservations/res_1/claim", &["POST"]),
    ("/health", &["GET", "HEAD"]),
    ("/readiness", &["GET", "HEAD"]),
];

#[tokio::test]
async fn a_method_that_a_path_does_not_have_gets_405_and_the_ones_that_it_has() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for (path, methods) in ROUTES {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
            if methods.contains(&method) {
                continue;
            }
            let reply = daemon.send(method, path, &[]).await;
            let problem = reply.expect_problem(405, "method_not_allowed");
            assert!(problem.detail.contains(method), "{problem:?}");
            let allowed: BTreeSet<&str> =
                reply.header("allow").expect("Allow").split(',').map(str::trim).collect();
            assert_eq!(allowed, methods.iter().copied().collect(), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_path_that_is_not_there_gets_404() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for path in [
        "/nowhere",
        "/lock/bench-1",
        "/Lock",
        "/inventory/lab",
        "/v1",
        "/v1/",
        "/v1/leases/",
        "/v1/leases/abc",
        "/v1/leases/-1",
        "/v1/leases/99999999999999999999999",
        "/v1/leases/+1",
        "/v1/leases/1/2",
        "/v1/leases/1/allow/",
        "/v1/leases/1/allow/bob/2",
        "/v1/leases/1/renew/",
        "/v1/requests/",
        "/v1/requests/1/extend",
        "/v1/resources/",
        "/v1/resources/%FF",
        "/%2e%2e/etc/passwd",
        "/../../etc/passwd",
        "/favicon.ico",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            daemon.send(method, path, &[]).await.expect_problem(404, "not_found");
        }
    }
}

#[tokio::test]
async fn head_answers_like_get_without_the_body() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for path in ["/healthz", "/inventory", "/v1/resources", "/v1/leases", "/v1/resources/bench-1"] {
        let length = daemon.get(path).await.expect_status(200).body.len();
        let mut connection = daemon.connect().await;
        connection.request("HEAD", path).await;
        let head = connection.head().await;
        assert_eq!(head.status, 200);
        assert_eq!(head.header("content-length"), Some(length.to_string().as_str()), "{path}");
        // Nothing of a body stands before the next response.
        connection.request("GET", "/healthz").await;
        assert_eq!(connection.reply().await.json()["status"], "ok");
    }
}

#[tokio::test]
async fn a_parameter_that_a_route_does_not_have_is_refused_by_its_name() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for (method, target, parameter) in [
        ("GET", "/?colour=red", "colour"),
        ("GET", "/?pool=lab&pool=lab", "pool"),
        ("GET", "/healthz?verbose=1", "verbose"),
        ("GET", "/inventory?format=json", "format"),
        ("POST", "/inventory?dryrun=true", "dryrun"),
        ("POST", "/inventory?dry_run=yes", "dry_run"),
        ("POST", "/inventory?dry_run=", "dry_run"),
        ("POST", "/inventory?dry_run=true&dry_run=true", "dry_run"),
        ("DELETE", "/v1/leases/1?force=true", "force"),
        ("POST", "/v1/leases?ttl=1m", "ttl"),
        ("POST", "/v1/leases/1/renew?ttl=1m", "ttl"),
        ("POST", "/v1/leases/1/extend?by=1m", "by"),
        ("POST", "/v1/leases/1/transfer?to=bob", "to"),
        ("POST", "/v1/leases/1/allow?who=bob", "who"),
        ("DELETE", "/v1/leases/1/allow/bob?force=true", "force"),
        ("DELETE", "/v1/leases/1?resource=", "resource"),
        ("DELETE", "/v1/requests/1?resource=bench-1", "resource"),
        ("GET", "/v1/leases/1?wait=1s", "wait"),
        ("GET", "/v1/leases/1/verify?fence=1&fence=2", "fence"),
        ("GET", "/v1/requests/1?wait=1h", "wait"),
        ("GET", "/v1/resources/bench-1?state=free", "state"),
        ("GET", "/v1/stacks?limit=1", "limit"),
        ("GET", "/v1/events?after=0", "after"),
        ("GET", "/v1/resources?colour=red", "colour"),
        ("GET", "/v1/resources?priority=1", "priority"),
        ("GET", "/v1/resources?pool=lab&pool=lab", "pool"),
        ("GET", "/v1/resources?state=blue", "state"),
        ("GET", "/v1/resources?state=", "state"),
        ("GET", "/v1/resources?state=[free", "state"),
        ("GET", "/v1/resources?where=name", "where"),
        ("GET", "/v1/resources?location=%FF", "location"),
    ] {
        let body =
            if target.starts_with("/inventory") && method == "POST" { ONE_BENCH } else { "" };
        let reply = daemon.send_body(method, target, &[], body).await;
        let problem = reply.expect_problem(400, "malformed");
        assert_eq!(problem.more["parameter"], parameter, "{method} {target}");
    }
    assert_eq!(daemon.pool().await.revision, 1, "nothing was changed");
}

#[tokio::test]
async fn a_pool_that_is_not_there_is_refused_on_every_route_that_takes_one() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for (method, target) in [
        ("GET", "/?pool=nowhere"),
        ("GET", "/v1/resources?pool=nowhere"),
        ("POST", "/lock?pool=nowhere"),
        ("DELETE", "/v1/leases/1?pool=nowhere"),
        ("GET", "/v1/leases/1?pool=nowhere"),
        ("GET", "/v1/leases/1/verify?fence=1&pool=nowhere"),
        ("GET", "/v1/leases?pool=nowhere"),
        ("GET", "/v1/requests?pool=nowhere"),
        ("GET", "/v1/requests/1?pool=nowhere"),
        ("GET", "/v1/resources/bench-1?pool=nowhere"),
        ("GET", "/v1/stacks?pool=nowhere"),
        ("GET", "/v1/events?pool=nowhere"),
        ("POST", "/v1/leases/1/renew?pool=nowhere"),
    ] {
        daemon.send(method, target, &[]).await.expect_problem(404, "no_such_pool");
    }
}

#[tokio::test]
async fn a_body_where_none_belongs_is_refused() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for (method, target) in [
        ("GET", "/"),
        ("GET", "/healthz"),
        ("GET", "/inventory"),
        ("GET", "/v1/resources"),
        ("DELETE", "/v1/leases/1"),
        ("GET", "/v1/leases"),
        ("GET", "/v1/leases/1"),
        ("GET", "/v1/leases/1/verify?fence=1"),
        ("DELETE", "/v1/leases/1/allow/bob"),
        ("GET", "/v1/requests"),
        ("GET", "/v1/requests/1"),
        ("DELETE", "/v1/requests/1"),
        ("GET", "/v1/resources/bench-1"),
        ("GET", "/v1/stacks"),
        ("GET", "/v1/events"),
    ] {
        let reply = daemon.send_body(method, target, &[], "surprise").await;
        reply.expect_problem(400, "malformed");
    }
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_whether_its_length_is_announced_or_not() {
    let daemon = Daemon::with(ONE_BENCH).flag("--max-body", "1000").start().await;
    let body = format!("{ONE_BENCH}#{}", "x".repeat(1000));
    daemon.post_inventory("/inventory", &body).await.expect_problem(413, "too_large");

    for path in ["/inventory", "/lock"] {
        let mut connection = daemon.connect().await;
        let chunked = [("Transfer-Encoding", "chunked")];
        let head = connection.request_head("POST", path, &chunked);
        connection.send(head).await;
        for _ in 0..20 {
            let chunk = format!("64\r\n{}\r\n", "x".repeat(100));
            // The daemon may answer and close before all is sent.
            if connection.try_send(chunk).await.is_err() {
                break;
            }
        }
        connection.reply().await.expect_problem(413, "too_large");
    }
    // A client that waits to be told to go on is told not to, and sends nothing.
    let mut connection = daemon.connect().await;
    let headers = [("Content-Length", "1001"), ("Expect", "100-continue")];
    let head = connection.request_head("POST", "/inventory", &headers);
    connection.send(head).await;
    connection.reply().await.expect_problem(413, "too_large");

    assert_eq!(daemon.pool().await.revision, 1, "nothing was changed");
    // And one below the limit is taken, chunked as well.
    let mut connection = daemon.connect().await;
    let head = connection.request_head("POST", "/inventory", &[("Transfer-Encoding", "chunked")]);
    let chunk = format!("{:x}\r\n{ONE_BENCH}\r\n0\r\n\r\n", ONE_BENCH.len());
    connection.send(head + &chunk).await;
    connection.reply().await.expect_status(200);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let daemon = Daemon::with(ONE_BENCH).flag("--body-timeout", "200ms").start().await;
    for path in ["/inventory", "/lock"] {
        for headers in [[("Content-Length", "100")], [("Transfer-Encoding", "chunked")]] {
            let mut connection = daemon.connect().await;
            let head = connection.request_head("POST", path, &headers);
            connection.send(head).await;
            connection.reply().await.expect_problem(408, "timeout");
        }
    }
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_head_that_does_not_arrive_is_given_up() {
    let daemon = Daemon::with(ONE_BENCH).flag("--header-timeout", "1s").start().await;
    for sent in ["", "GET", "POST /lock HTTP/1.1\r\nHost: x\r\nX-Slow:"] {
        let mut connection = daemon.connect().await;
        connection.send(sent).await;
        let answer = String::from_utf8_lossy(&connection.until_end().await).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{sent:?}: {answer}");
    }
    // A stream that is being served is not such a head, however long nothing is sent.
    let mut holder = daemon.hold("").await;
    let mut silent = daemon.connect().await;
    silent.until_end().await;
    daemon.refused("wait=0").await.expect_problem(409, "busy");
    holder.connection.finish_sending();
    holder.until_end().await;
}

#[tokio::test]
async fn what_is_not_http_is_not_answered_as_if_it_were() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for sent in ["\0\0\0\0", "hello\r\n\r\n", "GET /\r\n\r\n", "POST /lock HTTP/9.9\r\n\r\n"] {
        let mut connection: Connection = daemon.connect().await;
        connection.send(sent).await;
        connection.finish_sending();
        let answer = String::from_utf8_lossy(&connection.until_end().await).into_owned();
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{sent:?}: {answer}");
    }
    // What a client says that speaks TLS to this port.
    let mut connection = daemon.connect().await;
    connection.send([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]).await;
    connection.finish_sending();
    connection.until_end().await;
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_lease_ends_by_its_token_only() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut stream = daemon.lock("").await;
    let lease = stream.expect_granted().await;
    let target = format!("/v1/leases/{}", lease.id);

    for headers in [
        &[][..],
        &[("Authorization", "Bearer 00000000000000000000000000000000")],
        &[("Authorization", "Bearer")],
        &[("Authorization", "Basic YTpi")],
        &[("Authorization", lease.token.as_str())],
    ] {
        daemon.send("DELETE", &target, headers).await.expect_problem(403, "wrong_token");
    }
    daemon.release(99, &lease.token).await.expect_problem(404, "no_request");

    assert_eq!(daemon.release(lease.id, &lease.token).await.status(), 204);
    assert_eq!(stream.expect_ended().await, respo::EndReason::Released);
    daemon.release(lease.id, &lease.token).await.expect_problem(404, "no_request");
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_waiting_request_ends_by_its_token() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let _holder = daemon.hold("").await;
    let mut waiter = daemon.lock("").await;
    let request = waiter.expect_queued().await;
    let token = request.token.expect("the first queued line has the token");
    assert_eq!(daemon.release(request.id, &token).await.status(), 204);
    assert_eq!(waiter.expect_ended().await, respo::EndReason::Released);
    daemon.expect_waiting(0).await;
}

#[tokio::test]
async fn the_health_check_says_ok() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let reply = daemon.get("/healthz").await.expect_status(200);
    assert_eq!(reply.media_type(), "application/json");
    assert_eq!(reply.json(), serde_json::json!({"status": "ok"}));
}

#[tokio::test]
async fn a_queue_that_is_full_takes_nobody_more() {
    let daemon = Daemon::with(ONE_BENCH).flag("--max-waiting", "2").start().await;
    let holder = daemon.hold("").await;
    let mut first = daemon.lock("").await;
    first.expect_queued().await;
    let mut second = daemon.lock("").await;
    second.expect_queued().await;
    let reply = daemon.refused("priority=1000").await;
    reply.expect_problem(429, "queue_full");
    // Who does not want to wait needs no place.
    daemon.refused("wait=0").await.expect_problem(409, "busy");
    holder.close();
    first.expect_granted().await;
    let mut third = daemon.lock("").await;
    third.expect_queued().await;
}
