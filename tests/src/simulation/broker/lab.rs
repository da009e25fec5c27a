//! What the store, the clients and the operator of one history share.

use std::sync::{Mutex, MutexGuard, PoisonError};

use respo::{Record, State, Token};
use tokio::time::Instant;

use crate::crash::dice::Dice;
use crate::simulation::Settings;
use crate::simulation::checkers::Told;
use crate::simulation::kinds::Kinds;
use crate::simulation::observer::Observer;
use crate::simulation::plan::Plan;
use crate::simulation::store::{Batches, Store};

pub(super) struct Lab {
    pub(super) plan: Plan,
    pub(super) kinds: Kinds,
    started: Instant,
    inside: Mutex<Inside>,
}

/// Locked for moments only, never while anything is awaited.
pub(super) struct Inside {
    pub(super) observer: Observer,
    pub(super) store: Store,
    pub(super) dice: Dice,
    /// The number of the process that runs. Those before it do nothing any more.
    pub(super) run: u64,
    pub(super) is_draining: bool,
    pub(super) is_healed: bool,
    /// When something was committed last.
    pub(super) committed_at: Instant,
    /// Tokens that clients have lent to others.
    pub(super) lent: Vec<Token>,
}

impl Lab {
    pub(super) fn new(plan: Plan, settings: &Settings, observer: Observer, dice: Dice) -> Self {
        let started = Instant::now();
        let inside = Inside {
            observer,
            store: Store::new(settings.bug),
            dice,
            run: 0,
            is_draining: false,
            is_healed: false,
            committed_at: started,
            lent: Vec::new(),
        };
        Self { plan, kinds: settings.kinds, started, inside: Mutex::new(inside) }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inside> {
        let mut inside = self.inside.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.started.elapsed().as_micros();
        inside.observer.clock = u64::try_from(now).unwrap_or(u64::MAX);
        inside
    }

    pub(super) fn told(&self, told: Told<'_>) {
        self.lock().observer.told(told);
    }

    pub(super) fn note(&self, line: impl FnOnce() -> String) {
        self.lock().observer.note(line);
    }

    pub(super) fn is_healed(&self) -> bool {
        self.lock().is_healed
    }

    /// Whether something has gone wrong.
    pub(super) fn is_over(&self) -> bool {
        self.lock().observer.is_over()
    }

    pub(super) fn heal(&self) {
        let mut inside = self.lock();
        inside.observer.note(|| "the faults stop");
        inside.is_healed = true;
    }

    /// A new process begins.
    pub(super) fn begin_run(&self) -> u64 {
        let mut inside = self.lock();
        inside.run += 1;
        inside.is_draining = false;
        inside.run
    }

    pub(super) fn crash(&self) {
        let mut inside = self.lock();
        let Inside { observer, store, dice, .. } = &mut *inside;
        observer.note(|| "CRASH");
        let (durable, lost) = store.crash(dice);
        observer.figures.crashes += 1;
        observer.figures.untold += durable.len() as u64;
        observer.figures.lost_writes += lost;
        observer.durable(&durable);
        inside.run += 1;
    }

    pub(super) fn stop(&self) {
        let mut inside = self.lock();
        inside.observer.note(|| "the server stops");
        inside.observer.figures.stops += 1;
        inside.is_draining = true;
    }

    pub(super) fn finish(&self, unfinished: &[String]) {
        let mut inside = self.lock();
        let state = inside.store.durable().clone();
        inside.observer.finished(&state, unfinished);
    }
}

impl Inside {
    /// Whether something fails now.
    pub(super) fn fails(&mut self, plan: &Plan) -> bool {
        !self.is_healed && self.dice.chance(plan.failures)
    }

    /// The engine has made these records: they are about to be written.
    pub(super) fn write(&mut self, records: &[Record]) {
        let grants = !self.is_draining;
        self.observer.recorded(records, &[]);
        let now = self.observer.ledger().at;
        self.observer.settled(now, grants);
        self.store.write(records.to_vec());
    }

    pub(super) fn durable(&mut self, batches: &Batches) {
        self.observer.durable(batches);
    }

    /// What the store has: what a failed commit left behind is made durable, or cleared away.
    pub(super) fn recover(&mut self) -> State {
        if self.dice.chance(70) {
            let batches = self.store.sync();
            self.durable(&batches);
        } else {
            self.observer.figures.lost_writes += self.store.lose();
        }
        let state = self.store.durable().clone();
        self.observer.restored(&state, &state, state.at, &[]);
        state
    }
}
