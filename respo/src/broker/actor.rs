//! One actor per pool: the only place where the engine, the store and the clock meet.

use std::collections::{BTreeMap, VecDeque};
use std::future::pending;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::debug;

use super::clock::Clock;
use super::events::EventLog;
use super::publisher::Publisher;
use super::recovery::FIRST_DELAY;
use super::withdrawal::Withdrawal;
use crate::engine::{
    Command, Effects, Engine, Limits, NoticeKind, Record, Reply, SessionId, State,
};
use crate::lease::EndReason;
use crate::matcher::Matcher;
use crate::names::Label;
use crate::notifier::LeaseNotifier;
use crate::refusal::Refusal;
use crate::request::{Request, RequestId};
use crate::store::{Batch, InventoryStore, StoreError};
use crate::token::TokenDigest;

/// The most commands that share one commit.
const MAX_BATCH: usize = 256;

/// What a handle asks of the actor.
#[derive(Debug)]
pub(super) enum Message {
    /// Carry out a command and answer.
    Ask(Question),
    /// Carry out a command; nobody waits for the answer.
    Post(Command),
    /// Stop. What was asked for before is done first, what comes after is refused.
    Stop,
}

/// A command whose answer someone waits for.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) command: Command,
    /// Where the notices about the request go, if the command makes or takes up one.
    pub(super) notices: Option<TicketSender>,
    pub(super) reply: oneshot::Sender<Result<Answer, Refusal>>,
}

/// Where the notices about one request go. Those that may come again and again are left out, and of the others
/// a request has few in its life, so the channel needs no bound. It has room for 32 at once: boxed, so that this takes
/// 300 bytes of each request rather than 3 KiB.
pub(super) type TicketSender = mpsc::UnboundedSender<Box<Told>>;

/// What a ticket is told.
#[derive(Debug)]
pub(super) struct Told {
    /// What was asked for; `None` if the ticket is of no more use.
    pub(super) request: Option<Arc<Request>>,
    pub(super) kind: NoticeKind,
}

/// What the engine replied, once it is durable.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) reply: Reply,
    /// Of a new request: ends it if nobody reads this.
    pub(super) withdrawal: Option<Withdrawal>,
}

/// The parts that a broker is made of.
pub(super) struct Parts {
    pub(super) pool: Label,
    pub(super) limits: Limits,
    pub(super) matcher: Arc<dyn Matcher>,
    pub(super) store: Arc<dyn InventoryStore>,
    pub(super) notifier: Arc<dyn LeaseNotifier>,
    pub(super) clock: Clock,
    pub(super) events: Arc<EventLog>,
}

impl Parts {
    /// An engine that goes on from `state`, with the sessions that are there.
    pub(super) fn engine(
        &self,
        state: State,
        attachments: &[(SessionId, Vec<RequestId>)],
    ) -> Engine {
        let (limits, matcher) = (self.limits.clone(), Arc::clone(&self.matcher));
        Engine::restore_with(limits, matcher, state, self.clock.now(), attachments)
    }
}

/// What was asked for in one batch, and waits for the commit.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) answers: Vec<Outcome>,
    /// Commands that nobody waits for: kept until the commit, to be done again if it fails.
    pub(super) posts: Vec<Command>,
}

/// What the engine replied to one question.
pub(super) struct Outcome {
    /// The digest of the new request's token, if the question makes one.
    pub(super) submitted: Option<TokenDigest>,
    pub(super) notices: Option<TicketSender>,
    pub(super) reply: oneshot::Sender<Result<Answer, Refusal>>,
    pub(super) result: Result<Reply, Refusal>,
}

pub(super) struct Actor {
    pub(super) parts: Parts,
    pub(super) engine: Engine,
    pub(super) effects: Effects,
    /// The records that are durable and have not been told to those who watch.
    committed: Vec<Record>,
    pub(super) publisher: Publisher,
    pub(super) inbox: mpsc::UnboundedReceiver<Message>,
    /// The sending side of the inbox, for the withdrawals.
    sender: mpsc::WeakUnboundedSender<Message>,
    /// Commands that were kept while the store was away; done before what is in the inbox.
    pub(super) kept: VecDeque<Command>,
    pub(super) tickets: BTreeMap<RequestId, TicketSender>,
    /// How long to wait before a failed store is asked again.
    pub(super) store_delay: Duration,
}

impl Actor {
    pub(super) fn new(
        parts: Parts,
        engine: Engine,
        publisher: Publisher,
        inbox: mpsc::UnboundedReceiver<Message>,
        sender: mpsc::WeakUnboundedSender<Message>,
    ) -> Self {
        let (effects, kept, tickets) = (Effects::default(), VecDeque::new(), BTreeMap::new());
        let (committed, store_delay) = (Vec::new(), FIRST_DELAY);
        Self {
            parts,
            engine,
            effects,
            committed,
            publisher,
            inbox,
            sender,
            kept,
            tickets,
            store_delay,
        }
    }

    /// Runs until it is told to stop or all handles are gone.
    pub(super) async fn run(mut self) {
        self.serve().await;
        self.parts.events.close();
    }

    async fn serve(&mut self) {
        let mut messages = Vec::with_capacity(MAX_BATCH);
        loop {
            if self.kept.is_empty() {
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
            } else {
                let most = self.kept.len().min(MAX_BATCH);
                messages.extend(self.kept.drain(..most).map(Message::Post));
            }
            if self.step(&mut messages).await.is_break() {
                return;
            }
            self.publisher.publish_if_due(&self.engine);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let timeout = self.engine.next_timeout().map(|at| self.parts.clock.instant_of(at));
        timeout.into_iter().chain(self.publisher.due()).min()
    }

    /// Carries out what was received as one batch: engine, commit, answers, notices, in this order.
    async fn step(&mut self, messages: &mut Vec<Message>) -> ControlFlow<()> {
        let now = self.parts.clock.now();
        // That something is held back from now on has no record and no notice, and is seen by readers.
        let is_due = self.engine.next_timeout().is_some_and(|at| at <= now);
        let mut asked = Asked::default();
        let mut flow = ControlFlow::Continue(());
        for message in messages.drain(..) {
            match message {
                Message::Ask(question) if flow.is_break() => {
                    answer(question.reply, Err(Refusal::Draining));
                }
                Message::Ask(Question { command, notices, reply }) => {
                    // What was made with a key is there for whoever sends the key again.
                    let submitted = match &command {
                        Command::Submit { token, .. } => Some(*token),
                        _ => None,
                    };
                    let result = self.engine.handle(now, command, &mut self.effects);
                    asked.answers.push(Outcome { submitted, notices, reply, result });
                }
                Message::Post(command) => {
                    asked.posts.push(command.clone());
                    if let Err(refusal) = self.engine.handle(now, command, &mut self.effects) {
                        debug!(pool = %self.parts.pool, %refusal, "nothing to do");
                    }
                }
                Message::Stop => flow = ControlFlow::Break(()),
            }
        }
        self.engine.handle_timeout(now, &mut self.effects);
        match self.commit().await {
            Ok(()) => {
                if is_due {
                    self.publisher.changed(&self.engine);
                }
                self.tell(asked.answers);
                flow
            }
            Err(_) if flow.is_break() => flow,
            Err(failure) => self.recover(asked, failure).await,
        }
    }

    pub(super) async fn commit(&mut self) -> Result<(), StoreError> {
        if self.effects.records.is_empty() {
            return Ok(());
        }
        let records = std::mem::take(&mut self.effects.records);
        self.committed.extend_from_slice(&records);
        let batch = Batch { pool: self.parts.pool.clone(), records };
        if let Err(error) = self.parts.store.commit(batch).await {
            self.committed.clear();
            return Err(error);
        }
        self.store_delay = FIRST_DELAY;
        Ok(())
    }

    /// Tells everyone what is now durable.
    pub(super) fn tell(&mut self, outcomes: Vec<Outcome>) {
        if !self.effects.notices.is_empty() || !outcomes.is_empty() {
            self.publisher.changed(&self.engine);
        }
        let committed = std::mem::take(&mut self.committed);
        self.parts.events.add(committed, &self.effects.notices, self.parts.clock.now());
        for Outcome { submitted, notices, reply, result } in outcomes {
            let id = match &result {
                Ok(Reply::Submitted(id) | Reply::Repeated { id, .. }) => Some(*id),
                _ => None,
            };
            if let (Some(id), Some(notices)) = (id, notices) {
                self.follow(id, notices);
            }
            let withdrawal = submitted.zip(id);
            let withdrawal =
                withdrawal.map(|(digest, id)| Withdrawal::new(self.sender.clone(), id, digest));
            answer(reply, result.map(|reply| Answer { reply, withdrawal }));
        }
        for notice in std::mem::take(&mut self.effects.notices) {
            self.parts.notifier.notify(&notice);
            let ended =
                matches!(notice.kind, NoticeKind::Ended { .. } | NoticeKind::Transferred { .. });
            if matches!(
                notice.kind,
                NoticeKind::Extended { .. }
                    | NoticeKind::PartlyReleased { .. }
                    | NoticeKind::Allowed { .. }
                    | NoticeKind::Disallowed { .. }
            ) {
                continue;
            }
            let ticket = self.tickets.get(&notice.id);
            let told = Box::new(Told { request: Some(notice.request), kind: notice.kind });
            let followed = ticket.is_some_and(|ticket| ticket.send(told).is_ok());
            // A request whose ticket was dropped lives on: its session decides about it.
            if ended || !followed {
                self.tickets.remove(&notice.id);
            }
        }
    }

    /// Sends the notices about a request to a new ticket from now on. An earlier one is told.
    fn follow(&mut self, id: RequestId, notices: TicketSender) {
        let Some(earlier) = self.tickets.insert(id, notices) else {
            return;
        };
        let taken_over = NoticeKind::Ended { reason: EndReason::TakenOver, grant: None };
        if earlier.send(Box::new(Told { request: None, kind: taken_over })).is_err() {
            debug!(%id, "the earlier connection has gone already");
        }
    }
}

/// Answers someone who may have gone.
pub(super) fn answer(
    reply: oneshot::Sender<Result<Answer, Refusal>>,
    result: Result<Answer, Refusal>,
) {
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
