//! What happens in a pool, as those who subscribe to it over `/ws` are told.

use respo::wire::socket::ServerMessage;
use respo::wire::{EventId, Happening, PublicEvent};
use serde_json::json;
use tests::inventories::{ONE_BENCH, TWO_POOLS};
use tests::{Daemon, WebSocket};

async fn subscribe(socket: &mut WebSocket, reference: &str, after: Option<EventId>) {
    let mut message = json!({"type": "subscribe", "ref": reference});
    if let Some(after) = after {
        message["after"] = json!(after);
    }
    socket.say(message).await;
    let answer = socket.next_about(reference).await;
    assert!(matches!(answer, ServerMessage::Subscribed { .. }), "{answer:?}");
}

async fn next_event(socket: &mut WebSocket, reference: &str) -> PublicEvent {
    match socket.next_about(reference).await {
        ServerMessage::Happened { happened, .. } => happened,
        other => panic!("expected an event, got {other:?}"),
    }
}

#[tokio::test]
async fn a_subscriber_is_told_what_happens_and_may_go_on_where_it_was() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut watcher = daemon.web_socket().await;
    subscribe(&mut watcher, "s", None).await;
    let mut holder = daemon.web_socket().await;
    let lease = holder.hold("h", "bench-1").await;
    let queued = next_event(&mut watcher, "s").await;
    assert!(matches!(queued.what, Happening::Queued { request, .. } if request == lease.id));
    let granted = next_event(&mut watcher, "s").await;
    assert!(matches!(granted.what, Happening::Granted { fence, .. } if fence == lease.fence));
    assert_eq!(granted.id.number, queued.id.number + 1);
    holder.close().await;
    let ended = next_event(&mut watcher, "s").await;
    assert!(matches!(ended.what, Happening::Ended { .. }), "{ended:?}");

    let mut late = daemon.web_socket().await;
    subscribe(&mut late, "s", Some(queued.id)).await;
    assert_eq!(next_event(&mut late, "s").await, granted);
    assert_eq!(next_event(&mut late, "s").await, ended);
}

#[tokio::test]
async fn who_asks_for_what_came_after_an_unknown_event_is_told_that_some_is_missed() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut watcher = daemon.web_socket().await;
    subscribe(&mut watcher, "s", Some(EventId { epoch: 1, number: 1 })).await;
    let missed = watcher.next_about("s").await;
    assert!(matches!(missed, ServerMessage::Missed { .. }), "{missed:?}");
    let _holder = daemon.hold("").await;
    assert!(matches!(next_event(&mut watcher, "s").await.what, Happening::Queued { .. }));
}

#[tokio::test]
async fn after_an_unsubscribe_nothing_is_told_and_the_ref_is_free_again() {
    let daemon = Daemon::start(ONE_BENCH).await;
    let mut watcher = daemon.web_socket().await;
    subscribe(&mut watcher, "s", None).await;
    watcher.say(json!({"type": "unsubscribe", "ref": "u", "subscription": "s"})).await;
    watcher.expect_done("u").await;
    daemon.hold("").await.close();
    daemon.expect_idle().await;
    // Had anything been told, it would come before this.
    subscribe(&mut watcher, "s", None).await;
    watcher.say(json!({"type": "unsubscribe", "ref": "u", "subscription": "nothing"})).await;
    let problem = watcher.expect_error("u", "malformed").await;
    assert_eq!(problem.more["path"], "subscription");
}

#[tokio::test]
async fn subscriptions_are_to_one_pool_each_and_bounded() {
    let daemon = Daemon::start(TWO_POOLS).await;
    let mut watcher = daemon.web_socket().await;
    watcher.say(json!({"type": "subscribe", "ref": "s"})).await;
    watcher.expect_error("s", "pool_required").await;
    let pool = daemon.overview().await.pools.remove(0).name;
    for number in 0..16 {
        let reference = number.to_string();
        watcher.say(json!({"type": "subscribe", "ref": reference, "pool": pool})).await;
        let answer = watcher.next_about(&reference).await;
        assert!(matches!(answer, ServerMessage::Subscribed { .. }), "{answer:?}");
    }
    watcher.say(json!({"type": "subscribe", "ref": "s", "pool": pool})).await;
    watcher.expect_error("s", "too_many_requests").await;
}
