//! Random histories: what an engine makes of random commands.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{good, samples};
use crate::engine::{Authority, Command, Effects, Engine, Limits, Record, SessionId, State};
use crate::inventory::{Inventory, Stack};
use crate::matcher::AttributeMatcher;
use crate::names::Name;
use crate::request::{Hold, MIN_TTL, Request, RequestId, Wait};
use crate::rules::{Allowance, Rules};
use crate::time::Timestamp;
use crate::token::Token;

/// How many resources there are at most.
pub(super) const RESOURCES: u64 = 6;
/// How many sessions there are.
const SESSIONS: u64 = 3;

/// Plays random commands, the same for the same seed, and gives out the records.
pub(super) struct History {
    random: u64,
    now: Timestamp,
    pub(super) engine: Engine,
    pub(super) tokens: u64,
}

impl History {
    pub(super) fn new(seed: u64) -> Self {
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let engine = restore(State::default(), now);
        Self { random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1, now, engine, tokens: 0 }
    }

    /// What the records so far add up to.
    pub(super) fn state(&self) -> &State {
        self.engine.state()
    }

    /// A number below `bound`: xorshift64 (Marsaglia, "Xorshift RNGs", 2003).
    pub(super) fn choose(&mut self, bound: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % bound
    }

    /// The records of the next few commands; there may be none.
    pub(super) fn next_batch(&mut self) -> Vec<Record> {
        if self.choose(25) == 0 {
            return self.restart();
        }
        let mut effects = Effects::default();
        for _ in 0..=self.choose(4) {
            let passed = match self.choose(100) {
                // Keys are forgotten meanwhile.
                0 => self.choose(200_000_000_000),
                _ => self.choose(3_000_000),
            };
            self.now = self.now.after(Duration::from_micros(passed));
            let command = self.command();
            // What is refused makes no records.
            drop(self.engine.handle(self.now, command, &mut effects));
        }
        effects.records
    }

    /// The process ends, and starts at a time when the clock has been set.
    fn restart(&mut self) -> Vec<Record> {
        let from = self.now;
        let there = Duration::from_micros(self.choose(20_000_000_000));
        let to = match self.choose(2) {
            0 => from.after(there),
            _ => Timestamp::from_micros(from.as_micros() - there.as_micros() as u64),
        };
        self.now = to;
        let record = Record::ClockSet { from, to };
        let mut state = self.engine.state().clone();
        state.apply(&record);
        self.engine = restore(state, to);
        let mut records = vec![record];
        let mut effects = Effects::default();
        self.engine.handle_timeout(to, &mut effects);
        records.append(&mut effects.records);
        records
    }

    fn command(&mut self) -> Command {
        let session = SessionId(self.choose(SESSIONS));
        let some_id = RequestId(self.choose(self.tokens + 1));
        match self.choose(30) {
            0..=2 => Command::OpenSession(session),
            3 => Command::CloseSession(session),
            4 | 5 => Command::ReplaceInventory(self.inventory()),
            6..=9 => Command::End { id: some_id, by: Authority::Administrator },
            10 => Command::Resume { session, token: token(some_id.0) },
            11..=18 => self.command_on_lease(),
            19..=21 => self.submit_once(session),
            _ => {
                self.tokens += 1;
                let token = token(self.tokens).digest();
                Command::Submit { session, request: Arc::new(self.request()), token }
            }
        }
    }

    pub(super) fn request(&mut self) -> Request {
        let mut request = samples::request(self.choose(4));
        let short = |micros| Duration::from_micros(1 + micros);
        good(request.set_requirements(self.requirements()), "requirements");
        request.wait = match self.choose(4) {
            0 => Wait::No,
            1 => Wait::UpTo(short(self.choose(20_000_000))),
            _ => Wait::Forever,
        };
        request.hold = match self.choose(3) {
            0 => Hold::Ttl { ttl: MIN_TTL + short(self.choose(9_000_000)) },
            _ => {
                let linger = Duration::from_micros(self.choose(2) * self.choose(9_000_000));
                Hold::Connection { linger }
            }
        };
        request.max_duration = (self.choose(3) == 0).then(|| short(self.choose(30_000_000)));
        request
    }

    fn inventory(&mut self) -> Arc<Inventory> {
        let mut resources = Vec::new();
        for number in 0..RESOURCES {
            if self.choose(3) > 0 {
                let mut resource = samples::resource(resource_name(number), self.choose(3));
                resource.location = None;
                resources.push(resource);
            }
        }
        let names: Vec<Name> = resources.iter().map(|resource| resource.name.clone()).collect();
        let stacks: BTreeSet<Stack> = (0..self.choose(3)).map(|_| self.stack(&names)).collect();
        let stacks = stacks.into_iter().filter(|Stack(members)| members.len() > 1);
        let inventory = good(Inventory::new(resources), "an inventory");
        Arc::new(good(inventory.with_stacks(stacks), "its stacks").with_rules(self.rules()))
    }

    /// Some of `names`; there may be too few for a stack.
    fn stack(&mut self, names: &[Name]) -> Stack {
        Stack(names.iter().filter(|_| self.choose(2) == 0).cloned().collect())
    }

    fn rules(&mut self) -> Rules {
        let mut limit = || (self.choose(4) == 0).then(|| 1 + self.choose(3) as u32);
        let [max_leases, max_resources] =
            [(), ()].map(|()| Allowance { per_holder: limit(), per_group: limit() });
        Rules {
            ephemeral: self.choose(3) > 0,
            hold_back_after: Duration::from_micros(self.choose(2) * self.choose(9_000_000)),
            max_leases,
            max_resources,
            ..Rules::default()
        }
    }
}

fn restore(state: State, now: Timestamp) -> Engine {
    Engine::restore(Limits::default(), Arc::new(AttributeMatcher), state, now)
}

pub(super) fn token(number: u64) -> Token {
    Token::from_random(u128::from(number).to_be_bytes())
}

pub(super) fn resource_name(number: u64) -> Name {
    good(Name::new(format!("r{number}")), "a name")
}
