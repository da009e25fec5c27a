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
mod commits;
mod events;
mod leases;
mod pools;
mod publisher;
mod recovery;
mod session;
mod start;
mod ticket;
mod withdrawal;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tracing::debug;

pub use events::{EventItem, Events, MAX_EVENTS};
pub use pools::{PoolError, Pools};
pub use session::{AcquireError, Lease, Session};
pub use start::{BrokerBuilder, StartError};
pub use ticket::{Ticket, TicketEvent};

pub use crate::engine::Standing;

use crate::engine::{Command, Limits, Reply, SessionId};
use crate::inventory::{Inventory, InventoryChange};
use crate::lease::EndReason;
use crate::names::Label;
use crate::refusal::Refusal;
use crate::request::RequestId;
use crate::snapshot::Snapshot;
use crate::store::{InventoryStore, Revision, StoreError};
use crate::time::Timestamp;
use crate::wire::EventId;
use actor::{Answer, Message, Question, TicketSender};
use clock::Clock;
use events::EventLog;
use publisher::Snapshots;
use ticket::PositionIntervals;

/// A handle to a pool's actor. Cheap to clone; the actor ends when the last handle is dropped.
#[derive(Clone)]
pub struct Broker {
    shared: Arc<Shared>,
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker").field("pool", &self.shared.pool).finish_non_exhaustive()
    }
}

struct Shared {
    pool: Label,
    limits: Limits,
    clock: Clock,
    /// For readers; the actor alone writes.
    store: Arc<dyn InventoryStore>,
    /// Not bounded as a channel: each caller awaits its answer before it asks again, so there are at most
    /// as many questions as callers, and a few messages more for each session and lease that begins or
    /// ends.
    inbox: mpsc::UnboundedSender<Message>,
    snapshots: Snapshots,
    log: Arc<EventLog>,
    intervals: PositionIntervals,
    last_session: AtomicU64,
    draining: AtomicBool,
}

impl Broker {
    /// The pool's name.
    #[must_use]
    pub fn pool(&self) -> &Label {
        &self.shared.pool
    }

    /// The bounds of the pool.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
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
            _ => Err(Refusal::Draining),
        }
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

    /// Stops the actor. Safe to call twice.
    ///
    /// Where the store outlives the process, every lease and waiting request stays in it for the next
    /// start, and whoever follows one is told [`TicketEvent::Restarting`]. Otherwise all of them end.
    pub async fn stop(&self) {
        self.shared.draining.store(true, Ordering::Release);
        let last = if self.is_resumable() { Command::Suspend } else { Command::EndAll };
        if let Err(refusal) = self.ask(last, None).await {
            debug!(pool = %self.shared.pool, %refusal, "the pool had stopped already");
        }
        if self.shared.inbox.send(Message::Stop).is_ok() {
            self.shared.inbox.closed().await;
        }
    }

    /// Whether leases and waiting requests outlive the process.
    #[must_use]
    pub fn is_resumable(&self) -> bool {
        self.shared.store.outlives_process()
    }

    /// The revisions of the inventory that the store has, the newest first.
    ///
    /// # Errors
    /// [`Refusal::StoreUnavailable`].
    pub async fn revisions(&self) -> Result<Vec<Revision>, Refusal> {
        self.shared.store.revisions(&self.shared.pool).await.map_err(unavailable)
    }

    /// The inventory as it was in this revision.
    ///
    /// # Errors
    /// [`Refusal::NoRevision`] if there never was such a one, or it is no longer kept;
    /// [`Refusal::StoreUnavailable`].
    pub async fn inventory_of(&self, revision: u64) -> Result<Arc<Inventory>, Refusal> {
        let found = self.shared.store.inventory(&self.shared.pool, revision).await;
        found.map_err(unavailable)?.ok_or(Refusal::NoRevision(revision))
    }

    /// What happens in the pool from now on, or after the event `after`.
    #[must_use]
    pub fn events(&self, after: Option<EventId>) -> Events {
        self.shared.log.follow(after)
    }

    /// Why a request or lease ended, as far back as the [events](Self::events) go.
    #[must_use]
    pub fn ended(&self, id: RequestId) -> Option<EndReason> {
        self.shared.log.ended(id)
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

fn unavailable(error: StoreError) -> Refusal {
    Refusal::StoreUnavailable(error.to_string())
}
