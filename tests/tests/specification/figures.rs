//! How often the interesting things happen in random histories. A comparison with the specification proves
//! little about what hardly ever comes about.

use std::collections::BTreeMap;

use respo::{Limits, RequestId, Wanted};
use tests::random_histories::{Kinds, Step, history};
use tests::specification::{Obstacle, Specification};

const HISTORIES: u64 = 1_000;

/// In how many histories each of these was seen.
#[derive(Default)]
struct Seen(BTreeMap<&'static str, usize>);

impl Seen {
    fn look(&self, specification: &Specification, found: &mut Vec<&'static str>) {
        let waiting = specification.waiting();
        let asks = |id: &RequestId| specification.request(*id).unwrap();
        let kept = specification.kept();
        let held = specification.held();
        if kept.values().any(|id| asks(id).requested() > 1) {
            found.push("a request for several waits with something kept");
        }
        for id in &waiting {
            found.push(match specification.obstacle(*id) {
                Some(Obstacle::Limit) => "a limit alone holds a request back",
                Some(Obstacle::Kept) => "what is kept makes someone wait",
                Some(Obstacle::Collateral) => "collateral makes someone wait",
                Some(Obstacle::Held) => "what is held makes someone wait",
                None => continue,
            });
        }
        if !specification.collateral().is_empty() {
            found.push("something is collateral");
        }
        let keys = waiting.iter().flat_map(|id| asks(id).requirements());
        let contended = keys.filter_map(|one| match &one.wanted {
            Wanted::Keys(keys) => Some(keys),
            Wanted::Matching(_) => None,
        });
        let missing = |key: &respo::Name| specification.inventory().find(key.as_str()).is_none();
        if contended.flatten().any(|key| missing(key) && held.contains_key(key)) {
            found.push("somebody waits for an ephemeral key that is held");
        }
        let parties = waiting.iter().chain(held.values());
        if parties.into_iter().any(|id| specification.party_of(*id) != Some(*id)) {
            found.push("a request is of another's party");
        }
    }

    fn play(&mut self, seed: u64) {
        let mut specification = Specification::new(Limits::default());
        let mut found = Vec::new();
        for step in history(seed, 80, Kinds::ALL) {
            let before = (specification.now(), specification.waiting());
            for happened in specification.step(&step) {
                found.push(match happened {
                    tests::specification::Happened::Granted { resources, .. } => {
                        match resources.iter().flatten().count() {
                            1 => "one resource is granted",
                            _ => "several resources are granted together",
                        }
                    }
                    tests::specification::Happened::Extended { .. } => "a lease is extended",
                    tests::specification::Happened::PartlyReleased { .. } => "a part is released",
                    tests::specification::Happened::Transferred { .. } => "a lease is passed on",
                    tests::specification::Happened::Repeated(_) => "a key repeats its request",
                    tests::specification::Happened::Renewed(Some(_)) => "something is renewed",
                    tests::specification::Happened::Refused(code) => code,
                    tests::specification::Happened::Ended { reason, .. } => reason.code(),
                    _ => continue,
                });
            }
            if let Step::Advance(_) = step {
                let after = specification.inventory().rules().hold_back_after;
                let still = specification.waiting();
                let comes = |id: &RequestId| {
                    let at = specification.since(*id).map(|since| since.after(after));
                    still.contains(id)
                        && at.is_some_and(|at| at > before.0 && at <= specification.now())
                };
                if before.1.iter().any(comes) {
                    found.push("a hold-back time comes while a request waits");
                }
            }
            assert_eq!(specification.grantable(), None, "seed {seed}, after {step:?}");
            self.look(&specification, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().for_each(|what| *self.0.entry(what).or_default() += 1);
    }
}

#[test]
fn interesting_things_happen_in_many_random_histories() {
    let mut seen = Seen::default();
    (0..HISTORIES).for_each(|seed| seen.play(seed));
    for (what, times) in &seen.0 {
        println!("{times:5} of {HISTORIES}: {what}");
    }
    for (what, least) in [
        ("a request for several waits with something kept", 300),
        ("what is kept makes someone wait", 150),
        ("something is collateral", 300),
        ("collateral makes someone wait", 100),
        ("a limit alone holds a request back", 100),
        ("somebody waits for an ephemeral key that is held", 100),
        ("a hold-back time comes while a request waits", 100),
        ("several resources are granted together", 500),
        ("a request is of another's party", 300),
        ("a lease is extended", 100),
        ("a part is released", 200),
        ("a lease is passed on", 200),
        ("a key repeats its request", 25),
        ("something is renewed", 100),
        ("expired", 100),
        ("guest_token", 20),
        ("key_spent", 50),
        ("key_reused", 20),
        ("not_held", 50),
    ] {
        let times = seen.0.get(what).copied().unwrap_or(0);
        assert!(times >= least, "{times} of {HISTORIES} histories, fewer than {least}: {what}");
    }
}
