//! Simulated histories, faults included, in which nothing goes wrong; and planted bugs, each of which is found.
//!
//! The program `simulate` of this package does the same for as many histories as one likes.

// Everything in here is test code: a panic is how it reports.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::num::NonZeroUsize;
use std::ops::Range;

use tests::simulation::bug::Bug;
use tests::simulation::checkers::Property;
use tests::simulation::figures::Figures;
use tests::simulation::run::run;
use tests::simulation::{Layer, Settings};

/// Among so many histories each planted bug shows.
const FEW: Range<u64> = 0..400;

#[test]
fn nothing_goes_wrong_in_histories_of_the_engine() {
    let figures = all_is_well(Layer::Engine, 0..1500);
    let Figures { waited, untold, lost_writes, resumes, takeovers, swaps_in_queue, .. } = figures;
    let exercised = [waited, untold, lost_writes, resumes, takeovers, swaps_in_queue];
    assert!(exercised.iter().all(|count| *count > 200), "they show little:\n{figures}");
    shows_terms(&figures, 100);
}

#[test]
fn nothing_goes_wrong_in_histories_of_the_broker() {
    let figures = all_is_well(Layer::Broker, 0..200);
    let Figures { waited, crashes, lost_writes, resumes, takeovers, swaps_in_queue, .. } = figures;
    let exercised = [waited, crashes, lost_writes, resumes, takeovers, swaps_in_queue];
    assert!(exercised.iter().all(|count| *count > 20), "they show little:\n{figures}");
    shows_terms(&figures, 5);
}

/// That leases were renewed, extended, given back in part and passed on, and that keys were used again.
fn shows_terms(figures: &Figures, least: u64) {
    let Figures { extensions, parts, transfers, expired, repetitions, .. } = *figures;
    let exercised = [extensions, parts, transfers, expired, repetitions];
    assert!(exercised.iter().all(|count| *count > least), "they show little:\n{figures}");
}

fn all_is_well(layer: Layer, seeds: Range<u64>) -> Figures {
    println!("seed {}", seeds.start);
    let report = run(layer, seeds, NonZeroUsize::MIN, &Settings::default());
    println!("{report}");
    assert!(report.failure.is_none(), "{report}");
    report.figures
}

#[test]
fn a_seed_gives_the_same_history_each_time() {
    let settings = Settings { transcript: usize::MAX, ..Settings::default() };
    for seed in 0..5 {
        let [first, second] = [(); 2].map(|()| Layer::Engine.play(seed, &settings));
        assert!(first.transcript.len() > 20);
        assert_eq!(first.transcript, second.transcript);
        assert_eq!(first.figures, second.figures);
    }
}

#[test]
fn every_planted_bug_is_caught_by_the_checker_that_is_there_for_it() {
    for (bug, property) in Bug::ALL {
        is_caught(Layer::Engine, bug, property);
    }
}

#[test]
fn bugs_of_the_store_are_caught_through_the_broker_too() {
    for (bug, property) in Bug::ALL {
        if bug.is_in_the_store() {
            is_caught(Layer::Broker, bug, property);
        }
    }
}

fn is_caught(layer: Layer, bug: Bug, property: Property) {
    let Some(kinds) = bug.kinds() else { return };
    let only = Some(property);
    let planted = Settings { kinds, only, bug: Some(bug), ..Settings::default() };
    let report = run(layer, FEW, NonZeroUsize::MIN, &planted);
    let failure = report.failure.unwrap_or_else(|| panic!("{bug:?} is not caught"));
    println!("{bug:?} with seed {}: {}", failure.seed, failure.violation);
    assert_eq!(failure.violation.property, property);
    assert!(failure.transcript.last().unwrap().contains("VIOLATION"), "{failure}");
    // It is the bug that is found, and nothing else.
    let sound = Settings { only, ..Settings::default() };
    let report = run(layer, 0..failure.seed + 1, NonZeroUsize::MIN, &sound);
    assert!(report.failure.is_none(), "{report}");
}

#[test]
fn every_checker_has_a_planted_bug() {
    let properties = [
        Property::Exclusion,
        Property::NoStackSplit,
        Property::NoPartialGrant,
        Property::Order,
        Property::NoneWaitsInVain,
        Property::FencesRise,
        Property::MadeOnce,
        Property::KeepsPromises,
        Property::DurableBeforeTold,
        Property::RecoveredIsLive,
        Property::Drains,
    ];
    for property in properties {
        let shows =
            |(bug, violated): &(Bug, Property)| *violated == property && bug.kinds().is_some();
        assert!(Bug::ALL.iter().any(shows), "{property:?}");
    }
}
