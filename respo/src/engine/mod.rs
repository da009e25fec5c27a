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

mod accounts;
mod admission;
mod age;
mod allocate;
mod assign;
mod authority;
mod candidates;
mod choice;
mod command;
mod effects;
mod evaluate;
mod impossible;
mod last_used;
mod lease;
mod limits;
mod occupancy;
mod once;
mod outsiders;
mod parties;
mod positions;
mod presence;
mod queue;
mod renewals;
mod replacement;
mod session;
mod shape;
mod shaping;
mod stacks;
mod state;
mod supply;
mod sweep;
mod terms;
mod timers;
mod transfer;
mod view;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use command::{Authority, Command, Reply, SessionId, Standing};
pub use effects::{Effects, Notice, NoticeKind, Record};
pub use last_used::LastUsed;
pub use limits::Limits;
pub use state::{Guest, RequestState, State};

use crate::lease::EndReason;
use crate::matcher::Matcher;
use crate::refusal::{Refusal, UnmatchedPart};
use crate::request::{RequestId, Requirement};
use crate::time::Timestamp;
use crate::token::TokenDigest;
use accounts::{Account, Accounts};
use candidates::CandidateSets;
use occupancy::Occupancy;
use parties::Parties;
use queue::{Queue, ShapeId};
use renewals::Renewals;
use session::{Attachment, Sessions};
use sweep::Sweep;
use timers::{Timer, Timers};

/// The lease and queue engine of one pool. The [module](self) says how to drive it.
pub struct Engine {
    limits: Limits,
    matcher: Arc<dyn Matcher>,
    /// Durable; changed by [`State::apply`] alone.
    state: State,
    /// Derived from the state, as are the candidates, the queue, what everybody has, and the tokens.
    occupancy: Occupancy,
    sets: CandidateSets,
    queue: Queue,
    parties: Parties,
    accounts: Accounts,
    /// Who has to be looked at again; empty between commands.
    sweep: Sweep,
    /// Whose leases have ended; empty between commands.
    relieved: Vec<Account>,
    /// Shapes that somebody has stopped waiting with; empty between commands.
    left_shapes: Vec<ShapeId>,
    by_token: BTreeMap<TokenDigest, RequestId>,
    by_key: BTreeMap<TokenDigest, RequestId>,
    /// What no resource of this inventory satisfies, and why: remembered like candidates are.
    impossible: BTreeMap<Arc<[Requirement]>, Vec<UnmatchedPart>>,
    sessions: Sessions,
    renewals: Renewals,
    timers: Timers,
    now: Timestamp,
    /// How long holders were told that they have, once the engine drains.
    draining: Option<Duration>,
    /// Everything is kept as it is for the next start.
    suspended: bool,
    /// After a restore: that what waits has not been served yet, and which of it is impossible. Another
    /// matcher than the one before may see that differently.
    unsettled: Option<Vec<RequestId>>,
}

impl Engine {
    /// An engine that goes on from `state`, which is what a store recovered.
    ///
    /// No client is there yet, so every request and lease is orphaned for the grace period, or for its
    /// linger if that is longer.
    #[must_use]
    pub fn restore(
        limits: Limits,
        matcher: Arc<dyn Matcher>,
        state: State,
        now: Timestamp,
    ) -> Self {
        Self::restore_with(limits, matcher, state, now, &[])
    }

    /// The same, for sessions that outlived an earlier engine: their requests are not orphaned.
    #[must_use]
    pub fn restore_with(
        limits: Limits,
        matcher: Arc<dyn Matcher>,
        state: State,
        now: Timestamp,
        attachments: &[(SessionId, Vec<RequestId>)],
    ) -> Self {
        let tokens = state.requests.iter().map(|(id, request)| (request.token, *id));
        let made_with = |(id, request): (&RequestId, &RequestState)| {
            request.made_with.map(|made_with| (made_with.key, *id))
        };
        let mut engine = Self {
            limits,
            matcher,
            occupancy: Occupancy::default(),
            sets: CandidateSets::default(),
            queue: Queue::default(),
            parties: Parties::default(),
            accounts: Accounts::default(),
            sweep: Sweep::default(),
            relieved: Vec::new(),
            left_shapes: Vec::new(),
            by_token: tokens.collect(),
            by_key: state.requests.iter().filter_map(made_with).collect(),
            impossible: BTreeMap::new(),
            state,
            sessions: Sessions::default(),
            renewals: Renewals::default(),
            timers: Timers::default(),
            now,
            draining: None,
            suspended: false,
            unsettled: None,
        };
        for (session, ids) in attachments {
            engine.sessions.open(*session);
            for id in ids.iter().filter(|id| engine.state.requests.contains_key(id)) {
                engine.sessions.attach(*id, Attachment::To(*session));
            }
        }
        engine.set_all_timers();
        engine.unsettled = Some(engine.derive());
        engine
    }

    fn set_all_timers(&mut self) {
        let ids: Vec<RequestId> = self.state.requests.keys().copied().collect();
        for id in ids {
            self.timers.set(self.state.expiry(id), id, Timer::MaxDuration);
            self.timers.set(self.state.wait_deadline(id), id, Timer::Wait);
            self.give_grace(id);
        }
    }

    /// Gives whoever has a request or lease time to come back, or to renew it.
    fn give_grace(&mut self, id: RequestId) {
        let Some(state) = self.state.requests.get(&id) else {
            return;
        };
        let until = self.now.after(self.limits.grace_of(&state.request));
        let is_attached = self.sessions.attachment(id).is_some();
        if state.request.ttl().is_some() {
            let until = until.max(state.until.unwrap_or(until));
            if self.is_kept_by_presence(id) {
                self.keep_by_presence(id, Some(until));
            } else {
                self.keep_until(id, until);
            }
        } else if !is_attached {
            self.sessions.attach(id, Attachment::Orphaned { until });
            self.timers.set(Some(until), id, Timer::Orphaned);
        }
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
            Command::Submit { session, request, token } => {
                self.submit(session, request, token, None, effects).map(Reply::Submitted)
            }
            Command::SubmitOnce { session, request, token, made_with } => {
                self.submit_once(session, request, token, made_with, effects)
            }
            Command::Resume { session, token } => {
                self.resume(session, &token, effects).map(Reply::Submitted)
            }
            Command::End { id, by } => self.end_on_request(id, &by, effects),
            Command::Renew { id, by, ttl } => self.renew(id, &by, ttl, effects),
            Command::Extend { id, by, more } => self.extend(id, &by, more, effects),
            Command::ReleasePart { id, by, resources } => {
                self.release_part(id, &by, &resources, effects)
            }
            Command::Transfer { id, by, to, token } => self.transfer(id, &by, to, token, effects),
            Command::Allow { id, by, who, token } => self.allow(id, &by, who, token, effects),
            Command::Disallow { id, by, who } => self.disallow(id, &by, who, effects),
            Command::LookUp { id, by } => self.look_up(id, &by),
            Command::ReplaceInventory(inventory) => Ok(self.replace_inventory(inventory, effects)),
            Command::Drain { deadline } => {
                self.drain(deadline, effects);
                Ok(Reply::Done)
            }
            Command::Suspend => {
                self.suspend(effects);
                Ok(Reply::Done)
            }
            Command::EndAll => {
                self.draining.get_or_insert(Duration::ZERO);
                let ids: Vec<RequestId> = self.state.requests.keys().copied().collect();
                self.end_and_allocate(ids, EndReason::Draining, effects);
                Ok(Reply::Done)
            }
        }
    }

    /// Does everything that is due by `now`. Safe to call at any time.
    pub fn handle_timeout(&mut self, now: Timestamp, effects: &mut Effects) {
        self.now = self.now.max(now);
        if let Some(impossible) = self.unsettled.take() {
            self.end_all_and_look_at_everyone(impossible, effects);
        }
        for id in self.timers.due(Timer::HoldBack, self.now) {
            self.may_hold_back(id);
        }
        // What is due at one moment ends together, so that nothing is granted to what ends with it.
        while let Some(due) = self.timers.take_due(self.now) {
            let mut freed = Vec::new();
            for (id, timer) in due {
                if let Some(reason) = timer.reason() {
                    self.end(id, reason, &mut freed, effects);
                }
            }
            self.allocate(freed, effects);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) next has something to do.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Timestamp> {
        if self.unsettled.is_some() { Some(self.now) } else { self.timers.next() }
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

    /// Whether everything is kept as it is for the next start.
    #[cfg(feature = "broker")]
    pub(crate) fn is_suspended(&self) -> bool {
        self.suspended
    }

    fn record(&mut self, record: Record, effects: &mut Effects) {
        self.state.apply(&record);
        effects.records.push(record);
    }

    fn notify(&self, id: RequestId, kind: NoticeKind, effects: &mut Effects) {
        if let Some(state) = self.state.requests.get(&id) {
            let (session, request) = (self.sessions.session_of(id), Arc::clone(&state.request));
            effects.notices.push(Notice { session, id, request, kind });
        }
    }
}
