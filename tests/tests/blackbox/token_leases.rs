//! Token leases: asked for with `POST /v1/leases`, kept by being renewed, given back with their token.

use std::time::Duration;

use respo::wire::{GrantedLease, LeaseOverview, PendingRequest, RenewedLease, VerifiedLease};
use serde_json::json;
use tests::inventories::{ONE_BENCH, TWO_POOLS, benches};
use tests::token_leases::{read, request_for};
use tests::{Daemon, leased_names};

#[tokio::test]
async fn a_lease_is_granted_with_its_place_its_token_and_its_end() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let body = json!({"requirements": [{"attributes": ["can"]}], "name": "ci-88"});
    let reply = daemon.post_lease(&[], &body).await.expect_status(201);
    let lease: GrantedLease = read(&reply);
    assert_eq!(reply.header("location"), Some(format!("/v1/leases/{}", lease.id).as_str()));
    assert_eq!(leased_names(&lease), [["bench-1"]]);
    let life = lease.expires.expect("an end").since(lease.since);
    assert_eq!(life, Duration::from_secs(60), "unless it is said how long");

    // It belongs to no connection.
    let target = reply.header("location").unwrap();
    let again = daemon.with_token("GET", target, &lease.token).await.expect_status(200);
    assert_eq!(read::<GrantedLease>(&again), lease);
    let public: LeaseOverview = read(&daemon.get(target).await.expect_status(200));
    assert_eq!((public.holding.id, public.holding.fence), (lease.id, lease.fence));
    assert_eq!(public.holding.expires, lease.expires);

    assert_eq!(daemon.with_token("DELETE", target, &lease.token).await.status(), 204);
    daemon.expect_idle().await;
    let gone = daemon.with_token("GET", target, &lease.token).await.expect_problem(410, "gone");
    assert_eq!(gone.more["reason"], "released");
    daemon.get(target).await.expect_problem(410, "gone");
    daemon.get("/v1/leases/99").await.expect_problem(404, "no_request");
}

#[tokio::test]
async fn what_is_taken_is_waited_for_and_the_lease_is_where_the_request_was() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let first = daemon.lease(&request_for("bench-1")).await;
    let body = json!({"requirements": [{"resource": "bench-1"}], "ttl": "90s", "name": "bob"});
    let reply = daemon.post_lease(&[], &body).await.expect_status(202);
    let pending: PendingRequest = read(&reply);
    let (id, token) = (pending.request.id, pending.request.token.expect("a token"));
    let target = format!("/v1/requests/{id}");
    assert_eq!(reply.header("location"), Some(target.as_str()));
    assert_eq!(reply.header("retry-after"), Some("20"));
    assert_eq!((pending.request.position, pending.ttl.unwrap().0.as_secs()), (1, 90));

    let reply = daemon.poll(id, &token, "").await.expect_status(200);
    let pending: PendingRequest = read(&reply);
    assert_eq!((pending.request.position, pending.request.token), (1, None));
    let early = daemon.with_token("GET", &format!("/v1/leases/{id}"), &token).await;
    early.expect_problem(409, "not_granted");
    daemon.get(&format!("/v1/leases/{id}")).await.expect_problem(409, "not_granted");

    daemon.release(first.id, &first.token).await;
    let reply = daemon.poll(id, &token, "").await.expect_status(303);
    let lease: GrantedLease = read(&reply);
    assert_eq!(reply.header("location"), Some(format!("/v1/leases/{id}").as_str()));
    assert_eq!((lease.id, &lease.token), (id, &token));
    let everybody = daemon.get(&target).await.expect_status(303);
    assert_eq!(read::<LeaseOverview>(&everybody).holding.holder.unwrap().as_str(), "bob");
}

#[tokio::test]
async fn who_does_not_want_to_wait_is_told_who_has_it_and_what_is_nowhere_is_said_at_once() {
    let daemon = Daemon::start(ONE_BENCH).await;
    daemon.lease(&json!({"requirements": [{}], "name": "ci-88"})).await;
    let mut body = request_for("bench-1");
    body["wait"] = json!("0");
    let reply = daemon.post_lease(&[], &body).await;
    let busy = reply.expect_problem(409, "busy");
    assert_eq!(busy.more["candidates"][0]["lease"]["holder"], "ci-88");
    assert_eq!(reply.header("retry-after"), Some("20"));
    daemon.post_lease(&[], &request_for("bench-9")).await.expect_problem(404, "no_such");
}

#[tokio::test]
async fn a_lease_that_is_not_renewed_ends_when_it_is_due_and_the_next_one_gets_it() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut body = request_for("bench-1");
    body["ttl"] = json!("1s");
    let lease = daemon.lease(&body).await;
    let pending = daemon.queue(&request_for("bench-1")).await;
    let token = pending.request.token.unwrap();
    let next = daemon.expect_lease(pending.request.id, &token).await;
    assert!(next.since >= lease.expires.unwrap(), "{next:?} before the end of {lease:?}");
    assert!(next.fence > lease.fence);
    let renewal = daemon.act(lease.id, "renew", &lease.token, &json!({})).await;
    assert_eq!(renewal.expect_problem(410, "gone").more["reason"], "expired");
}

#[tokio::test]
async fn renewals_that_come_just_in_time_or_just_too_late_never_leave_two_holders() {
    let daemon = Daemon::start(&benches(6)).await;
    let round = async |bench: String| {
        let mut body = request_for(&bench);
        body["ttl"] = json!("1s");
        let lease = daemon.lease(&body).await;
        let pending = daemon.queue(&request_for(&bench)).await;
        let renewals = (0..8).map(async |number| {
            // Some before the end, some after it, and some at it.
            tokio::time::sleep(Duration::from_millis(975 + 7 * number)).await;
            let reply = daemon.act(lease.id, "renew", &lease.token, &json!({"ttl": "1s"})).await;
            match reply.status() {
                200 => read::<RenewedLease>(&reply).expires,
                _ => {
                    reply.expect_problem(410, "gone");
                    None
                }
            }
        });
        let ends = futures_util::future::join_all(renewals).await;
        let last = ends.into_iter().flatten().chain(lease.expires).max().unwrap();
        let next = daemon.expect_lease(pending.request.id, &pending.request.token.unwrap()).await;
        assert!(next.since >= last, "granted at {}, promised until {last}", next.since);
    };
    futures_util::future::join_all((1..=6).map(|n| round(format!("bench-{n}")))).await;
}

#[tokio::test]
async fn a_lease_is_renewed_and_extended_and_never_shortened() {
    let daemon = Daemon::with(ONE_BENCH).flag("--max-ttl", "2h").start().await;
    let lease = daemon.lease(&request_for("bench-1")).await;
    let renewed = daemon.renew(&lease).await.expires.unwrap();
    assert!(renewed >= lease.expires.unwrap());
    let act = async |what: &str, body| daemon.act(lease.id, what, &lease.token, &body).await;
    let longer: RenewedLease = read(&act("renew", json!({"ttl": "10m"})).await.expect_status(200));
    assert!(longer.expires.unwrap() > renewed);
    let shorter: RenewedLease = read(&act("renew", json!({"ttl": "2s"})).await.expect_status(200));
    assert_eq!(shorter.expires, longer.expires);
    let extended: RenewedLease =
        read(&act("extend", json!({"by": "30m"})).await.expect_status(200));
    let gained = extended.expires.unwrap().since(longer.expires.unwrap());
    assert_eq!(gained, Duration::from_secs(30 * 60));
    let shown: LeaseOverview = read(&daemon.get(&format!("/v1/leases/{}", lease.id)).await);
    assert_eq!(shown.holding.expires, extended.expires);

    act("renew", json!({"ttl": "3h"})).await.expect_problem(422, "over_limit");
    act("extend", json!({"by": "3h"})).await.expect_problem(422, "over_limit");
    let wrong = daemon.act(lease.id, "renew", "wrong", &json!({})).await;
    wrong.expect_problem(403, "wrong_token");
    // A lease that its connection keeps has nothing to renew.
    daemon.release(lease.id, &lease.token).await;
    let mut stream = daemon.lock("").await;
    let lease = stream.expect_granted().await;
    for (what, body) in [("renew", json!({})), ("extend", json!({"by": "1m"}))] {
        let reply = daemon.act(lease.id, what, &lease.token, &body).await;
        reply.expect_problem(409, "not_renewable");
    }
}

#[tokio::test]
async fn a_part_of_a_lease_is_given_back_and_goes_to_who_waits_for_it() {
    let daemon = Daemon::start(&benches(3)).await;
    let lease = daemon.lease(&json!({"requirements": [{"count": 3}]})).await;
    let pending = daemon.queue(&request_for("bench-2")).await;
    let target = |query: &str| format!("/v1/leases/{}{query}", lease.id);
    let release =
        async |query: &str| daemon.with_token("DELETE", &target(query), &lease.token).await;
    release("?resource=bench-2&resource=bench-9").await.expect_problem(409, "not_held");
    assert_eq!(daemon.lease_ids("").await.0, [1], "nothing was released");

    assert_eq!(release("?resource=bench-2").await.status(), 204);
    let next = daemon.expect_lease(pending.request.id, &pending.request.token.unwrap()).await;
    assert_eq!(leased_names(&next), [["bench-2"]]);
    let rest: GrantedLease = read(&daemon.with_token("GET", &target(""), &lease.token).await);
    assert_eq!(leased_names(&rest), [["bench-1", "bench-3"]]);
    release("?resource=bench-2").await.expect_problem(409, "not_held");
    assert_eq!(release("?resource=bench-1,bench-3").await.status(), 204);
    daemon.get(&target("")).await.expect_problem(410, "gone");
}

#[tokio::test]
async fn a_waiting_request_is_given_up_with_its_token() {
    let daemon = Daemon::start(ONE_BENCH).await;
    daemon.lease(&request_for("bench-1")).await;
    let pending = daemon.queue(&request_for("bench-1")).await;
    let (id, token) = (pending.request.id, pending.request.token.unwrap());
    let target = format!("/v1/requests/{id}");
    daemon.send("DELETE", &target, &[]).await.expect_problem(403, "wrong_token");
    daemon.with_token("DELETE", &target, "wrong").await.expect_problem(403, "wrong_token");
    assert_eq!(daemon.with_token("DELETE", &target, &token).await.status(), 204);
    daemon.expect_waiting(0).await;
    daemon.poll(id, &token, "?wait=30s").await.expect_problem(410, "gone");
    daemon.with_token("DELETE", &target, &token).await.expect_problem(404, "no_request");
}

#[tokio::test]
async fn an_administrator_ends_a_lease_and_a_place_in_the_queue() {
    let daemon =
        Daemon::with(ONE_BENCH).file_flag("--admin-token-file", "correct-horse\n").start().await;
    let lease = daemon.lease(&request_for("bench-1")).await;
    let pending = daemon.queue(&request_for("bench-1")).await;
    let request = format!("/v1/requests/{}", pending.request.id);
    assert_eq!(daemon.with_token("DELETE", &request, "correct-horse").await.status(), 204);
    let target = format!("/v1/leases/{}", lease.id);
    let part = format!("{target}?resource=bench-1");
    let refused = daemon.with_token("DELETE", &part, "correct-horse").await;
    assert_eq!(refused.expect_problem(400, "malformed").more["parameter"], "resource");
    // Its token opens nothing that is the holder's.
    let seen = daemon.with_token("GET", &target, "correct-horse").await.expect_status(200);
    assert!(!seen.text().contains(&lease.token), "{}", seen.text());
    assert_eq!(daemon.with_token("DELETE", &target, "correct-horse").await.status(), 204);
    let gone = daemon.with_token("GET", &target, &lease.token).await.expect_problem(410, "gone");
    assert_eq!(gone.more["reason"], "revoked");
}

#[tokio::test]
async fn a_device_asks_whether_a_lease_is_in_force() {
    let daemon = Daemon::start(&benches(2)).await;
    let lease = daemon.lease(&request_for("bench-1")).await;
    let verify =
        async |query: &str| daemon.get(&format!("/v1/leases/{}/verify{query}", lease.id)).await;
    let good: VerifiedLease = read(&verify("?fence=1").await.expect_status(200));
    assert_eq!((good.id, good.fence, good.expires), (lease.id, lease.fence, lease.expires));
    verify("?fence=1&resource=bench-1").await.expect_status(200);
    verify("?fence=1&resource=bench-2").await.expect_problem(409, "not_held");
    let stale = verify("?fence=0").await.expect_problem(409, "stale_fence");
    assert_eq!(stale.more["fence"], 1);
    for (query, parameter) in
        [("", "fence"), ("?fence=x", "fence"), ("?fence=1&resource=", "resource")]
    {
        let problem = verify(query).await.expect_problem(400, "malformed");
        assert_eq!(problem.more["parameter"], parameter, "{query}");
    }
    daemon.release(lease.id, &lease.token).await;
    verify("?fence=1").await.expect_problem(404, "no_request");
    // The next lease is another one, with a larger fence.
    let next = daemon.lease(&request_for("bench-1")).await;
    let target = format!("/v1/leases/{}/verify?fence=1", next.id);
    daemon.get(&target).await.expect_problem(409, "stale_fence");
}

#[tokio::test]
async fn where_there_are_several_pools_the_place_of_a_lease_names_its_own() {
    let daemon = Daemon::start(TWO_POOLS).await;
    let body = request_for("phone-1").to_string();
    let json = [("Content-Type", "application/json")];
    let post = async |target: &str| daemon.send_body("POST", target, &json, &body).await;
    post("/v1/leases").await.expect_problem(400, "pool_required");
    let reply = post("/v1/leases?pool=phones").await.expect_status(201);
    let lease: GrantedLease = read(&reply);
    let place = reply.header("location").expect("a place");
    assert_eq!(place, format!("/v1/leases/{}?pool=phones", lease.id));
    daemon.with_token("GET", place, &lease.token).await.expect_status(200);
    daemon.get(&format!("/v1/leases/{}", lease.id)).await.expect_problem(400, "pool_required");
    daemon.get("/v1/events").await.expect_problem(400, "pool_required");
    assert_eq!(daemon.lease_ids("?pool=boards").await.0, [0; 0]);
    assert_eq!(daemon.lease_ids("").await.0, [lease.id.0]);
}

#[tokio::test]
async fn a_request_that_makes_no_sense_is_told_where_and_how_to_mend_it() {
    let daemon = Daemon::start(ONE_BENCH).await;
    for (body, path, words) in [
        (json!({"requirements": [{}], "linger": "5s"}), "linger", "ttl"),
        (json!({"requirements": [{}], "ttl": "1ms"}), "ttl", "1s"),
        (json!({"requirements": [{}], "ttl": 5}), "ttl", "duration"),
        (json!({"requirements": [{}], "colour": "red"}), "colour", "requirements"),
        (json!({"requirements": [{"count": 0}]}), "requirements[0].count", "1"),
        (json!({}), "", "requirements"),
    ] {
        let problem = daemon.post_lease(&[], &body).await.expect_problem(400, "malformed");
        assert_eq!(problem.more["path"], path, "{body}");
        assert!(problem.detail.contains(words), "{body}: {}", problem.detail);
    }
    let mut body = request_for("bench-1");
    body["ttl"] = json!("25h");
    daemon.post_lease(&[], &body).await.expect_problem(422, "over_limit");
    let lock = daemon.refused_json(json!({"requirements": [{}], "ttl": "5s"})).await;
    assert_eq!(
        lock.expect_problem(400, "malformed").more["path"],
        "ttl",
        "its connection keeps it"
    );
    let plain = [("Content-Type", "text/plain")];
    let reply = daemon.send_body("POST", "/v1/leases", &plain, "{}").await;
    reply.expect_problem(415, "unsupported_media_type");
    daemon.send("POST", "/v1/leases", &[]).await.expect_problem(400, "malformed");

    let lease = daemon.lease(&request_for("bench-1")).await;
    for (what, body, path) in [
        ("renew", json!({"tll": "5s"}), "tll"),
        ("renew", json!({"ttl": "soon"}), "ttl"),
        ("renew", json!({"ttl": 5}), "ttl"),
        ("renew", json!(["ttl"]), ""),
        ("extend", json!({}), ""),
        ("extend", json!({"by": "-1s"}), "by"),
        ("transfer", json!({"to": ""}), "to"),
        ("allow", json!({"who": "bob", "for": "1h"}), "for"),
    ] {
        let reply = daemon.act(lease.id, what, &lease.token, &body).await;
        let problem = reply.expect_problem(400, "malformed");
        assert_eq!(problem.more["path"], path, "{what} {body}: {}", problem.detail);
    }
    let twice = [("Content-Type", "application/json"), ("Authorization", "Bearer x")];
    let target = format!("/v1/leases/{}/renew", lease.id);
    let reply = daemon.send_body("POST", &target, &twice, r#"{"ttl":"5s","ttl":"6s"}"#).await;
    assert_eq!(reply.expect_problem(400, "malformed").more["path"], "ttl");
}
