//! The async face of the engine: an actor per pool.
//!
//! A [`Broker`] drains what its handles ask for, steps the engine, commits the records of the whole
//! batch at once, and only then answers. Readers get a published [`Snapshot`] and never wait behind a
//! grant.
//!
//! ```
//! use respo::broker::Broker;
//! use respo::{Inventory, Label, Name, Request, Resource, Selector};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let inventory = Inventory::new([Resource::new(Name::new("bench-1")?)])?;
//! let broker = Broker::builder(Label::new("lab")?, inventory).start().await?;
//!
//! let alice = broker.session();
//! let lease = alice.acquire(Request::one(Selector::any())).await?;
//! assert_eq!(lease.grant().resources[0][0].name.as_str(), "bench-1");
//!
//! // Bob waits until Alice is done.
//! let bob = broker.session();
//! let waiting = tokio::spawn(async move {
//!     let lease = bob.acquire(Request::one(Selector::any())).await;
//!     lease.map(|lease| lease.grant().fence.0)
//! });
//! drop(lease);
//! assert_eq!(waiting.await??, 2);
//! # Ok(())
//! # }
//! ```

mod actor;
mod clock;
mod pools;
mod publisher;
mod recovery;
mod session;
mod ticket;
mod withdrawal;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tracing::debug;

pub use pools::{PoolError, Pools};
pub use session::{AcquireError, Lease, Session};
pub use ticket::{Ticket, TicketEvent};

use crate::engine::{Authority, Command, Effects, Limits, Reply, SessionId};
use crate::inventory::{Inventory, InventoryChange};
use crate::matcher::{AttributeMatcher, Matcher};
use crate::names::Label;
use crate::notifier::{LeaseNotifier, NoNotifier};
use crate::refusal::Refusal;
use crate::request::RequestId;
use crate::snapshot::Snapshot;
use crate::store::{Batch, InventoryStore, MemoryStore, StoreError};
use crate::time::Timestamp;
use crate::token::Token;
use actor::{Actor, Answer, Message, Parts, Question, TicketSender};
use clock::Clock;
use publisher::{Publisher, Snapshots};
use ticket::PositionIntervals;

/// A handle to a pool's actor. Cheap to clone; the actor ends when the last handle is dropped.
#[derive(Debug, Clone)]
pub struct Broker {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pool: Label,
    clock: Clock,
    /// Not bounded as a channel: each caller awaits its answer before it asks again, so there are at most
    /// as many questions as callers, and a few messages more for each session and lease that begins or
    /// ends.
    inbox: mpsc::UnboundedSender<Message>,
    snapshots: Snapshots,
    intervals: PositionIntervals,
    last_session: AtomicU64,
    draining: AtomicBool,
}

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
    /// [`Broker::replace_inventory`].
    ///
    /// # Errors
    /// [`StartError`] if the store fails.
    pub async fn start(self) -> Result<Broker, StartError> {
        let Self { pool, inventory, limits, matcher, store, notifier, intervals } = self;
        let failed = |error| StartError::Store { pool: pool.clone(), error };
        let clock = Clock::start();
        let state = store.recover(&pool).await.map_err(failed)?.unwrap_or_default();
        let seed = state.revision == 0;
        let parts = Parts { pool: pool.clone(), limits, matcher, store, notifier, clock };
        let mut engine = parts.engine(state, &[]);
        let mut effects = Effects::default();
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
        let (inbox, messages) = mpsc::unbounded_channel();
        let (publisher, snapshots) = Publisher::new(&engine);
        let sender = inbox.downgrade();
        tokio::spawn(Actor::new(parts, engine, publisher, messages, sender).run());
        let (last_session, draining) = (AtomicU64::new(0), AtomicBool::new(false));
        let shared = Shared { pool, clock, inbox, snapshots, intervals, last_session, draining };
        Ok(Broker { shared: Arc::new(shared) })
    }
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

    /// The pool's name.
    #[must_use]
    pub fn pool(&self) -> &Label {
        &self.shared.pool
    }

    /// The pool's clock, by which all its times are given.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Opens a session, at once.
    #[must_use = "a session ends when it is dropped"]
    pub fn session(&self) -> Session {
        let id = self.shared.last_session.fetch_add(1, Ordering::Relaxed) + 1;
        Session::open(self.clone(), SessionId(id))
    }

    /// What everyone may know of the pool, with everything that was answered before this call.
    ///
    /// It waits for the next publication if something has changed since the last one, a quarter of a
    /// second at most; a pool that is too large for that, or whose store hangs, gives what it has.
    pub async fn snapshot(&self) -> Arc<Snapshot> {
        self.shared.snapshots.current().await
    }

    /// Replaces the inventory whole, and returns the revision in force and what changed.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`]; [`Refusal::Draining`] if the pool has stopped. Nothing has changed
    /// then.
    pub async fn replace_inventory(
        &self,
        inventory: Inventory,
    ) -> Result<(u64, InventoryChange), Refusal> {
        let command = Command::ReplaceInventory(Arc::new(inventory));
        match self.ask(command, None).await?.reply {
            Reply::Replaced { revision, change } => Ok((revision, change)),
            // The engine answers this command in no other way.
            Reply::Done | Reply::Submitted(_) => Err(Refusal::Draining),
        }
    }

    /// Ends a lease, or a request that waits, on the authority of its token.
    ///
    /// # Errors
    /// [`Refusal::NoRequest`] or [`Refusal::WrongToken`].
    pub async fn release(&self, id: RequestId, token: &Token) -> Result<(), Refusal> {
        self.end(id, Authority::Token(token.clone())).await
    }

    /// Ends a lease, or a request that waits, on the authority of an administrator.
    ///
    /// # Errors
    /// [`Refusal::NoRequest`].
    pub async fn revoke(&self, id: RequestId) -> Result<(), Refusal> {
        self.end(id, Authority::Administrator).await
    }

    async fn end(&self, id: RequestId, by: Authority) -> Result<(), Refusal> {
        self.ask(Command::End { id, by }, None).await.map(drop)
    }

    /// Grants nothing more: ends what waits, tells holders that they have until `deadline`, and refuses
    /// new requests with [`Refusal::Draining`].
    pub async fn drain(&self, deadline: Duration) {
        self.shared.draining.store(true, Ordering::Release);
        if let Err(refusal) = self.ask(Command::Drain { deadline }, None).await {
            debug!(pool = %self.shared.pool, %refusal, "nothing to drain");
        }
    }

    /// Whether [`drain`](Self::drain) was called.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.shared.draining.load(Ordering::Acquire)
    }

    /// Ends every lease and stops the actor. Safe to call twice.
    pub async fn stop(&self) {
        self.shared.draining.store(true, Ordering::Release);
        if let Err(refusal) = self.ask(Command::EndAll, None).await {
            debug!(pool = %self.shared.pool, %refusal, "leases not ended at the stop");
        }
        if self.shared.inbox.send(Message::Stop).is_ok() {
            self.shared.inbox.closed().await;
        }
    }

    async fn ask(
        &self,
        command: Command,
        notices: Option<TicketSender>,
    ) -> Result<Answer, Refusal> {
        let (reply, answer) = oneshot::channel();
        let question = Question { command, notices, reply };
        // An actor that is gone has been stopped.
        self.shared.inbox.send(Message::Ask(question)).map_err(|_| Refusal::Draining)?;
        answer.await.unwrap_or(Err(Refusal::Draining))
    }

    /// Asks without waiting for the answer. An actor that has stopped has nothing left to do.
    fn post(&self, command: Command) {
        if self.shared.inbox.send(Message::Post(command)).is_err() {
            debug!(pool = %self.shared.pool, "the pool has stopped");
        }
    }
}
