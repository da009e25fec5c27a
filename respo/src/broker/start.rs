//! Setting a broker up, and starting it from what its store has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use tokio::sync::mpsc;
use tracing::{debug, info};

use super::actor::{Actor, Parts};
use super::clock::Clock;
use super::events::EventLog;
use super::publisher::Publisher;
use super::ticket::PositionIntervals;
use super::{Broker, Shared};
use crate::engine::{Command, Effects, Limits, Record, State};
use crate::inventory::Inventory;
use crate::matcher::{AttributeMatcher, Matcher};
use crate::names::Label;
use crate::notifier::{LeaseNotifier, NoNotifier};
use crate::refusal::Refusal;
use crate::store::{Batch, InventoryStore, MemoryStore, Recovered, StoreError};

/// By so much the clock of an earlier run may differ from the wall clock and still be gone on with. What
/// is more was a change of the wall clock, or a time that nobody could measure.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(2);

/// Why a broker does not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The store could not be read or written.
    #[error("the store of pool {pool:?} failed: {error}", pool = .pool.as_str())]
    Store {
        /// The pool.
        pool: Label,
        /// What the store says.
        error: StoreError,
    },
    /// The inventory was not taken.
    #[error("the inventory of pool {pool:?} was not taken: {refusal}", pool = .pool.as_str())]
    Inventory {
        /// The pool.
        pool: Label,
        /// Why.
        refusal: Refusal,
    },
}

/// Sets up a [`Broker`].
#[must_use = "a builder does nothing until it is started"]
pub struct BrokerBuilder {
    pool: Label,
    inventory: Inventory,
    limits: Limits,
    matcher: Arc<dyn Matcher>,
    store: Arc<dyn InventoryStore>,
    notifier: Arc<dyn LeaseNotifier>,
    intervals: PositionIntervals,
}

impl BrokerBuilder {
    /// The bounds of the pool; [`Limits::default`] unless set.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// What decides which resources satisfy a selector; [`AttributeMatcher`] unless set.
    pub fn matcher(self, matcher: Arc<dyn Matcher>) -> Self {
        Self { matcher, ..self }
    }

    /// Where the durable state lives; a [`MemoryStore`] unless set.
    pub fn store(self, store: Arc<dyn InventoryStore>) -> Self {
        Self { store, ..self }
    }

    /// Who else is told what happens; nobody unless set.
    pub fn notifier(self, notifier: Arc<dyn LeaseNotifier>) -> Self {
        Self { notifier, ..self }
    }

    /// How often, at most, a waiting client is told of changes: up to position 10 (1 s unless set), and
    /// further back (5 s unless set).
    pub fn position_intervals(self, near: Duration, far: Duration) -> Self {
        Self { intervals: PositionIntervals { near, far }, ..self }
    }

    /// Recovers what the store has and starts the actor on the current tokio runtime.
    ///
    /// The inventory seeds an empty store. A store that has one keeps it: see
    /// [`Broker::replace_inventory`]. Every lease and waiting request in the store is orphaned for
    /// [`Limits::grace`], or its linger: [`Session::resume`](super::Session::resume) takes it up.
    ///
    /// # Errors
    /// [`StartError`] if the store fails.
    pub async fn start(self) -> Result<Broker, StartError> {
        let Self { pool, inventory, limits, matcher, store, notifier, intervals } = self;
        let failed = |error| StartError::Store { pool: pool.clone(), error };
        let recovered = store.recover(&pool).await.map_err(failed)?;
        let (clock, state, clock_set) = go_on(recovered, &pool);
        let seed = state.revision == 0;
        let events = Arc::new(EventLog::new(pool.clone(), clock.now()));
        let log = Arc::clone(&events);
        let known = limits.clone();
        let parts = Parts { pool: pool.clone(), limits, matcher, store, notifier, clock, events };
        let mut engine = parts.engine(state, &[]);
        let mut effects = Effects::default();
        effects.records.extend(clock_set);
        engine.handle_timeout(clock.now(), &mut effects);
        if seed {
            let command = Command::ReplaceInventory(Arc::new(inventory));
            if let Err(refusal) = engine.handle(clock.now(), command, &mut effects) {
                return Err(StartError::Inventory { pool, refusal });
            }
        }
        if !effects.records.is_empty() {
            let batch = Batch { pool: pool.clone(), records: effects.records };
            parts.store.commit(batch).await.map_err(failed)?;
        }
        for notice in &effects.notices {
            parts.notifier.notify(notice);
        }
        let store = Arc::clone(&parts.store);
        let (inbox, messages) = mpsc::unbounded_channel();
        let (publisher, snapshots) = Publisher::new(&engine);
        let sender = inbox.downgrade();
        tokio::spawn(Actor::new(parts, engine, publisher, messages, sender).run());
        let (last_session, draining) = (AtomicU64::new(0), AtomicBool::new(false));
        let limits = known;
        let shared = Shared {
            pool,
            limits,
            clock,
            inbox,
            snapshots,
            intervals,
            store,
            log,
            last_session,
            draining,
        };
        Ok(Broker { shared: Arc::new(shared) })
    }
}

/// Goes on from what was recovered: with a clock, the state by that clock, and the record that says so if
/// that had to be changed.
///
/// Time goes on where the earlier run left it, so that what is left of each deadline does not depend on
/// the wall clock. Where the two clocks disagree, the wall clock is what people see, and every time in
/// the state moves along.
fn go_on(recovered: Option<Recovered>, pool: &Label) -> (Clock, State, Option<Record>) {
    let wall = Clock::wall();
    let Some(Recovered { mut state, age }) = recovered else {
        return (Clock::start(wall), State::default(), None);
    };
    let continued = state.at.after(age);
    let difference = wall.since(continued) + continued.since(wall);
    if difference <= CLOCK_TOLERANCE {
        debug!(%pool, ?difference, "the clock goes on");
        return (Clock::start(continued), state, None);
    }
    info!(%pool, from = %continued, to = %wall, "the clock was set; every time moves with it");
    let record = Record::ClockSet { from: continued, to: wall };
    state.apply(&record);
    (Clock::start(wall), state, Some(record))
}

impl Broker {
    /// A broker for this pool, to be set up and started.
    pub fn builder(pool: Label, inventory: Inventory) -> BrokerBuilder {
        BrokerBuilder {
            pool,
            inventory,
            limits: Limits::default(),
            matcher: Arc::new(AttributeMatcher),
            store: Arc::new(MemoryStore::default()),
            notifier: Arc::new(NoNotifier),
            intervals: PositionIntervals {
                near: Duration::from_secs(1),
                far: Duration::from_secs(5),
            },
        }
    }
}
