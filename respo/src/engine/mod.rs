//! The state machine that leases and queues.
//!
//! An [`Engine`] serves one pool. It is deterministic: what it does is a function of its state, the
//! time that it is given and the command. It does no I/O, reads no clock, rolls no dice, and does not
//! panic on any input.
//!
//! # How to drive it
//! 1. [`Engine::restore`] it from what the store has (nothing, the first time).
//! 2. For each command call [`Engine::handle`] with the time and an [`Effects`] to add to. Times must
//!    not go back; one that does is taken as the latest seen.
//! 3. Make the effects' records durable, then answer the commands and send the notices: see [`Effects`].
//!    Several commands may share one `Effects`.
//! 4. Call [`Engine::handle_timeout`] when [`Engine::next_timeout`] has come. Calling it at any other
//!    time does no harm.
//!
//! ```
//! use std::sync::Arc;
//! use respo::{AttributeMatcher, Command, Effects, Engine, Inventory, Limits, Name, NoticeKind};
//! use respo::{Request, Resource, Selector, SessionId, State, Timestamp, Token};
//!
//! let bench = Resource::new(Name::new("bench-1")?);
//! let now = Timestamp::from_micros(1_000_000);
//! let mut engine = Engine::restore(Limits::default(), Arc::new(AttributeMatcher), State::default(), now);
//! let mut effects = Effects::default();
//! engine.handle(now, Command::ReplaceInventory(Arc::new(Inventory::new([bench])?)), &mut effects)?;
//!
//! let session = SessionId(1);
//! engine.handle(now, Command::OpenSession(session), &mut effects)?;
//! let request = Arc::new(Request::one(Selector::any()));
//! let token = Token::from_random([7; 16]).digest();
//! engine.handle(now, Command::Submit { session, request, token }, &mut effects)?;
//!
//! // Here the records would be made durable. Then:
//! assert!(matches!(effects.notices[0].kind, NoticeKind::Granted(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod allocate;
mod command;
mod effects;
mod lease;
mod limits;
mod occupancy;
mod queue;
mod session;
mod state;
mod timers;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use command::{Authority, Command, Reply, SessionId};
pub use effects::{Effects, Notice, NoticeKind, Record};
pub use limits::Limits;
pub use state::{RequestState, State};

use crate::inventory::{Inventory, InventoryChange, ResourceIndex};
use crate::lease::EndReason;
use crate::matcher::Matcher;
use crate::refusal::{MAX_LISTED_CANDIDATES, Refusal};
use crate::request::{Request, RequestId, Requirement, Wait};
use crate::time::Timestamp;
use crate::token::{Token, TokenDigest};
use crate::wire::Candidate;
use occupancy::Occupancy;
use queue::{Queue, ShapeId};
use session::{Attachment, Sessions};
use timers::{Timer, Timers};

/// The lease and queue engine of one pool. The [module](self) says how to drive it.
pub struct Engine {
    limits: Limits,
    matcher: Arc<dyn Matcher>,
    /// Durable; changed by [`State::apply`] alone.
    state: State,
    /// Derived from the state, as are the queue and the tokens.
    occupancy: Occupancy,
    queue: Queue,
    by_token: BTreeMap<TokenDigest, RequestId>,
    sessions: Sessions,
    timers: Timers,
    now: Timestamp,
    /// How long holders were told that they have, once the engine drains.
    draining: Option<Duration>,
}

impl Engine {
    /// An engine that goes on from `state`, which is what a store recovered.
    ///
    /// No client is there yet, so every request and lease is orphaned for the grace period.
    #[must_use]
    pub fn restore(
        limits: Limits,
        matcher: Arc<dyn Matcher>,
        state: State,
        now: Timestamp,
    ) -> Self {
        let until = now.after(limits.grace);
        let mut engine = Self {
            limits,
            matcher,
            occupancy: Occupancy::of(&state),
            queue: Queue::new(state.inventory.len()),
            by_token: state
                .requests
                .iter()
                .map(|(id, request)| (request.token, *id))
                .collect(),
            state,
            sessions: Sessions::default(),
            timers: Timers::default(),
            now,
            draining: None,
        };
        let ids: Vec<RequestId> = engine.state.requests.keys().copied().collect();
        for id in ids {
            engine.sessions.attach(id, Attachment::Orphaned { until });
            engine.timers.set(Some(until), id, Timer::Orphaned);
            engine
                .timers
                .set(engine.state.expiry(id), id, Timer::MaxDuration);
            engine
                .timers
                .set(engine.state.wait_deadline(id), id, Timer::Wait);
        }
        engine.requeue();
        engine
    }

    /// Carries out `command` at `now`, after everything that was due by then, and adds what follows to
    /// `effects`.
    ///
    /// # Errors
    /// [`Refusal`] says why the command changes nothing. What was due by `now` has happened all the same.
    pub fn handle(
        &mut self,
        now: Timestamp,
        command: Command,
        effects: &mut Effects,
    ) -> Result<Reply, Refusal> {
        self.handle_timeout(now, effects);
        match command {
            Command::OpenSession(session) => {
                self.sessions.open(session);
                Ok(Reply::Done)
            }
            Command::CloseSession(session) => {
                self.close_session(session, effects);
                Ok(Reply::Done)
            }
            Command::Submit {
                session,
                request,
                token,
            } => self
                .submit(session, request, token, effects)
                .map(Reply::Submitted),
            Command::Resume { session, token } => {
                self.resume(session, &token, effects).map(Reply::Submitted)
            }
            Command::Reattach { session, id } => {
                self.reattach(session, id, effects).map(Reply::Submitted)
            }
            Command::End { id, by } => self.end_on_request(id, &by, effects),
            Command::ReplaceInventory(inventory) => Ok(self.replace_inventory(inventory, effects)),
            Command::Drain { deadline } => {
                self.drain(deadline, effects);
                Ok(Reply::Done)
            }
            Command::EndAll => {
                let ids: Vec<RequestId> = self.state.requests.keys().copied().collect();
                self.end_and_allocate(ids, EndReason::Draining, effects);
                Ok(Reply::Done)
            }
        }
    }

    /// Does everything that is due by `now`. Safe to call at any time.
    pub fn handle_timeout(&mut self, now: Timestamp, effects: &mut Effects) {
        self.now = self.now.max(now);
        while let Some((id, timer)) = self.timers.take_due(self.now) {
            let reason = match timer {
                Timer::MaxDuration => EndReason::MaxDuration,
                Timer::Wait => EndReason::WaitExpired,
                Timer::Orphaned => EndReason::Orphaned,
            };
            self.end_and_allocate([id], reason, effects);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) next has something to do.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Timestamp> {
        self.timers.next()
    }

    /// The durable state.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The open sessions and their requests.
    #[must_use]
    pub fn attachments(&self) -> Vec<(SessionId, Vec<RequestId>)> {
        let list = |(session, ids): (_, &std::collections::BTreeSet<RequestId>)| {
            (session, ids.iter().copied().collect())
        };
        self.sessions.iter().map(list).collect()
    }

    /// How long holders were told that they have, if the engine drains.
    #[must_use]
    pub fn draining(&self) -> Option<Duration> {
        self.draining
    }

    fn record(&mut self, record: Record, effects: &mut Effects) {
        self.state.apply(&record);
        effects.records.push(record);
    }

    fn notify(&self, id: RequestId, kind: NoticeKind, effects: &mut Effects) {
        if let Some(state) = self.state.requests.get(&id) {
            let (session, request) = (self.sessions.session_of(id), Arc::clone(&state.request));
            effects.notices.push(Notice {
                session,
                id,
                request,
                kind,
            });
        }
    }

    fn submit(
        &mut self,
        session: SessionId,
        request: Arc<Request>,
        token: TokenDigest,
        effects: &mut Effects,
    ) -> Result<RequestId, Refusal> {
        if self.draining.is_some() {
            return Err(Refusal::Draining);
        }
        let open = self
            .sessions
            .requests(session)
            .ok_or(Refusal::NoSession)?
            .len();
        if open >= self.limits.max_requests_per_session {
            return Err(Refusal::TooManyRequests(open));
        }
        self.limits.check(&request)?;
        let shape = self.shape_for(request.requirements())?;
        // Whoever waits already cannot use what is free, or it would have been granted: what suits
        // this request is nobody else's.
        let free = self.least_recently_used(shape);
        if free.is_none() {
            self.check_queue(shape, &request)?;
        }
        let id = RequestId(self.state.last_id.0.saturating_add(1));
        let at = self.now;
        self.record(
            Record::Queued {
                id,
                request: Arc::clone(&request),
                token,
                at,
            },
            effects,
        );
        self.by_token.insert(token, id);
        self.sessions.attach(id, Attachment::To(session));
        match free {
            Some(resource) => self.grant(id, resource, effects),
            None => {
                self.queue.insert(shape, queue::place_of(id, &request));
                self.timers
                    .set(self.state.wait_deadline(id), id, Timer::Wait);
                self.notify(id, NoticeKind::Queued, effects);
            }
        }
        Ok(id)
    }

    /// Whether a request that cannot be granted at once may wait.
    fn check_queue(&self, shape: ShapeId, request: &Request) -> Result<(), Refusal> {
        if request.wait == Wait::No {
            let candidates = self
                .queue
                .shape(shape)
                .map(|shape| Arc::clone(&shape.candidates));
            let candidates: Vec<Candidate> = candidates
                .iter()
                .flat_map(|candidates| candidates.iter())
                .take(MAX_LISTED_CANDIDATES)
                .filter_map(|index| self.candidate(*index))
                .collect();
            return Err(Refusal::Busy { candidates });
        }
        if self.queue.len() >= self.limits.max_waiting {
            return Err(Refusal::QueueFull(self.queue.len()));
        }
        Ok(())
    }

    /// The shape of a request, with its candidates.
    fn shape_for(&mut self, requirements: &[Requirement]) -> Result<ShapeId, Refusal> {
        if let Some(shape) = self.queue.find(requirements) {
            return Ok(shape);
        }
        let mut candidates: Vec<ResourceIndex> = Vec::new();
        for requirement in requirements {
            let (selector, inventory) = (&requirement.selector, &self.state.inventory);
            candidates = self.matcher.candidates(selector, inventory);
            // A matcher is somebody else's code: what it says of resources that do not exist is dropped.
            candidates.retain(|index| index.as_usize() < inventory.len());
            if candidates.is_empty() {
                let parts = self.matcher.unmatched(selector, inventory);
                return Err(Refusal::NoSuch { parts });
            }
        }
        Ok(self.queue.add_shape(requirements, candidates))
    }

    fn close_session(&mut self, session: SessionId, effects: &mut Effects) {
        let mut ended = Vec::new();
        for id in self.sessions.close(session) {
            let linger = self
                .state
                .requests
                .get(&id)
                .map(|state| state.request.linger());
            match linger {
                Some(linger) if !linger.is_zero() => self.orphan(id, linger, effects),
                _ => ended.push(id),
            }
        }
        self.end_and_allocate(ended, EndReason::Disconnected, effects);
    }

    fn orphan(&mut self, id: RequestId, grace: Duration, effects: &mut Effects) {
        let until = self.now.after(grace);
        self.sessions.attach(id, Attachment::Orphaned { until });
        self.timers.set(Some(until), id, Timer::Orphaned);
        self.notify(id, NoticeKind::Orphaned { until }, effects);
    }

    fn resume(
        &mut self,
        session: SessionId,
        token: &Token,
        effects: &mut Effects,
    ) -> Result<RequestId, Refusal> {
        let id = self
            .by_token
            .get(&token.digest())
            .copied()
            .ok_or(Refusal::WrongToken)?;
        self.reattach(session, id, effects)
    }

    fn reattach(
        &mut self,
        session: SessionId,
        id: RequestId,
        effects: &mut Effects,
    ) -> Result<RequestId, Refusal> {
        self.sessions.requests(session).ok_or(Refusal::NoSession)?;
        let state = self.state.requests.get(&id).ok_or(Refusal::NoRequest(id))?;
        let grant = state.grant.clone();
        self.timers
            .clear(self.sessions.orphaned_until(id), id, Timer::Orphaned);
        self.sessions.attach(id, Attachment::To(session));
        self.notify(id, NoticeKind::Resumed { grant }, effects);
        Ok(id)
    }

    fn replace_inventory(&mut self, inventory: Arc<Inventory>, effects: &mut Effects) -> Reply {
        let leased = |name: &crate::Name| {
            let index = self.state.inventory.index_of(name.as_str());
            index.is_some_and(|index| !self.occupancy.is_free(index))
        };
        let change = InventoryChange::between(&self.state.inventory, &inventory, leased);
        if !change.is_empty() || self.state.revision == 0 {
            let revision = self.state.revision.saturating_add(1);
            let at = self.now;
            self.record(
                Record::InventoryReplaced {
                    revision,
                    inventory,
                    at,
                },
                effects,
            );
            self.occupancy = Occupancy::of(&self.state);
            let impossible = self.requeue();
            self.end_and_allocate(impossible, EndReason::NoSuch, effects);
            self.allocate_all(effects);
        }
        Reply::Replaced {
            revision: self.state.revision,
            change,
        }
    }

    /// Puts every waiting request into a new queue, for an inventory that has changed, and returns
    /// those that no resource can satisfy any more.
    fn requeue(&mut self) -> Vec<RequestId> {
        self.queue = Queue::new(self.state.inventory.len());
        let waiting: Vec<(RequestId, Arc<Request>)> = self
            .state
            .requests
            .iter()
            .filter(|(_, state)| state.grant.is_none())
            .map(|(id, state)| (*id, Arc::clone(&state.request)))
            .collect();
        let mut impossible = Vec::new();
        for (id, request) in waiting {
            match self.shape_for(request.requirements()) {
                Ok(shape) => self.queue.insert(shape, queue::place_of(id, &request)),
                Err(_) => impossible.push(id),
            }
        }
        impossible
    }

    fn drain(&mut self, deadline: Duration, effects: &mut Effects) {
        self.draining = Some(deadline);
        let (holding, waiting): (Vec<_>, Vec<_>) = self
            .state
            .requests
            .iter()
            .partition(|(_, state)| state.grant.is_some());
        let holding: Vec<RequestId> = holding.into_iter().map(|(id, _)| *id).collect();
        let waiting: Vec<RequestId> = waiting.into_iter().map(|(id, _)| *id).collect();
        for id in holding {
            self.notify(id, NoticeKind::Draining { deadline }, effects);
        }
        for id in &waiting {
            self.notify(*id, NoticeKind::Draining { deadline }, effects);
        }
        self.end_and_allocate(waiting, EndReason::Draining, effects);
    }
}
