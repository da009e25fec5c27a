//! A restart of respod forgets nothing of leases of several resources, of stacks and of keys.

use respo::wire::ResourceState;
use serde_json::json;
use tests::{Daemon, leased_names};

/// Phones with their relays, and keys that are in no inventory.
const LAB: &str = "\
pool:
  name: lab
  ephemeral: true
  stacks:
    - [phone-1, relay-1]
    - [phone-2, relay-2]
  resources:
    phone-1: {attributes: [phone], entities: {sim: {attributes: [prepaid]}}}
    phone-2: {attributes: [phone]}
    relay-1: {attributes: [relay]}
    relay-2: {attributes: [relay]}
";

#[tokio::test]
async fn leases_collateral_keys_and_those_who_wait_are_there_again() {
    for crash in [true, false] {
        println!("crash: {crash}");
        let daemon = Daemon::start(LAB).await;
        let request = json!({
            "requirements": [
                {"attributes": ["phone"], "entities": [{"attributes": ["prepaid"]}], "stack": "s"},
                {"keys": ["licence-1", "licence-2"], "count": 2}
            ],
            "name": "anna", "tags": {"build": "88"}
        });
        let (holder, lease) = daemon.hold_json(request.clone()).await;
        let names = [vec!["phone-1"], vec!["licence-1", "licence-2"]];
        assert_eq!(leased_names(&lease), names);
        let waiting = json!({
            "requirements": [{"resource": ["relay-1", "relay-2"], "count": 2}, {"keys": ["licence-2"]}],
            "name": "bert"
        });
        let mut waiter = daemon.lock_json(waiting).await;
        let queued = waiter.expect_queued().await;
        let token = queued.token.clone().unwrap();
        let before = daemon.pool().await;

        let settings = if crash { daemon.kill().await } else { daemon.stop().await };
        drop((holder, waiter));
        let daemon = settings.start().await;
        let after = daemon.pool().await;
        assert_eq!(after.waiting, before.waiting);
        for (was, is) in before.resources.iter().zip(&after.resources) {
            let state = match was.state {
                ResourceState::Leased => ResourceState::Orphaned,
                other => other,
            };
            assert_eq!((&is.name, is.state, is.ephemeral), (&was.name, state, was.ephemeral));
        }
        assert_eq!(before.resources.len(), after.resources.len());
        assert_eq!(daemon.resource_names("state=collateral").await, ["relay-1"]);
        assert_eq!(daemon.resource_names("state=held_back").await, ["phone-2", "relay-2"]);

        let mut holder = daemon.resume(&lease.token).await;
        let again = holder.expect_granted().await;
        assert_eq!(again, lease, "the same, with its pairing and its properties");
        let mut waiter = daemon.resume(&token).await;
        let still = waiter.expect_queued().await;
        assert_eq!((still.id, still.position), (queued.id, queued.position));
        holder.close();
        let granted = waiter.expect_granted().await;
        assert_eq!(leased_names(&granted), [vec!["relay-1", "relay-2"], vec!["licence-2"]]);
        assert!(granted.fence > lease.fence);
        waiter.close();
        daemon.expect_idle().await;
        assert_eq!(daemon.pool().await.resources.len(), 4, "the keys are gone");
    }
}
