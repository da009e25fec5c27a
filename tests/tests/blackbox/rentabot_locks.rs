//! rent-a-bot's API: resources and their locks.

use respo::wire::ResourceState;
use serde_json::{Value, json};
use tests::inventories::{LAB, TWO_POOLS};
use tests::rentabot::{DESCRIPTOR, FORMER, PRESENT};
use tests::{Daemon, Reply};

fn token(lock: &Value) -> String {
    lock["lock-token"].as_str().unwrap().to_owned()
}

/// Refused with this status, in rent-a-bot's form.
fn refused(reply: Reply, status: u16) -> Value {
    let body = reply.expect_status(status).json();
    let told = if status == 422 {
        body["detail"][0]["msg"].is_string()
    } else {
        body["message"].is_string()
    };
    assert!(told, "{status}: {body}");
    body
}

#[tokio::test]
async fn resources_are_listed_as_rent_a_bot_lists_them() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    let list = daemon.rentabot("GET", "/resources").await.expect_status(200).json();
    let names: Vec<&Value> =
        list["resources"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["printer-1", "printer-2", "coffee-machine"]);
    let free = json!({
        "id": 1, "name": "printer-1", "description": "Basement printer", "lock-token": "",
        "lock-details": "Resource is available", "endpoint": "tcp://192.0.2.60",
        "tags": "3d-printer,basement", "lock-acquired-at": null, "lock-expires-at": null,
        "max-lock-duration": 86400,
    });
    assert_eq!(list["resources"][0], free);
    assert_eq!(daemon.rentabot_resource(1).await, free);
    let bare = daemon.rentabot_resource(2).await;
    assert_eq!((&bare["description"], &bare["endpoint"]), (&json!(""), &json!("")));
}

#[tokio::test]
async fn a_lock_is_a_lease_that_unlock_ends() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    let lock = daemon.rentabot("POST", "/resources/1/lock").await.expect_status(200).json();
    assert_eq!(lock["message"], "Resource locked");
    assert_eq!(lock["resource"]["lock-token"], lock["lock-token"]);
    assert_eq!(lock["resource"]["id"], 1);
    assert!(lock["expires-at"].as_str().unwrap().ends_with("+00:00"), "{lock}");
    let leased = daemon.expect_state("printer-1", ResourceState::Leased).await.lease.unwrap();
    let held_for = leased.expires.unwrap().since(leased.since).as_secs();
    assert!((3600..3660).contains(&held_for), "{held_for} s");

    refused(daemon.rentabot("POST", "/resources/1/lock").await, 403);
    refused(daemon.rentabot("POST", "/resources/1/unlock").await, 403);
    let path = format!("/resources/1/unlock?lock-token={}", "0".repeat(32));
    refused(daemon.rentabot("POST", &path).await, 403);
    let path = format!("/resources/1/unlock?lock-token={}", token(&lock));
    let unlocked = daemon.rentabot("POST", &path).await.expect_status(200).json();
    assert_eq!(unlocked, json!({"message": "Resource unlocked"}));
    daemon.expect_idle().await;
    let again = refused(daemon.rentabot("POST", &path).await, 403);
    assert_eq!(again["resource_id"], 1);
}

#[tokio::test]
async fn a_token_is_shown_to_nobody_but_the_one_who_locked() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    let lock = daemon.rentabot_lock("id=1").await;
    let token = token(&lock);
    let reservation = daemon
        .rentabot_post("/reservations", r#"{"tags": ["3d-printer"], "quantity": 1}"#)
        .await
        .expect_status(201)
        .json();
    let other = reservation["lock_tokens"][0].as_str().unwrap().to_owned();
    for (method, path) in [
        ("GET", "/resources"),
        ("GET", "/resources/1"),
        ("GET", "/resources/2"),
        ("GET", "/reservations"),
        ("GET", "/reservations/res_2"),
        ("POST", "/resources/1/lock"),
        ("POST", "/resources/1/unlock?lock-token=wrong"),
        ("POST", "/resources/lock?tag=3d-printer"),
        ("POST", "/reservations/res_2/claim"),
        ("DELETE", "/reservations/res_2"),
    ] {
        let text = daemon.rentabot(method, path).await.text();
        assert!(!text.contains(&token) && !text.contains(&other), "{method} {path}: {text}");
    }
    // Nor is one that was sent for the wrong resource.
    let path = format!("/resources/2/unlock?lock-token={token}");
    let body = refused(daemon.rentabot("POST", &path).await, 403);
    assert!(!body.to_string().contains(&token), "{body}");
    assert_eq!(daemon.rentabot_resource(1).await["lock-token"], Value::Null);
    for secret in [&token, &other] {
        assert!(!daemon.log().contains(secret.as_str()));
    }
}

#[tokio::test]
async fn id_goes_before_name_and_name_before_tags() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    let name = |lock: Value| lock["resource"]["name"].as_str().unwrap().to_owned();
    assert_eq!(
        name(daemon.rentabot_lock("tag=office&name=printer-1&id=3").await),
        "coffee-machine"
    );
    assert_eq!(name(daemon.rentabot_lock("tag=office&name=printer-1").await), "printer-1");
    // The first that is free, and has all of them.
    assert_eq!(name(daemon.rentabot_lock("tag=office&tag=3d-printer").await), "printer-2");
    let body = refused(daemon.rentabot("POST", "/resources/lock?tag=office").await, 403);
    assert_eq!(body["tags"], json!(["office"]));
}

#[tokio::test]
async fn rid_is_another_word_for_id() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    assert_eq!(daemon.rentabot_lock("rid=2").await["resource"]["name"], "printer-2");
}

#[tokio::test]
async fn every_mistake_has_rent_a_bots_status() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    for (status, method, path) in [
        (404, "GET", "/resources/4"),
        (404, "GET", "/resources/0"),
        (404, "GET", "/resources/-1"),
        (422, "GET", "/resources/one"),
        (404, "POST", "/resources/4/lock"),
        (404, "POST", "/resources/4/unlock?lock-token=x"),
        (404, "POST", "/resources/4/extend?lock-token=x&additional-ttl=1"),
        (422, "POST", "/resources/one/lock"),
        (400, "POST", "/resources/lock"),
        (400, "POST", "/resources/lock?name="),
        (400, "POST", "/resources/lock?colour=red"),
        (400, "POST", "/resources/lock?id=0"),
        (400, "POST", "/resources/lock?id=-1&name=printer-1"),
        (422, "POST", "/resources/lock?id=x"),
        (404, "POST", "/resources/lock?id=4"),
        (404, "POST", "/resources/lock?name=printer"),
        (404, "POST", "/resources/lock?name=no%20such"),
        (404, "POST", "/resources/lock?tag=3d-printer&tag=coffee"),
        (404, "POST", "/resources/lock?tag="),
        (422, "POST", "/resources/1/extend"),
        (422, "POST", "/resources/1/extend?lock-token=x"),
        (422, "POST", "/resources/1/extend?lock-token=x&additional-ttl=soon"),
        (403, "POST", "/resources/1/extend?lock-token=x&additional-ttl=60"),
    ] {
        let reply = daemon.rentabot(method, path).await;
        assert_eq!(reply.status(), status, "{method} {path}: {}", reply.text());
        refused(reply, status);
    }
    for (status, body) in [
        (400, r#"{"ttl": 86401}"#),
        (400, r#"{"ttl": 0}"#),
        (400, r#"{"ttl": -60}"#),
        (422, r#"{"ttl": "soon"}"#),
        (422, r#"{"ttl": 1.5}"#),
        (422, r#"{"ttl": true}"#),
        (422, r#"{"ttl": 99999999999999999999}"#),
        (422, "[]"),
        (422, "{"),
    ] {
        let reply = daemon.rentabot_post("/resources/1/lock", body).await;
        assert_eq!(reply.status(), status, "{body}: {}", reply.text());
        refused(reply, status);
    }
    daemon.expect_idle().await;
    assert_eq!(daemon.rentabot("PUT", "/resources").await.status(), 405);
    assert_eq!(daemon.rentabot("GET", "/resource").await.status(), 404);
}

#[tokio::test]
async fn what_rent_a_bot_passes_over_is_passed_over() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    for (number, body) in
        [(1, "null"), (2, r#"{"ttl": "60", "who": "me"}"#), (3, r#"{"ttl": null}"#)]
    {
        let path = format!("/resources/{number}/lock?colour=red");
        daemon.rentabot_post(&path, body).await.expect_status(200);
    }
}

#[tokio::test]
async fn of_many_who_lock_at_once_one_gets_it() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    let lockers = (0..16).map(|_| daemon.rentabot("POST", "/resources/lock?id=1"));
    let replies = futures_util::future::join_all(lockers).await;
    let granted = replies.iter().filter(|reply| reply.status() == 200).count();
    let refused = replies.iter().filter(|reply| reply.status() == 403).count();
    assert_eq!((granted, refused), (1, 15));
}

#[tokio::test]
async fn a_lock_ends_when_its_ttl_is_over_and_the_next_in_the_queue_has_it() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    let lock = daemon.rentabot_post("/resources/1/lock", r#"{"ttl": 1}"#).await.expect_status(200);
    let mut waiter = daemon.lock("resource=printer-1").await;
    let granted = waiter.expect_granted().await;
    // By the server's clock: not before, and not at some sweep afterwards.
    let lock = lock.json();
    let until = lock["resource"]["lock-expires-at"].as_str().unwrap();
    assert!(granted.since >= until.parse().unwrap(), "{} {until}", granted.since);
    let token = token(&lock);
    refused(daemon.rentabot("POST", &format!("/resources/1/unlock?lock-token={token}")).await, 403);
    daemon.expect_state("printer-1", ResourceState::Leased).await;
}

#[tokio::test]
async fn extend_makes_a_lock_last_from_now_and_never_shorter() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    let lock = daemon.rentabot_post("/resources/1/lock", r#"{"ttl": 600}"#).await.json();
    let extend = async |token: &str, seconds: i64| {
        let query = format!("lock-token={token}&additional-ttl={seconds}");
        daemon.rentabot("POST", &format!("/resources/1/extend?{query}")).await
    };
    let token = token(&lock);
    let longer = extend(&token, 7200).await.expect_status(200).json();
    assert_eq!(longer["message"], "Lock extended");
    let total = longer["total-lock-duration"].as_u64().unwrap();
    assert!((7200..7260).contains(&total), "{longer}");
    let until = daemon.rentabot_resource(1).await["lock-expires-at"].clone();
    extend(&token, 1).await.expect_status(200);
    assert_eq!(daemon.rentabot_resource(1).await["lock-expires-at"], until);

    refused(extend("wrong", 60).await, 403);
    for seconds in [0, -1, 86_401] {
        refused(extend(&token, seconds).await, 400);
    }
    // More than a day from the grant on, with what has passed already.
    let over = refused(extend(&token, 86_400).await, 400);
    assert_eq!(over["max_lock_duration"], 86_400);
}

#[tokio::test]
async fn ids_and_locks_outlive_a_restart() {
    let daemon = Daemon::start(LAB).await;
    let ids = async |daemon: &Daemon| {
        let list = daemon.rentabot("GET", "/resources").await.expect_status(200).json();
        let resources = list["resources"].as_array().unwrap().clone();
        let id = |it: &Value| (it["name"].as_str().unwrap().to_owned(), it["id"].as_u64().unwrap());
        let mut ids: Vec<(String, u64)> = resources.iter().map(id).collect();
        ids.sort();
        ids
    };
    let before = ids(&daemon).await;
    let id = before[1].1;
    assert_eq!(before[1].0, "bench-2");
    let lock = daemon.rentabot_lock(&format!("id={id}")).await;
    let extend = format!("/resources/{id}/extend?lock-token={}&additional-ttl=7200", token(&lock));
    daemon.rentabot("POST", &extend).await.expect_status(200);
    let daemon = daemon.restart().await;
    assert_eq!(ids(&daemon).await, before);
    // What was promised before is kept.
    let leased = daemon.expect_state("bench-2", ResourceState::Leased).await.lease.unwrap();
    assert!(leased.expires.unwrap().since(leased.since).as_secs() >= 7200, "{leased:?}");

    // Others come and go.
    let other = LAB.replace("    bench-1:", "    bench-0:");
    daemon.post_inventory("/inventory", &other).await.expect_status(200);
    let after = ids(&daemon).await;
    assert_eq!(after[1..], before[1..]);
    assert_ne!(after[0].1, before[0].1);
    let unlock = format!("/resources/{id}/unlock?lock-token={}", token(&lock));
    daemon.rentabot("POST", &unlock).await.expect_status(200);
}

#[tokio::test]
async fn a_lock_of_a_resource_that_is_gone_is_unlocked_by_the_id_that_it_had() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    let lock = daemon.rentabot_lock("id=1").await;
    let rest = "pool: {name: rent-a-bot, resources: {printer-2: {id: 2}}}";
    daemon.post_inventory("/inventory", rest).await.expect_status(200);
    refused(daemon.rentabot("GET", "/resources/1").await, 404);
    let unlock = format!("/resources/1/unlock?lock-token={}", token(&lock));
    daemon.rentabot("POST", &unlock).await.expect_status(200);
    daemon.expect_idle().await;
}

#[tokio::test]
async fn former_clients_call_other_paths_and_have_locks_that_last_as_long_as_one_may() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    let path = format!("{FORMER}/resources/lock?tag=office&tag=coffee");
    let lock = daemon.send("POST", &path, &[]).await.expect_status(200);
    assert_eq!(lock.header("deprecation"), Some("true"));
    assert_eq!(lock.header("link"), Some("</api/v1/resources/lock>; rel=alternate"));
    let lock = lock.json();
    assert_eq!(lock["resource"]["tags"], "coffee office");
    let time = |key: &str| lock["resource"][key].as_str().unwrap().parse::<respo::Timestamp>();
    let lasts = time("lock-expires-at").unwrap().since(time("lock-acquired-at").unwrap());
    assert_eq!(lasts.as_secs(), 86_400);
    // Both see the same.
    let path = |family: &str| format!("{family}/resources/3/lock");
    for family in [PRESENT, FORMER] {
        refused(daemon.send("POST", &path(family), &[]).await, 403);
    }
    let unlock = format!("{FORMER}/resources/3/unlock?lock-token={}", token(&lock));
    daemon.send("POST", &unlock, &[]).await.expect_status(200);
}

#[tokio::test]
async fn with_several_pools_the_one_that_is_named_counts() {
    let daemon = Daemon::start(TWO_POOLS).await;
    let none = daemon.rentabot("GET", "/resources").await;
    none.expect_problem(400, "pool_required");
    let list = daemon.rentabot("GET", "/resources?pool=phones").await.expect_status(200).json();
    assert_eq!(list["resources"][0]["name"], "phone-1");
    daemon.rentabot("GET", "/resources?pool=x").await.expect_problem(404, "no_such_pool");

    let named = TWO_POOLS.replace("name: boards", "name: rent-a-bot");
    let daemon = Daemon::start(&named).await;
    let list = daemon.rentabot("GET", "/resources").await.expect_status(200).json();
    assert_eq!(list["resources"][0]["name"], "board-1");
}

#[tokio::test]
async fn health_and_readiness_are_told() {
    let daemon = Daemon::start(DESCRIPTOR).await;
    for (path, status) in [("/health", "ok"), ("/readiness", "ready")] {
        let reply = daemon.get(path).await.expect_status(200);
        assert_eq!(reply.json(), json!({"status": status}));
    }
}
