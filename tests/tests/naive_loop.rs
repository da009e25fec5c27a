//! The engine against the specification, on random histories: both must give the same grants, ends and
//! answers, in the same order.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use respo::{
    AttributeMatcher, Authority, Command, Effects, Engine, Limits, Name, Notice, Record, Reply,
    RequestId, State, Timestamp,
};
use tests::crash::dice::Dice;
use tests::random_histories::{Kinds, Step, held_names, opening, promises, step};
use tests::specification::{Happened, Specification};

/// What the histories have in them.
fn kinds() -> Kinds {
    Kinds::ALL
}

/// The engine, its records folded into a state of their own.
struct Real {
    engine: Engine,
    folded: State,
    now: Timestamp,
}

impl Real {
    fn new(limits: Limits) -> Self {
        let now = Timestamp::from_micros(0);
        let engine = Engine::restore(limits, Arc::new(AttributeMatcher), State::default(), now);
        Self { engine, folded: State::default(), now }
    }

    /// Does a step, and returns what happened.
    fn step(&mut self, step: &Step) -> Result<Vec<Happened>, TestCaseError> {
        let mut effects = Effects::default();
        let held = |id| held_names(&self.folded, id);
        let result = match (step.command(self.folded.last_id, held), step) {
            (Some(command), _) => self.engine.handle(self.now, command, &mut effects),
            (None, Step::Advance(micros)) => {
                self.now = self.now.after(Duration::from_micros(*micros));
                self.engine.handle_timeout(self.now, &mut effects);
                Ok(Reply::Done)
            }
            (None, Step::Sleep(micros)) => {
                self.now = self.now.after(Duration::from_micros(*micros));
                Ok(Reply::Done)
            }
            (None, _) => unreachable!("only time passes without a command"),
        };
        for record in &effects.records {
            self.folded.apply(record);
            if let Record::Granted { resources, .. } = record {
                let split = newly_split(&self.folded, resources);
                prop_assert_eq!(split, None, "a stack is split by {:?}", record);
            }
        }
        let mut happened = told(&effects.notices);
        happened.push(Happened::answer(&result));
        Ok(happened)
    }
}

/// The grants without the moments at which they end: what is restored may live for longer.
fn without_ends(happened: &[Happened]) -> Vec<Happened> {
    let mut happened = happened.to_vec();
    for one in &mut happened {
        if let Happened::Granted { expires, .. } = one {
            *expires = None;
        }
    }
    happened
}

fn told(notices: &[Notice]) -> Vec<Happened> {
    notices.iter().filter_map(Happened::of).collect()
}

fn no_two_holders(state: &State) -> bool {
    let mut seen = BTreeSet::new();
    held(state).into_iter().all(|(name, _)| seen.insert(name.clone()))
}

/// Everything that is held, and by which party.
fn held(state: &State) -> Vec<(&Name, RequestId)> {
    let leases = state.requests.values().filter_map(|one| Some((one.grant.as_ref()?, one.party)));
    let names = leases.flat_map(|(grant, party)| {
        grant.resources.iter().flatten().map(move |resource| (&resource.name, party))
    });
    names.collect()
}

fn parties(state: &State) -> BTreeMap<RequestId, RequestId> {
    state.requests.iter().map(|(id, one)| (*id, one.party)).collect()
}

/// A name from a stack that is held by two parties although one of these, just granted, is in it. After a
/// change of inventory a stack may be held by two parties, but nobody is given a part of it then.
fn newly_split(state: &State, granted: &[Vec<Name>]) -> Option<Name> {
    let held = held(state);
    let touched = |stack: &&respo::Stack| granted.iter().flatten().any(|one| stack.0.contains(one));
    let split = |stack: &&respo::Stack| {
        let parties =
            held.iter().filter(|(name, _)| stack.0.contains(*name)).map(|(_, party)| party);
        parties.collect::<BTreeSet<_>>().len() > 1
    };
    let mut stacks = state.inventory.stacks().iter().filter(touched);
    stacks.find(split).and_then(|stack| stack.0.first().cloned())
}

/// Up to `most` steps after the opening. What shrinks is how many there are.
fn history(most: usize) -> impl Strategy<Value = Vec<Step>> {
    let seed = || any::<u64>().no_shrink();
    (seed(), vec(seed(), 1..most)).prop_map(|(first, seeds)| {
        let mut steps = opening(first, kinds());
        steps.extend(seeds.into_iter().map(|seed| step(&mut Dice::of(seed, &[]), kinds())));
        steps
    })
}

/// Narrow ones too, so that queues and sessions are full now and then.
fn limits() -> impl Strategy<Value = Limits> {
    prop_oneof![
        3 => Just(Limits::default()),
        1 => (1usize..5, 2usize..6).prop_map(|(max_waiting, max_requests_per_session)| {
            let mut limits = Limits::default();
            limits.max_waiting = max_waiting;
            limits.max_requests_per_session = max_requests_per_session;
            limits.max_duration = Some(Duration::from_micros(50));
            limits.max_linger = Duration::from_micros(25);
            limits
        }),
        1 => (1u64..4).prop_map(|seconds| {
            let mut limits = Limits::default();
            limits.max_duration = Some(Duration::from_secs(seconds));
            limits.max_ttl = Duration::from_secs(2);
            limits.grace = Duration::from_micros(1_500_000);
            limits
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_does_what_the_specification_says(
        limits in limits(),
        steps in history(120),
        drained in proptest::bool::weighted(0.1),
    ) {
        let mut real = Real::new(limits.clone());
        let mut specification = Specification::new(limits);
        let closing = drained.then_some(Step::Drain);
        for step in steps.iter().chain(&closing) {
            let happened = real.step(step)?;
            prop_assert_eq!(&happened, &specification.step(step), "after {:?}", step);
            prop_assert!(no_two_holders(real.engine.state()));
            prop_assert_eq!(parties(&real.folded), specification.parties());
            prop_assert_eq!(&real.folded.last_used, &specification.last_used());
            prop_assert_eq!(promises(&real.folded), specification.promises());
            let spent: Vec<_> =
                real.folded.spent_keys.iter().map(|spent| (spent.key, spent.id)).collect();
            prop_assert_eq!(spent, specification.spent_keys());
        }
        prop_assert_eq!(&real.folded, real.engine.state(), "the records add up to the state");
    }

    #[test]
    fn a_restored_engine_grants_in_the_same_order(steps in history(60)) {
        let mut real = Real::new(Limits::default());
        for step in &steps {
            real.step(step)?;
        }
        // What is due is done before the comparison, even if nobody was there at the end.
        real.step(&Step::Advance(0))?;
        let state = real.folded.clone();
        let matcher = Arc::new(AttributeMatcher);
        let mut restored =
            Engine::restore(Limits::default(), matcher, state.clone(), real.now);
        prop_assert_eq!(restored.state(), real.engine.state());
        let positions = |engine: &Engine| -> Vec<_> {
            engine.snapshot().waiting.iter().map(|waiting| (waiting.id, waiting.position)).collect()
        };
        prop_assert_eq!(positions(&restored), positions(&real.engine));
        let mut specification = Specification::restore(Limits::default(), &state, real.now, &[]);
        // What is held is let go of, one after another: all serve the same requests in the same order.
        while let Some(id) = first_lease(&restored) {
            let command = Command::End { id, by: Authority::Administrator };
            let mut happened = Vec::new();
            for engine in [&mut restored, &mut real.engine] {
                let mut effects = Effects::default();
                prop_assert!(engine.handle(real.now, command.clone(), &mut effects).is_ok());
                happened.push(told(&effects.notices));
            }
            let mut specified = specification.handle(real.now, &command);
            prop_assert_eq!(specified.pop(), Some(Happened::Done));
            prop_assert_eq!(&happened[0], &specified);
            let [restored, live] = [&happened[0], &happened[1]].map(|all| without_ends(all));
            prop_assert_eq!(restored, live);
        }
    }

    #[test]
    fn no_input_panics(
        steps in history(80),
        times in vec(any::<u64>(), 90),
        extremes in vec(proptest::option::of(any::<u64>()), 90),
    ) {
        let now = Timestamp::from_micros(0);
        let mut engine =
            Engine::restore(Limits::default(), Arc::new(AttributeMatcher), State::default(), now);
        let mut effects = Effects::default();
        for ((step, at), extreme) in steps.iter().zip(times).zip(extremes) {
            // Times jump about, back and to the very end.
            let at = Timestamp::from_micros(at);
            if let Some(mut command) = step.command(engine.state().last_id, |id| held_names(engine.state(), id)) {
                if let Command::Submit { request, .. } = &mut command {
                    let mut changed = (**request).clone();
                    changed.max_duration = extreme.map(Duration::from_secs);
                    *request = Arc::new(changed);
                }
                let _refused_or_not = engine.handle(at, command, &mut effects);
            }
            engine.handle_timeout(at, &mut effects);
            drop(engine.snapshot().overview(&respo::Label::new("pool").unwrap()));
            prop_assert!(no_two_holders(engine.state()));
        }
    }
}

fn first_lease(engine: &Engine) -> Option<RequestId> {
    let mut requests = engine.state().requests.iter();
    requests.find(|(_, one)| one.grant.is_some()).map(|(id, _)| *id)
}
