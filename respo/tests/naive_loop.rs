//! The engine against the specification: rule 3 of the design, written as plainly as it can be.
//!
//! On random histories both must give the same grants, ends and refusals, in the same order.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use common::history::{By, Step, resources, step};
use proptest::collection::vec;
use proptest::prelude::*;
use respo::{
    AttributeMatcher, Command, Effects, EndReason, Engine, Fence, Limits, Name, NoticeKind, Reply,
    Request, Resource, Selector, State, Timestamp, Wait,
};

/// What both must agree on.
#[derive(Debug, Clone, PartialEq)]
enum Happened {
    Granted { id: u64, fence: u64, resource: Name },
    Ended { id: u64, reason: EndReason },
    Submitted(u64),
    Done,
    Refused(&'static str),
}

#[derive(Debug, Clone)]
struct Asked {
    request: Request,
    since: u64,
    /// The open session that it belongs to, or when it ends without one.
    owner: Result<u64, u64>,
    held: Option<(Name, u64)>,
}

/// The specification: no index, no cache, no shortcut.
#[derive(Default)]
struct Naive {
    now: u64,
    inventory: BTreeMap<Name, Resource>,
    asked: BTreeMap<u64, Asked>,
    open: std::collections::BTreeSet<u64>,
    last_id: u64,
    last_fence: u64,
    last_used: BTreeMap<Name, u64>,
    draining: bool,
    happened: Vec<Happened>,
}

impl Naive {
    fn held(&self, name: &Name) -> bool {
        self.asked.values().any(|asked| asked.held.as_ref().is_some_and(|held| held.0 == *name))
    }

    /// The free resources that suit, the least recently used first.
    fn suitable(&self, selector: &Selector) -> Vec<Name> {
        let suits = |resource: &&Resource| suits(selector, resource) && !self.held(&resource.name);
        let mut names: Vec<Name> =
            self.inventory.values().filter(suits).map(|r| r.name.clone()).collect();
        names.sort_by_key(|name| (self.last_used.get(name).copied().unwrap_or(0), name.clone()));
        names
    }

    /// The loop of rule 3. With one resource a request there is nothing to keep for those who wait.
    fn grant_all(&mut self) {
        if self.draining {
            return;
        }
        let mut waiting: Vec<(i16, u64)> = self
            .asked
            .iter()
            .filter(|(_, asked)| asked.held.is_none())
            .map(|(id, asked)| (-asked.request.priority.value(), *id))
            .collect();
        waiting.sort_unstable();
        for (_, id) in waiting {
            let selector = self.asked[&id].request.requirements()[0].selector.clone();
            let Some(resource) = self.suitable(&selector).into_iter().next() else {
                continue;
            };
            self.last_fence += 1;
            self.last_used.insert(resource.clone(), self.last_fence);
            let until = self.asked[&id].request.max_duration;
            let until = until.map_or(u64::MAX, |longest| self.now + longest.as_micros() as u64);
            self.asked.get_mut(&id).unwrap().held = Some((resource.clone(), until));
            self.happened.push(Happened::Granted { id, fence: self.last_fence, resource });
        }
    }

    fn end(&mut self, id: u64, reason: EndReason) {
        let Some(asked) = self.asked.remove(&id) else {
            return;
        };
        // What is held and no longer in the inventory is forgotten with the lease.
        if let Some((name, _)) = asked.held.filter(|(name, _)| !self.inventory.contains_key(name)) {
            self.last_used.remove(&name);
        }
        self.happened.push(Happened::Ended { id, reason });
    }

    fn due(&self) -> Option<(u64, u64, u8, EndReason)> {
        let deadlines = self.asked.iter().flat_map(|(id, asked)| {
            let longest = asked.held.as_ref().map(|held| held.1).filter(|at| *at < u64::MAX);
            let wait = match asked.request.wait {
                Wait::UpTo(limit) if asked.held.is_none() => {
                    Some(asked.since + limit.as_micros() as u64)
                }
                _ => None,
            };
            [
                longest.map(|at| (at, *id, 0, EndReason::MaxDuration)),
                wait.map(|at| (at, *id, 1, EndReason::WaitExpired)),
                asked.owner.err().map(|at| (at, *id, 2, EndReason::Orphaned)),
            ]
        });
        deadlines.flatten().min_by_key(|(at, id, kind, _)| (*at, *id, *kind))
    }

    fn advance(&mut self, to: u64) {
        self.now = to;
        while let Some((at, ..)) = self.due().filter(|(at, ..)| *at <= self.now) {
            // What is due at one moment ends together.
            while let Some((_, id, _, reason)) = self.due().filter(|due| due.0 == at) {
                self.end(id, reason);
            }
            self.grant_all();
        }
    }

    fn step(&mut self, step: &Step, made: usize) {
        let nth = |nth: usize| nth as u64 % (made as u64 + 1);
        let outcome = match step {
            Step::Open(session) => {
                self.open.insert(*session);
                Ok(Happened::Done)
            }
            Step::Close(session) => {
                self.close(*session);
                Ok(Happened::Done)
            }
            Step::Submit { session, request } => self.submit(*session, request),
            Step::Resume { session, nth: n } => self.resume(*session, nth(*n)),
            Step::End { nth: n, by } => self.end_by(nth(*n), *by),
            Step::Replace(resources) => {
                self.replace(resources);
                Ok(Happened::Done)
            }
            Step::Drain => {
                self.draining = true;
                let waiting: Vec<u64> = self.waiting().collect();
                waiting.into_iter().for_each(|id| self.end(id, EndReason::Draining));
                Ok(Happened::Done)
            }
            Step::Advance(micros) => {
                self.advance(self.now + micros);
                Ok(Happened::Done)
            }
        };
        self.grant_all();
        self.happened.push(outcome.unwrap_or_else(Happened::Refused));
    }

    fn waiting(&self) -> impl Iterator<Item = u64> {
        self.asked.iter().filter(|(_, asked)| asked.held.is_none()).map(|(id, _)| *id)
    }

    fn close(&mut self, session: u64) {
        self.open.remove(&session);
        let theirs: Vec<u64> = self
            .asked
            .iter()
            .filter(|(_, asked)| asked.owner == Ok(session))
            .map(|(id, _)| *id)
            .collect();
        for id in theirs {
            let linger = self.asked[&id].request.linger();
            if linger.is_zero() {
                self.end(id, EndReason::Disconnected);
            } else {
                let until = self.now + linger.as_micros() as u64;
                self.asked.get_mut(&id).unwrap().owner = Err(until);
            }
        }
    }

    fn submit(&mut self, session: u64, request: &Request) -> Result<Happened, &'static str> {
        if self.draining {
            return Err("draining");
        }
        if !self.open.contains(&session) {
            return Err("no_session");
        }
        let selector = &request.requirements()[0].selector;
        if !self.inventory.values().any(|resource| suits(selector, resource)) {
            return Err("no_such");
        }
        if request.wait == Wait::No && self.suitable(selector).is_empty() {
            return Err("busy");
        }
        self.last_id += 1;
        let (request, since, owner) = (request.clone(), self.now, Ok(session));
        self.asked.insert(self.last_id, Asked { request, since, owner, held: None });
        Ok(Happened::Submitted(self.last_id))
    }

    fn resume(&mut self, session: u64, id: u64) -> Result<Happened, &'static str> {
        let asked = self.asked.get_mut(&id).ok_or("wrong_token")?;
        if !self.open.contains(&session) {
            return Err("no_session");
        }
        asked.owner = Ok(session);
        Ok(Happened::Submitted(id))
    }

    fn end_by(&mut self, id: u64, by: By) -> Result<Happened, &'static str> {
        let asked = self.asked.get(&id).ok_or("no_request")?;
        let reason = match by {
            By::Session(session) if asked.owner == Ok(session) => EndReason::Released,
            By::Session(_) => return Err("no_request"),
            By::RightToken => EndReason::Released,
            By::WrongToken => return Err("wrong_token"),
            By::Administrator => EndReason::Revoked,
        };
        self.end(id, reason);
        Ok(Happened::Done)
    }

    fn replace(&mut self, resources: &[Resource]) {
        self.inventory = resources.iter().map(|r| (r.name.clone(), r.clone())).collect();
        let mut last_used = std::mem::take(&mut self.last_used);
        last_used.retain(|name, _| self.inventory.contains_key(name) || self.held(name));
        self.last_used = last_used;
        let possible = |asked: &Asked| {
            let selector = &asked.request.requirements()[0].selector;
            self.inventory.values().any(|resource| suits(selector, resource))
        };
        let impossible: Vec<u64> = self.waiting().filter(|id| !possible(&self.asked[id])).collect();
        impossible.into_iter().for_each(|id| self.end(id, EndReason::NoSuch));
    }
}

/// Whether a resource suits, with every way of giving each pattern an entity of its own tried out.
fn suits(selector: &Selector, resource: &Resource) -> bool {
    fn place(patterns: &[respo::EntityPattern], left: &[&respo::Entity]) -> bool {
        let Some((pattern, others)) = patterns.split_first() else {
            return true;
        };
        (0..left.len()).any(|n| {
            let mut rest = left.to_vec();
            let entity = rest.remove(n);
            pattern.attributes.is_subset(&entity.attributes) && place(others, &rest)
        })
    }
    let entities: Vec<&respo::Entity> = resource.entities.values().collect();
    (selector.names.is_empty() || selector.names.contains(&resource.name))
        && (selector.location.is_none() || selector.location == resource.location)
        && selector.attributes.iter().all(|word| resource.attributes.contains(word))
        && place(selector.entities(), &entities)
}

/// The engine, its records folded into a state of their own.
struct Real {
    engine: Engine,
    folded: State,
    now: u64,
    happened: Vec<Happened>,
}

impl Real {
    fn step(&mut self, step: &Step, made: usize) {
        let mut effects = Effects::default();
        let result = match (step.command(made), step) {
            (Some(command), _) => {
                self.engine.handle(Timestamp::from_micros(self.now), command, &mut effects)
            }
            (None, Step::Advance(micros)) => {
                self.now += micros;
                self.engine.handle_timeout(Timestamp::from_micros(self.now), &mut effects);
                Ok(Reply::Done)
            }
            (None, _) => unreachable!("only time passes without a command"),
        };
        effects.records.iter().for_each(|record| self.folded.apply(record));
        for notice in effects.notices {
            let id = notice.id.0;
            match notice.kind {
                NoticeKind::Granted(grant) => {
                    let (Fence(fence), resource) =
                        (grant.fence, grant.resources[0][0].name.clone());
                    self.happened.push(Happened::Granted { id, fence, resource });
                }
                NoticeKind::Ended { reason, .. } => {
                    self.happened.push(Happened::Ended { id, reason });
                }
                _ => {}
            }
        }
        self.happened.push(match result {
            Ok(Reply::Submitted(id)) => Happened::Submitted(id.0),
            Ok(_) => Happened::Done,
            Err(refusal) => Happened::Refused(refusal.code()),
        });
    }
}

fn engine(state: State, now: u64) -> Engine {
    let now = Timestamp::from_micros(now);
    Engine::restore(Limits::default(), Arc::new(AttributeMatcher), state, now)
}

fn no_two_holders(state: &State) -> bool {
    let grants = state.requests.values().filter_map(|request| request.grant.as_ref());
    let mut held: Vec<&Name> =
        grants.flat_map(|grant| grant.resources.iter().flatten()).map(|r| &r.name).collect();
    let all = held.len();
    held.sort();
    held.dedup();
    held.len() == all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_does_what_the_naive_loop_does(
        first in resources(6),
        steps in vec(step(6), 1..120),
        drained in proptest::bool::weighted(0.1),
    ) {
        let mut real =
            Real { engine: engine(State::default(), 0), folded: State::default(), now: 0, happened: Vec::new() };
        let mut naive = Naive::default();
        let mut made = 0;
        let opening = [Step::Replace(first), Step::Open(1), Step::Open(2)];
        let closing = drained.then_some(Step::Drain);
        for step in opening.iter().chain(&steps).chain(&closing) {
            real.step(step, made);
            naive.step(step, made);
            prop_assert_eq!(&real.happened, &naive.happened, "after {:?}", step);
            prop_assert!(no_two_holders(real.engine.state()));
            if let Some(Happened::Submitted(id)) = real.happened.last() {
                made = made.max(*id as usize);
            }
        }
        prop_assert_eq!(&real.folded, real.engine.state(), "the records add up to the state");
    }

    #[test]
    fn a_restored_engine_grants_in_the_same_order(
        first in resources(5),
        steps in vec(step(5), 1..60),
    ) {
        let mut real =
            Real { engine: engine(State::default(), 0), folded: State::default(), now: 0, happened: Vec::new() };
        let mut made = 0;
        for step in [Step::Replace(first), Step::Open(1), Step::Open(2)].iter().chain(&steps) {
            real.step(step, made);
            if let Some(Happened::Submitted(id)) = real.happened.last() {
                made = made.max(*id as usize);
            }
        }
        let mut restored = engine(real.folded.clone(), real.now);
        prop_assert_eq!(restored.state(), real.engine.state());
        let positions = |engine: &Engine| -> Vec<_> {
            engine.snapshot().waiting.iter().map(|waiting| (waiting.id, waiting.position)).collect()
        };
        prop_assert_eq!(positions(&restored), positions(&real.engine));
        // What is held is let go of, one after another: both serve the same requests in the same order.
        let mut orders = [Vec::new(), Vec::new()];
        for (engine, order) in [&mut restored, &mut real.engine].into_iter().zip(&mut orders) {
            let now = Timestamp::from_micros(real.now);
            while let Some(holder) = engine.state().requests.iter().find(|(_, r)| r.grant.is_some()) {
                let id = *holder.0;
                let mut effects = Effects::default();
                let command = Command::End { id, by: respo::Authority::Administrator };
                prop_assert!(engine.handle(now, command, &mut effects).is_ok());
                order.extend(effects.notices.into_iter().filter_map(|notice| match notice.kind {
                    NoticeKind::Granted(grant) => Some((notice.id, grant.fence)),
                    _ => None,
                }));
            }
        }
        prop_assert_eq!(&orders[0], &orders[1]);
    }

    #[test]
    fn no_input_panics(
        first in resources(4),
        steps in vec((step(4), any::<u64>()), 1..80),
        extremes in vec(any::<u64>(), 1..20),
    ) {
        let mut engine = engine(State::default(), 0);
        let mut effects = Effects::default();
        let mut made = 0;
        let opening = (Step::Replace(first), 0);
        for (n, (step, at)) in std::iter::once(opening).chain(steps).enumerate() {
            // Times jump about, back and to the very end.
            let at = Timestamp::from_micros(at);
            if let Some(mut command) = step.command(made) {
                if let Command::Submit { request, .. } = &mut command {
                    let mut extreme = (**request).clone();
                    extreme.max_duration = extremes.get(n).map(|n| Duration::from_secs(*n));
                    *request = Arc::new(extreme);
                }
                if let Ok(Reply::Submitted(id)) = engine.handle(at, command, &mut effects) {
                    made = made.max(id.0 as usize);
                }
            }
            engine.handle_timeout(at, &mut effects);
            drop(engine.snapshot().overview(&respo::Label::new("pool").unwrap()));
            prop_assert!(no_two_holders(engine.state()));
        }
    }
}
