//! Every interleaving of what two clients, a server and its store can do with two resources, one silent break
//! of a connection and one crash: the protocol of sessions, leases and restarts, checked with the real engine.
//!
//! `client` says what a client believes and when it stops by itself, `engines` how the engine is driven,
//! `lab` what can happen next, `world` what there is, `properties` what must be true.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod client;
mod durable;
mod engines;
mod lab;
mod properties;
mod world;

use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};

use lab::{Flaw, Lab, Landmark};
use properties::{EXCLUSION, TOLD, TRUTH};

/// Each client asks once, and one connection breaks.
fn lab(flaw: Flaw) -> Lab {
    Lab::new(flaw, [1, 1], 1)
}

#[test]
fn no_interleaving_breaks_a_promise() {
    let began = Instant::now();
    let checker = lab(Flaw::None).checker().threads(2).spawn_bfs().join();
    println!(
        "{} states, {} steps, {} different deeds of the engine, at most {} in a row, in {:.1} s",
        checker.unique_state_count(),
        checker.state_count(),
        checker.model().engines.deeds(),
        checker.max_depth(),
        began.elapsed().as_secs_f64()
    );
    // It stops before it has seen every state only once it has discovered something about every property,
    // and about those that are always true there is nothing to discover.
    assert!(checker.is_done());
    checker.assert_properties();
    assert!(checker.unique_state_count() > 100_000, "the model has lost most of its states");
    let seen = checker.model().seen.lock().unwrap();
    for landmark in Landmark::ALL {
        assert!(seen.contains(&landmark), "{landmark:?} never happens");
    }
}

/// A short way in which this flaw breaks the promise.
fn way_to_break(flaw: Flaw, promise: &'static str) -> String {
    let found = HasDiscoveries::AnyOf([promise].into());
    let checker = lab(flaw).checker().finish_when(found).spawn_bfs().join();
    let way = checker.discovery(promise).expect("the checker finds the flaw").into_actions();
    println!("{flaw:?}: {way:?}");
    format!("{way:?}")
}

#[test]
fn telling_before_the_commit_is_found() {
    // The engine that told the client is gone, and the next one knows nothing of the lease.
    let way = way_to_break(Flaw::TellsBeforeCommit, EXCLUSION);
    assert!(way.contains("Crash, Restart") && !way.contains("Commit"), "{way}");
    way_to_break(Flaw::TellsBeforeCommit, TRUTH);
    way_to_break(Flaw::TellsBeforeCommit, TOLD);
}

#[test]
fn forgetting_the_grace_is_found() {
    let way = way_to_break(Flaw::ForgetsTheGrace, EXCLUSION);
    assert!(way.contains("Crash, Restart"), "{way}");
}

#[test]
fn a_client_without_linger_is_not_safe_where_the_server_notices_before_it() {
    // What the model assumes of the network is needed. It takes no crash.
    let way = way_to_break(Flaw::NoticesBeforeTheClient, EXCLUSION);
    assert!(way.contains("Break") && !way.contains("Crash"), "{way}");
}
