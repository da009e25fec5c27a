//! One actor per pool: the only place where the engine, the store and the clock meet.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{debug, error, info, warn};

use super::clock::Clock;
use super::publisher::Publisher;
use crate::engine::{Authority, Command, Effects, Engine, Limits, Notice, NoticeKind, Reply};
use crate::engine::{SessionId, State};
use crate::lease::EndReason;
use crate::matcher::Matcher;
use crate::names::Label;
use crate::notifier::LeaseNotifier;
use crate::refusal::Refusal;
use crate::request::RequestId;
use crate::store::{Batch, InventoryStore, StoreError};

/// The most commands that share one commit.
const MAX_BATCH: usize = 256;
/// How long the actor waits before it asks a failed store again, at first and at most.
const FIRST_RETRY: Duration = Duration::from_millis(100);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// What a handle asks of the actor.
pub(super) enum Message {
    /// Carry out a command and answer.
    Ask {
        command: Command,
        /// Where the notices about the request go, if the command makes or takes up one.
        notices: Option<mpsc::UnboundedSender<Notice>>,
        reply: oneshot::Sender<Result<Reply, Refusal>>,
    },
    /// Carry out a command; nobody waits for the answer.
    Post(Command),
    /// Stop, once what was asked for before has been done.
    Stop,
}

/// The parts that a broker is made of.
pub(super) struct Parts {
    pub(super) pool: Label,
    pub(super) limits: Limits,
    pub(super) matcher: Arc<dyn Matcher>,
    pub(super) store: Arc<dyn InventoryStore>,
    pub(super) notifier: Arc<dyn LeaseNotifier>,
    pub(super) clock: Clock,
}

impl Parts {
    pub(super) fn engine(&self, state: State) -> Engine {
        Engine::restore(
            self.limits.clone(),
            Arc::clone(&self.matcher),
            state,
            self.clock.now(),
        )
    }
}

/// What has been asked for and waits for the commit to be answered.
struct Answer {
    session: Option<SessionId>,
    notices: Option<mpsc::UnboundedSender<Notice>>,
    reply: Option<oneshot::Sender<Result<Reply, Refusal>>>,
    result: Result<Reply, Refusal>,
}

pub(super) struct Actor {
    parts: Parts,
    engine: Engine,
    effects: Effects,
    publisher: Publisher,
    inbox: mpsc::UnboundedReceiver<Message>,
    /// Commands that the actor gives itself.
    own: Vec<Command>,
    /// Where the notices about each request go. A request has few notices in its life, so the channels
    /// need no bound.
    tickets: BTreeMap<RequestId, mpsc::UnboundedSender<Notice>>,
    /// Told to stop, or nobody is left.
    stopped: bool,
}

impl Actor {
    pub(super) fn new(
        parts: Parts,
        engine: Engine,
        publisher: Publisher,
        inbox: mpsc::UnboundedReceiver<Message>,
    ) -> Self {
        let (effects, own, tickets) = (Effects::default(), Vec::new(), BTreeMap::new());
        Self {
            parts,
            engine,
            effects,
            publisher,
            inbox,
            own,
            tickets,
            stopped: false,
        }
    }

    /// Runs until it is told to stop or all handles are gone.
    pub(super) async fn run(mut self) {
        let mut messages = Vec::with_capacity(MAX_BATCH);
        loop {
            let deadline = self.next_deadline();
            tokio::select! {
                biased;
                received = self.inbox.recv_many(&mut messages, MAX_BATCH) => {
                    if received == 0 {
                        return;
                    }
                }
                () = sleep_until(deadline) => {}
            }
            self.step(&mut messages).await;
            while !self.own.is_empty() {
                let own = std::mem::take(&mut self.own);
                self.step(&mut own.into_iter().map(Message::Post).collect())
                    .await;
            }
            self.publisher.publish_if_due(&self.engine);
            if self.stopped {
                return;
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let timeout = self
            .engine
            .next_timeout()
            .map(|at| self.parts.clock.instant_of(at));
        timeout.into_iter().chain(self.publisher.due()).min()
    }

    /// Carries out what was received as one batch: engine, commit, answers, notices, in this order.
    async fn step(&mut self, messages: &mut Vec<Message>) {
        let now = self.parts.clock.now();
        let mut answers = Vec::new();
        for message in messages.drain(..) {
            let (command, notices, reply) = match message {
                Message::Ask {
                    command,
                    notices,
                    reply,
                } => (command, notices, Some(reply)),
                Message::Post(command) => (command, None, None),
                Message::Stop => {
                    self.stopped = true;
                    continue;
                }
            };
            let session = match &command {
                Command::Submit { session, .. } => Some(*session),
                _ => None,
            };
            let result = self.engine.handle(now, command, &mut self.effects);
            answers.push(Answer {
                session,
                notices,
                reply,
                result,
            });
        }
        self.engine.handle_timeout(now, &mut self.effects);
        match self.commit().await {
            Ok(()) => self.tell(answers),
            Err(failure) => self.recover(answers, &failure).await,
        }
    }

    async fn commit(&mut self) -> Result<(), StoreError> {
        if self.effects.records.is_empty() {
            return Ok(());
        }
        let records = std::mem::take(&mut self.effects.records);
        self.parts
            .store
            .commit(Batch {
                pool: self.parts.pool.clone(),
                records,
            })
            .await
    }

    /// Tells everyone what is now durable.
    fn tell(&mut self, answers: Vec<Answer>) {
        if !self.effects.notices.is_empty() || !answers.is_empty() {
            self.publisher.changed(&self.engine);
        }
        for Answer {
            session,
            notices,
            reply,
            result,
        } in answers
        {
            let submitted = match result {
                Ok(Reply::Submitted(id)) => Some(id),
                _ => None,
            };
            if let (Some(id), Some(notices)) = (submitted, notices) {
                self.follow(id, notices);
            }
            let told = reply.is_none_or(|reply| reply.send(result).is_ok());
            if let (false, Some(session), Some(id)) = (told, session, submitted) {
                // Whoever asked has gone, so nobody would ever release it.
                self.own.push(Command::End {
                    id,
                    by: Authority::Session(session),
                });
            }
        }
        for notice in std::mem::take(&mut self.effects.notices) {
            self.parts.notifier.notify(&notice);
            let ended = matches!(notice.kind, NoticeKind::Ended { .. });
            let id = notice.id;
            let followed = self
                .tickets
                .get(&id)
                .is_some_and(|ticket| ticket.send(notice).is_ok());
            // A request whose ticket was dropped lives on: its session decides about it.
            if ended || !followed {
                self.tickets.remove(&id);
            }
        }
    }

    /// Sends the notices about a request to a new ticket from now on. An earlier one is told.
    fn follow(&mut self, id: RequestId, notices: mpsc::UnboundedSender<Notice>) {
        let Some(earlier) = self.tickets.insert(id, notices) else {
            return;
        };
        let Some(state) = self.engine.state().requests.get(&id) else {
            return;
        };
        let kind = NoticeKind::Ended {
            reason: EndReason::TakenOver,
            grant: None,
        };
        let notice = Notice {
            session: None,
            id,
            request: Arc::clone(&state.request),
            kind,
        };
        if earlier.send(notice).is_err() {
            debug!(%id, "the earlier connection has gone already");
        }
    }

    /// The store could not commit. Nobody is told of what was not written; the engine starts again from
    /// what the store has, with the sessions that are still there.
    async fn recover(&mut self, answers: Vec<Answer>, failure: &StoreError) {
        error!(pool = %self.parts.pool, error = %failure, "the store failed to commit; recovering");
        let refusal = || Refusal::StoreUnavailable(failure.to_string());
        for reply in answers.into_iter().filter_map(|answer| answer.reply) {
            answer(reply, Err(refusal()));
        }
        self.effects.clear();
        let (attachments, draining) = (self.engine.attachments(), self.engine.draining());
        let Some(state) = self.recovered_state(refusal()).await else {
            return;
        };
        self.engine = self.parts.engine(state);
        let now = self.parts.clock.now();
        for (session, ids) in attachments {
            let take_up = ids.into_iter().map(|id| Command::Reattach { session, id });
            for command in std::iter::once(Command::OpenSession(session)).chain(take_up) {
                if let Err(refusal) = self.engine.handle(now, command, &mut self.effects) {
                    info!(pool = %self.parts.pool, %refusal, "not taken up after recovery");
                }
            }
        }
        self.own
            .extend(draining.map(|deadline| Command::Drain { deadline }));
        let known = &self.engine.state().requests;
        self.tickets.retain(|id, _| known.contains_key(id));
        info!(pool = %self.parts.pool, "the store is back");
        self.tell(Vec::new());
    }

    /// Asks the store until it answers; nothing if the actor is to stop before that. Meanwhile commands
    /// are refused, but comings and goings kept.
    async fn recovered_state(&mut self, refusal: Refusal) -> Option<State> {
        let mut delay = FIRST_RETRY;
        loop {
            match self.parts.store.recover(&self.parts.pool).await {
                Ok(state) => return Some(state.unwrap_or_default()),
                Err(failure) => {
                    warn!(pool = %self.parts.pool, error = %failure, "the store cannot be read");
                }
            }
            let until = Clock::instant() + delay;
            delay = (delay * 2).min(LONGEST_RETRY);
            while !self.stopped {
                let message = tokio::select! {
                    message = self.inbox.recv() => message,
                    () = tokio::time::sleep_until(until) => break,
                };
                match message {
                    Some(Message::Ask { reply, .. }) => answer(reply, Err(refusal.clone())),
                    Some(Message::Post(command)) => self.own.push(command),
                    Some(Message::Stop) | None => self.stopped = true,
                }
            }
            if self.stopped {
                return None;
            }
        }
    }
}

/// Answers someone who may have gone.
fn answer(reply: oneshot::Sender<Result<Reply, Refusal>>, result: Result<Reply, Refusal>) {
    if reply.send(result).is_err() {
        debug!("whoever asked has gone");
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => pending().await,
    }
}
