//! The engine against the specification: rule 3 of the design, as `common/naive.rs` has it.
//!
//! On random histories both must give the same grants, ends and refusals, in the same order.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::history::{Step, resources, step};
use common::naive::{Happened, Naive};
use proptest::collection::vec;
use proptest::prelude::*;
use respo::{
    AttributeMatcher, Command, Effects, Engine, Fence, Limits, Name, NoticeKind, Reply, State,
    Timestamp,
};

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
