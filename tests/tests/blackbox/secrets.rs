//! Properties and tokens are for the holder and for administrators, and for nobody else.

use respo::wire::GrantedLease;
use serde_json::json;
use tests::Daemon;
use tests::inventories::ONE_BENCH;
use tests::token_leases::read;

/// What must not be seen.
const SECRET: &str = "SECRET-KEY-1";

#[tokio::test]
async fn properties_and_tokens_are_not_in_the_overview_the_errors_or_the_log() {
    let daemon = Daemon::with(ONE_BENCH).flag("--log-level", "trace").start().await;
    let mut holder = daemon.lock("linger=1m&name=alice").await;
    let lease = holder.expect_granted().await;
    let properties = &lease.resource.as_ref().unwrap().entities["dut"].properties;
    assert_eq!(properties["api_key"], SECRET, "its holder sees it");
    let mut waiter = daemon.lock("linger=1m").await;
    let request = waiter.expect_queued().await;
    let waiting = request.token.clone().expect("a token");

    let mut seen = vec![format!("{:?}", request.candidates)];
    for accept in ["application/json", "text/html", "text/plain", "*/*"] {
        seen.push(daemon.send("GET", "/", &[("Accept", accept)]).await.expect_status(200).text());
    }
    for query in ["wait=0", "attributes=laser", "colour=red"] {
        seen.push(daemon.refused(query).await.text());
    }
    holder.close();
    let mut back = daemon.lock(&format!("resume={}", lease.token)).await;
    back.expect_granted().await;
    daemon.release(lease.id, &lease.token).await;
    waiter.expect_granted().await;
    seen.push(daemon.release(99, &lease.token).await.text());
    let malformed = format!("resume={}&colour=red", lease.token);
    seen.push(daemon.refused(&malformed).await.text());
    let invalid = ONE_BENCH.replace("location: office1", "location: []");
    seen.push(daemon.post_inventory("/inventory", &invalid).await.text());
    let log = daemon.log();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log says much: {log}");
    seen.push(log);

    for text in seen {
        for secret in [SECRET, "127.0.0.1:4567", &lease.token, &waiting] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

#[tokio::test]
async fn tokens_and_keys_of_token_leases_are_in_no_list_no_error_no_event_and_not_in_the_log() {
    let daemon = Daemon::with(ONE_BENCH).flag("--log-level", "trace").start().await;
    let key = "KEY-OF-ALICE";
    let body = json!({"requirements": [{}], "name": "alice"});
    let mut events = daemon.events("", &[]).await;
    let reply = daemon.post_lease(&[("Idempotency-Key", key)], &body).await.expect_status(201);
    let lease: GrantedLease = read(&reply);
    assert!(reply.text().contains(SECRET), "its holder sees it");
    let pending = daemon.queue(&body).await.request;
    let (waits, waiting) = (pending.id, pending.token.expect("a token"));
    let guest = daemon.issue(&lease, "allow", &json!({"who": "bob"})).await;
    let target = format!("/v1/leases/{}", lease.id);
    let seen_by_guest = daemon.with_token("GET", &target, &guest.token).await.text();
    assert!(!seen_by_guest.contains(&lease.token), "a guest has its own token: {seen_by_guest}");

    let mut seen = Vec::new();
    for target in [
        "/",
        "/v1/leases",
        "/v1/requests",
        "/v1/resources",
        "/v1/resources/bench-1",
        "/v1/stacks",
        &target,
        &format!("/v1/requests/{waits}"),
        &format!("{target}/verify?fence=1"),
    ] {
        seen.push(daemon.get(target).await.expect_status(200).text());
    }
    seen.push(daemon.poll(waits, &waiting, "").await.expect_status(200).text());
    let token = &lease.token;
    seen.push(daemon.act(lease.id, "renew", token, &json!({"ttl": "5m"})).await.text());
    seen.push(daemon.act(lease.id, "extend", token, &json!({"by": "x"})).await.text());
    seen.push(daemon.act(waits, "renew", token, &json!({})).await.text());
    seen.push(daemon.act(lease.id, "allow", &guest.token, &json!({"who": "eve"})).await.text());
    let other = json!({"requirements": [{}]});
    seen.push(daemon.post_lease(&[("Idempotency-Key", key)], &other).await.text());
    let issued = daemon.issue(&lease, "transfer", &json!({"to": "carol"})).await;
    seen.push(daemon.with_token("GET", &target, token).await.text());
    seen.push(daemon.post_lease(&[("Idempotency-Key", key)], &body).await.text());
    daemon.release(lease.id, &issued.token).await;
    daemon.expect_lease(waits, &waiting).await;
    seen.push(daemon.with_token("GET", &target, &issued.token).await.text());
    while !seen.last().is_some_and(|last| last.contains("\"ended\"")) {
        seen.push(events.next().await.expect("one more event").data.to_string());
    }
    let log = daemon.log();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log says much: {log}");
    seen.push(log);
    for text in seen {
        for secret in [SECRET, token, &waiting, &guest.token, &issued.token, key] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

#[tokio::test]
async fn the_inventory_is_for_administrators_where_there_is_a_token() {
    let daemon =
        Daemon::with(ONE_BENCH).file_flag("--admin-token-file", "correct-horse\n").start().await;
    for method in ["GET", "HEAD", "POST"] {
        for headers in [
            &[][..],
            &[("Authorization", "Bearer wrong")],
            &[("Authorization", "correct-horse")],
            &[("Authorization", "Basic Y29ycmVjdC1ob3JzZQ==")],
            &[("Authorization", "Bearer correct-horse"), ("Authorization", "Bearer correct-horse")],
        ] {
            let mut connection = daemon.connect().await;
            let head = connection.request_head(method, "/inventory", headers);
            connection.send(head).await;
            let head = connection.head().await;
            assert_eq!(head.status, 401, "{method} {headers:?}");
            assert!(head.header("www-authenticate").is_some_and(|it| it.starts_with("Bearer")));
            if method != "HEAD" {
                let body = connection.body().await;
                tests::Reply { head, body }.expect_problem(401, "unauthorized");
            }
        }
    }
    let admin = [("Authorization", "Bearer correct-horse")];
    let reply = daemon.send("GET", "/inventory", &admin).await.expect_status(200);
    assert!(reply.text().contains(SECRET));
    daemon.send_body("POST", "/inventory", &admin, ONE_BENCH).await.expect_status(200);

    // Nothing else needs it.
    daemon.get("/").await.expect_status(200);
    daemon.get("/healthz").await.expect_status(200);
    daemon.hold("").await.close();
    assert!(!daemon.log().contains("correct-horse"));
}

#[tokio::test]
async fn a_page_of_another_site_can_change_nothing() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let same = daemon.url();
    for (origin, refused) in [
        ("http://evil.example", true),
        ("null", true),
        ("https://127.0.0.1", true),
        ("http://127.0.0.1:1", true),
        (same.as_str(), false),
    ] {
        let headers = [("Origin", origin)];
        for (method, target, body, otherwise) in [
            ("POST", "/lock?wait=soon", "", 400),
            ("POST", "/inventory?dry_run=true", ONE_BENCH, 200),
            ("DELETE", "/v1/leases/1", "", 403),
            ("POST", "/v1/leases", "", 400),
            ("POST", "/v1/leases/1/renew", "", 403),
        ] {
            let reply = daemon.send_body(method, target, &headers, body).await;
            if refused {
                reply.expect_problem(403, "cross_origin");
            } else {
                assert_eq!(reply.status(), otherwise, "{method} {target}: {}", reply.text());
            }
        }
    }
    // No page of another site may read, either: no answer says that it might.
    let reply = daemon.send("GET", "/", &[("Origin", "http://evil.example")]).await;
    assert_eq!(reply.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn a_name_that_was_made_to_point_here_does_not_open_the_inventory() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let ask = async |host: &str| {
        let mut connection = daemon.connect().await;
        connection.send(format!("GET /inventory HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        connection.reply().await
    };
    ask("rebound.example").await.expect_problem(403, "cross_origin");
    ask("127.0.0.1.rebound.example:7373").await.expect_problem(403, "cross_origin");
    assert_eq!(ask("localhost:7373").await.status(), 200);
    assert_eq!(ask("127.0.0.1").await.status(), 200);
    assert_eq!(ask("[::1]:7373").await.status(), 200);
}

#[tokio::test]
async fn a_page_under_a_name_that_was_made_to_point_here_leases_nothing() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let ask = async |host: &str| {
        let mut connection = daemon.connect().await;
        let head = format!("Host: {host}\r\nOrigin: http://{host}\r\nContent-Length: 0");
        connection.send(format!("POST /lock?wait=0 HTTP/1.1\r\n{head}\r\n\r\n")).await;
        connection
    };
    ask("rebound.example:7373").await.reply().await.expect_problem(403, "cross_origin");
    daemon.expect_idle().await;
}

#[tokio::test]
async fn the_token_of_a_reservation_is_not_in_the_log_although_it_is_in_its_path() {
    let daemon = Daemon::with(ONE_BENCH).flag("--log-level", "trace").start().await;
    let body = r#"{"tags": ["can"], "quantity": 1}"#;
    let reply = daemon.rentabot_post("/reservations", body).await.expect_status(201);
    let id = reply.json()["reservation_id"].as_str().unwrap().to_owned();
    let token = id.rsplit('_').next().unwrap().to_owned();
    daemon.rentabot("POST", &format!("/reservations/{id}/claim")).await.expect_status(200);
    daemon.expect_log("path=\"/api/v1/reservations/\"").await;
    assert!(!daemon.log().contains(&token), "{token} is in {}", daemon.log());
}
