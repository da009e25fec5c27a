//! What the simulated clients set out to do.

use std::fmt::Write;
use std::time::Duration;

use crate::crash::dice::Dice;
use crate::crash::history::Asked;

/// The benches: name, location, attributes.
const BENCHES: [(&str, &str, &[&str]); 8] = [
    ("bench-1", "office1", &["can"]),
    ("bench-2", "office1", &["can", "usb"]),
    ("bench-3", "office1", &["usb"]),
    ("bench-4", "office1", &["can", "ethernet"]),
    ("bench-5", "office2", &["can"]),
    ("bench-6", "office2", &["usb", "ethernet"]),
    ("bench-7", "office2", &["ethernet"]),
    ("bench-8", "office2", &["can", "usb"]),
];

/// The inventory that the clients compete for.
#[must_use]
pub fn inventory() -> String {
    let mut yaml = String::from("pool:\n  name: lab\n  resources:\n");
    for (name, location, attributes) in BENCHES {
        let attributes = attributes.join(", ");
        writeln!(yaml, "    {name}: {{location: {location}, attributes: [{attributes}]}}")
            .expect("writing to a String does not fail");
    }
    yaml
}

/// What one client means to do on one of its turns. What happens to it may thwart that.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How long it rests before.
    pub rest: Duration,
    /// The request.
    pub asked: Asked,
    /// After how long a wait it gives up, and how.
    pub patience: Option<(Duration, Parting)>,
    /// How long it holds its lease.
    pub hold: Duration,
    /// How it gives the lease back.
    pub parting: Parting,
    /// Whether it drops its connection on the way and comes back: after how long, and away for how long.
    pub blink: Option<(Duration, Duration)>,
    /// Whether it tries before whether the token of a request that ended some time ago, and maybe on another
    /// server, is still good for something.
    pub remembers: bool,
}

/// How a client leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parting {
    /// With `DELETE`.
    Release,
    /// By closing the connection.
    Close,
    /// By closing the connection and trusting that somebody will notice: with linger, nobody will soon.
    Vanish,
}

/// What a client does when its connection has been lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterLoss {
    /// It comes back with its token.
    Resume,
    /// It gives up what it had with `DELETE`, without coming back before.
    Release,
    /// It never comes back.
    Vanish,
}

impl Plan {
    /// The plan of this client for this turn.
    #[must_use]
    pub fn of(seed: u64, client: u32, turn: u64) -> Self {
        let mut dice = Dice::of(seed, &[u64::from(client), turn]);
        let asked = ask(&mut dice);
        let lingers = asked.linger_ms > 0;
        Self {
            rest: dice.millis(0, 40),
            patience: dice.chance(12).then(|| (dice.millis(0, 120), parting(&mut dice, lingers))),
            hold: dice.millis(0, 60),
            parting: parting(&mut dice, lingers),
            blink: (lingers && dice.chance(50))
                .then(|| (dice.millis(0, 30), dice.millis(0, asked.linger_ms / 2))),
            remembers: dice.chance(25),
            asked,
        }
    }
}

impl AfterLoss {
    /// What this client does when it has lost the connection of this turn for the `loss`th time.
    #[must_use]
    pub fn of(seed: u64, client: u32, turn: u64, loss: u64) -> Self {
        match Dice::of(seed, &[u64::from(client), turn, loss]).below(100) {
            0..4 => Self::Release,
            4..6 => Self::Vanish,
            _ => Self::Resume,
        }
    }
}

fn ask(dice: &mut Dice) -> Asked {
    let (selector, candidates) = select(dice);
    Asked {
        selector,
        candidates,
        priority: match dice.below(10) {
            0 => 5,
            1 => -5,
            _ => 0,
        },
        linger_ms: if dice.chance(20) { 200 + dice.below(400) } else { 0 },
        wait_ms: dice.chance(5).then(|| 100 + dice.below(2000)),
        max_duration_ms: dice.chance(6).then(|| 1 + dice.below(120)),
    }
}

/// A selector and the benches that satisfy it.
fn select(dice: &mut Dice) -> (String, Vec<String>) {
    let (named, located, described) = *dice.pick(&BENCHES);
    let attribute = *dice.pick(described);
    let kind = dice.below(10);
    let fits = |(name, location, attributes): &(&str, &str, &[&str])| match kind {
        0..4 => *name == named,
        4..8 => attributes.contains(&attribute),
        8 => *location == located && attributes.contains(&attribute),
        _ => true,
    };
    let candidates: Vec<String> =
        BENCHES.iter().filter(|bench| fits(bench)).map(|(name, ..)| (*name).to_owned()).collect();
    let selector = match kind {
        0..4 => format!("resource={named}"),
        4..8 => format!("attributes=[{attribute}]"),
        8 => format!("location={located}&attributes=[{attribute}]"),
        _ => String::new(),
    };
    (selector, candidates)
}

fn parting(dice: &mut Dice, lingers: bool) -> Parting {
    match dice.below(100) {
        0..2 => Parting::Vanish,
        // Closing does not end what lingers.
        2..40 if !lingers => Parting::Close,
        _ => Parting::Release,
    }
}

impl Asked {
    /// The query string of `POST /lock`.
    #[must_use]
    pub fn query(&self, client: u32) -> String {
        let mut query = format!("name=client-{client}&priority={}", self.priority);
        if !self.selector.is_empty() {
            query.push_str(&format!("&{}", self.selector));
        }
        let durations = [
            ("linger", (self.linger_ms > 0).then_some(self.linger_ms)),
            ("wait", self.wait_ms),
            ("max_duration", self.max_duration_ms),
        ];
        for (name, millis) in durations {
            if let Some(millis) = millis {
                query.push_str(&format!("&{name}={millis}ms"));
            }
        }
        query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inventory_is_one() {
        let parsed = respo::yaml::InventoryDocument::parse(&inventory());
        assert!(parsed.is_ok(), "{parsed:?}");
    }

    #[test]
    fn a_seed_gives_the_same_plans_each_time() {
        let plans = |seed| {
            let turns = 1..50;
            turns.map(|turn| format!("{:?}", Plan::of(seed, 3, turn))).collect::<Vec<_>>()
        };
        assert_eq!(plans(1), plans(1));
        assert_ne!(plans(1), plans(2));
    }

    #[test]
    fn every_request_has_a_candidate_and_many_have_several() {
        let plans: Vec<_> = (1..500).map(|turn| Plan::of(9, 1, turn)).collect();
        assert!(plans.iter().all(|plan| !plan.asked.candidates.is_empty()));
        assert!(plans.iter().filter(|plan| plan.asked.candidates.len() > 1).count() > 100);
    }
}
