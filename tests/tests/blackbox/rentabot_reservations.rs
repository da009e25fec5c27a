//! rent-a-bot's API: reservations, which stand in the pool's queue.

use std::time::Duration;

use respo::RequestId;
use respo::wire::ResourceState;
use serde_json::{Value, json};
use tests::deadline::eventually_within;
use tests::rentabot::DESCRIPTOR;
use tests::{Daemon, eventually};

const PRINTERS: &str = r#"{"tags": ["3d-printer"], "quantity": 2, "ttl": 1800}"#;
const PRINTER: &str = r#"{"tags": ["3d-printer", "basement"], "quantity": 1}"#;

async fn reserve(daemon: &Daemon, body: &str) -> Value {
    daemon.rentabot_post("/reservations", body).await.expect_status(201).json()
}

fn id(reservation: &Value) -> &str {
    reservation["reservation_id"].as_str().unwrap()
}

async fn status(daemon: &Daemon, method: &str, reservation: &Value, what: &str) -> u16 {
    let path = format!("/reservations/{}{what}", id(reservation));
    daemon.rentabot(method, &path).await.status()
}

#[tokio::test]
async fn a_reservation_waits_is_fulfilled_claimed_and_unlocked() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    let lock = daemon.rentabot_lock("id=1").await;
    let pending = reserve(&daemon, PRINTERS).await;
    assert_eq!(pending["status"], "pending");
    assert_eq!((&pending["tags"], &pending["quantity"]), (&json!(["3d-printer"]), &json!(2)));
    assert_eq!((&pending["ttl"], &pending["position_in_queue"]), (&json!(1800), &json!(1)));
    assert_eq!((&pending["resource_ids"], &pending["lock_tokens"]), (&json!([]), &json!([])));
    assert!(id(&pending).starts_with("res_"));
    assert_eq!(status(&daemon, "POST", &pending, "/claim").await, 409);

    let token = lock["lock-token"].as_str().unwrap();
    daemon
        .rentabot("POST", &format!("/resources/1/unlock?lock-token={token}"))
        .await
        .expect_status(200);
    let fulfilled = eventually("the reservation is fulfilled", async || {
        let found = daemon.rentabot_reservation(id(&pending)).await;
        if found["status"] == "fulfilled" { Ok(found) } else { Err(found) }
    })
    .await;
    let mut ids: Vec<u64> = serde_json::from_value(fulfilled["resource_ids"].clone()).unwrap();
    ids.sort_unstable();
    assert_eq!(ids, [1, 2]);
    assert_eq!(fulfilled["created_at"], pending["created_at"]);
    let tokens = fulfilled["lock_tokens"].as_array().unwrap();
    assert_eq!(tokens.len(), 2);
    assert_eq!(status(&daemon, "DELETE", &fulfilled, "").await, 409);

    let path = format!("/reservations/{}/claim", id(&pending));
    let claimed = daemon.rentabot("POST", &path).await.expect_status(200).json();
    assert_eq!(claimed["status"], "claimed");
    assert_eq!(claimed["lock_tokens"], fulfilled["lock_tokens"]);
    assert!(claimed["claimed_at"].is_string(), "{claimed}");
    assert_eq!(status(&daemon, "POST", &pending, "/claim").await, 409);
    assert_eq!(status(&daemon, "DELETE", &pending, "").await, 409);
    let leased = daemon.expect_state("printer-2", ResourceState::Leased).await.lease.unwrap();
    let lasts = leased.expires.unwrap().since(leased.since).as_secs();
    assert!((1800..1920).contains(&lasts), "{lasts} s");

    // It is still claimed, and lasts as long, after a restart.
    let daemon = daemon.restart().await;
    assert_eq!(
        daemon.rentabot_reservation(id(&pending)).await["claimed_at"],
        claimed["claimed_at"]
    );
    let again = daemon.expect_state("printer-2", ResourceState::Leased).await.lease.unwrap();
    assert!(again.expires.unwrap() >= leased.expires.unwrap(), "{again:?} {leased:?}");
    // Each of its resources is unlocked by itself.
    for (number, token) in tokens.iter().enumerate() {
        let number = number + 1;
        let path = format!("/resources/{number}/unlock?lock-token={}", token.as_str().unwrap());
        daemon.rentabot("POST", &path).await.expect_status(200);
        daemon.expect_state(&format!("printer-{number}"), ResourceState::Free).await;
    }
    assert_eq!(status(&daemon, "GET", &pending, "").await, 404);
    daemon.expect_idle().await;
}

#[tokio::test]
async fn of_many_claims_at_once_one_succeeds() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    for _ in 0..8 {
        let reservation = reserve(&daemon, PRINTER).await;
        let claims = (0..8).map(|_| status(&daemon, "POST", &reservation, "/claim"));
        let mut statuses = futures_util::future::join_all(claims).await;
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
        let leased = daemon.expect_state("printer-1", ResourceState::Leased).await.lease.unwrap();
        assert_eq!(leased.allowed.len(), 1, "{leased:?}");
        let token = reservation["lock_tokens"][0].as_str().unwrap();
        let path = format!("/resources/1/unlock?lock-token={token}");
        daemon.rentabot("POST", &path).await.expect_status(200);
    }
    daemon.expect_idle().await;
}

#[tokio::test]
async fn a_claim_that_the_pool_refuses_can_be_made_again() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    let reservation = reserve(&daemon, PRINTER).await;
    let (number, token) = id(&reservation).strip_prefix("res_").unwrap().split_once('_').unwrap();
    // As many others may act on it as may, so that a claim cannot be written down.
    for who in 0..16 {
        let body = json!({"who": format!("guest-{who}")});
        let number = number.parse().map(RequestId).unwrap();
        daemon.act(number, "allow", token, &body).await.expect_status(200);
    }
    let path = format!("/reservations/{}/claim", id(&reservation));
    for _ in 0..2 {
        daemon.rentabot("POST", &path).await.expect_problem(409, "too_many_guests");
        let found = daemon.rentabot_reservation(id(&reservation)).await;
        assert_eq!(found["status"], "fulfilled");
    }
    let guest = format!("/v1/leases/{number}/allow/guest-0");
    daemon.with_token("DELETE", &guest, token).await.expect_status(204);
    let claimed = daemon.rentabot("POST", &path).await.expect_status(200).json();
    assert_eq!(daemon.rentabot_reservation(id(&reservation)).await, claimed);
    assert_eq!(claimed["status"], "claimed");
}

#[tokio::test]
async fn reservations_stand_in_the_same_queue_as_everybody_else() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    let holder = daemon.hold("resource=printer-1").await;
    let mut before = daemon.lock("resource=printer-1").await;
    daemon.expect_waiting(1).await;
    let reservation = reserve(&daemon, PRINTER).await;
    assert_eq!(reservation["position_in_queue"], 2);
    let mut after = daemon.lock("resource=printer-1").await;
    daemon.expect_waiting(3).await;

    holder.close();
    before.expect_granted().await;
    assert_eq!(daemon.rentabot_reservation(id(&reservation)).await["status"], "pending");
    before.close();
    eventually("the reservation is fulfilled", async || {
        let found = daemon.rentabot_reservation(id(&reservation)).await;
        if found["status"] == "fulfilled" { Ok(()) } else { Err(found) }
    })
    .await;
    daemon.expect_waiting(1).await;

    // Nobody claims it: the next one has it a minute later.
    eventually_within(Duration::from_secs(120), "the claim window is over", async || {
        let pool = daemon.pool().await;
        if pool.waiting.is_empty() { Ok(()) } else { Err(format!("{:?}", pool.waiting)) }
    })
    .await;
    after.expect_granted().await;
    assert_eq!(status(&daemon, "POST", &reservation, "/claim").await, 410);
    assert_eq!(status(&daemon, "GET", &reservation, "").await, 404);
}

#[tokio::test]
async fn a_reservation_that_waits_is_cancelled_by_its_maker_only() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    daemon.rentabot_lock("id=1").await;
    let reservation = reserve(&daemon, PRINTER).await;
    let list = daemon.rentabot("GET", "/reservations").await.expect_status(200).json();
    let [listed] = list["reservations"].as_array().unwrap().as_slice() else { panic!("{list}") };
    assert_eq!(listed["status"], "pending");
    // The listed id says less than the maker's own.
    assert_ne!(id(listed), id(&reservation));
    assert_eq!(daemon.rentabot_reservation(id(listed)).await["position_in_queue"], 1);
    assert_eq!(status(&daemon, "DELETE", listed, "").await, 403);
    assert_eq!(
        status(&daemon, "DELETE", &json!({"reservation_id": format!("{}_x", id(listed))}), "")
            .await,
        403
    );
    assert_eq!(status(&daemon, "DELETE", &reservation, "").await, 204);
    assert_eq!(status(&daemon, "GET", &reservation, "").await, 404);
    assert_eq!(status(&daemon, "POST", &reservation, "/claim").await, 404);
    daemon.expect_waiting(0).await;
    let none = daemon.rentabot("GET", "/reservations").await.expect_status(200).json();
    assert_eq!(none, json!({"reservations": []}));
}

#[tokio::test]
async fn a_reservation_ends_when_it_has_waited_long_enough() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    daemon.rentabot_lock("id=1").await;
    let body = r#"{"tags": ["basement"], "quantity": 1, "max_wait_time": 1}"#;
    let reservation = reserve(&daemon, body).await;
    daemon.expect_waiting(0).await;
    assert_eq!(status(&daemon, "GET", &reservation, "").await, 404);
}

#[tokio::test]
async fn a_reservation_that_is_looked_at_after_a_restart_keeps_its_place() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    let lock = daemon.rentabot_lock("id=1").await;
    let reservation = reserve(&daemon, PRINTER).await;
    let daemon = daemon.restart().await;
    let found = daemon.rentabot_reservation(id(&reservation)).await;
    assert_eq!((&found["status"], &found["position_in_queue"]), (&json!("pending"), &json!(1)));
    let token = lock["lock-token"].as_str().unwrap();
    daemon
        .rentabot("POST", &format!("/resources/1/unlock?lock-token={token}"))
        .await
        .expect_status(200);
    assert_eq!(daemon.rentabot_reservation(id(&reservation)).await["status"], "fulfilled");
}

#[tokio::test]
async fn every_mistake_in_a_reservation_has_rent_a_bots_status() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    for (status, body) in [
        (422, ""),
        (422, "[]"),
        (422, "{}"),
        (422, r#"{"tags": [], "quantity": 1}"#),
        (422, r#"{"tags": "coffee", "quantity": 1}"#),
        (422, r#"{"tags": [1], "quantity": 1}"#),
        (422, r#"{"tags": ["coffee"]}"#),
        (422, r#"{"tags": ["coffee"], "quantity": 0}"#),
        (422, r#"{"tags": ["coffee"], "quantity": -1}"#),
        (422, r#"{"tags": ["coffee"], "quantity": "many"}"#),
        (422, r#"{"tags": ["coffee"], "quantity": 1, "ttl": 0}"#),
        (422, r#"{"tags": ["coffee"], "quantity": 1, "max_wait_time": -5}"#),
        (400, r#"{"tags": ["coffee"], "quantity": 1, "ttl": 86401}"#),
        (400, r#"{"tags": ["coffee"], "quantity": 2}"#),
        (400, r#"{"tags": ["coffee"], "quantity": 1000000}"#),
        (400, r#"{"tags": ["coffee"], "quantity": 1, "max_wait_time": 9223372036854775807}"#),
        (404, r#"{"tags": ["coffee", "basement"], "quantity": 1}"#),
        (404, r#"{"tags": ["no such"], "quantity": 1}"#),
        (404, r#"{"tags": [""], "quantity": 1}"#),
    ] {
        let reply = daemon.rentabot_post("/reservations", body).await;
        assert_eq!(reply.status(), status, "{body}: {}", reply.text());
    }
    daemon.expect_idle().await;
    for (method, what) in [("GET", ""), ("DELETE", ""), ("POST", "/claim")] {
        for unknown in ["res_1", "res_1_x", "res_x", "nonsense", "res_"] {
            let known = json!({"reservation_id": unknown});
            let status = status(&daemon, method, &known, what).await;
            assert!(status == 404 || status == 403, "{method} {unknown}{what}: {status}");
        }
    }
}
