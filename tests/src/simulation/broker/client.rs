//! A client of the broker.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use respo::broker::{Broker, Session, Ticket, TicketEvent};
use respo::{EndReason, IdempotencyKey, Name, Refusal, Request, Token};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::Running;
use super::lab::Lab;
use crate::crash::dice::Dice;
use crate::simulation::checkers::{Told, held_names};
use crate::simulation::wishes;

/// How many requests a client has at most.
const MOST_ERRANDS: usize = 4;

pub(super) struct Client {
    pub(super) number: usize,
    pub(super) lab: Arc<Lab>,
    pub(super) dice: Dice,
    running: watch::Receiver<Running>,
    /// What it follows at the moment.
    pub(super) errands: Vec<Errand>,
    /// What it had when its last session ended.
    tokens: Vec<Token>,
    /// Requests that were sent with a key and have not been answered.
    pub(super) unanswered: Vec<(IdempotencyKey, Request)>,
    last_key: u64,
}

pub(super) struct Errand {
    pub(super) ticket: Ticket,
    pub(super) is_granted: bool,
    is_over: bool,
    pub(super) held: Vec<Name>,
}

impl Client {
    pub(super) fn new(
        number: usize,
        lab: Arc<Lab>,
        dice: Dice,
        running: watch::Receiver<Running>,
    ) -> Self {
        let (errands, tokens, unanswered) = (Vec::new(), Vec::new(), Vec::new());
        Self { number, lab, dice, running, errands, tokens, unanswered, last_key: 0 }
    }

    /// Comes and goes until the faults stop, then takes up what it has, uses it and gives it back.
    pub(super) async fn live(mut self) {
        while !self.lab.is_over() {
            let is_last = self.lab.is_healed();
            let Some((run, broker)) = self.broker().await else { return };
            let session = broker.session();
            let mut running = self.running.clone();
            let is_other = |now: &Running| now.as_ref().is_none_or(|(other, _)| *other != run);
            let is_done = tokio::select! {
                biased;
                _ = running.wait_for(is_other) => false,
                is_done = self.stay(&broker, &session, is_last) => is_done,
            };
            if is_done {
                return;
            }
            self.leave(session);
        }
    }

    /// The broker, once one runs.
    async fn broker(&mut self) -> Running {
        self.running.wait_for(Option::is_some).await.ok()?.clone()
    }

    async fn pause(&mut self) {
        sleep(Duration::from_micros(1 + self.dice.below(self.lab.plan.pause))).await;
    }

    /// What it does in one session. Whether it has nothing left to do at all.
    async fn stay(&mut self, broker: &Broker, session: &Session, is_last: bool) -> bool {
        self.take_up(session).await;
        if is_last {
            return self.behave(broker, session).await;
        }
        while !self.lab.is_healed() && !self.lab.is_over() {
            self.pause().await;
            self.hear();
            if self.dice.chance(self.lab.plan.vanishes + 3) {
                break;
            }
            self.misbehave(broker, session).await;
        }
        false
    }

    /// Goes; perhaps without a word, so that the server notices later.
    fn leave(&mut self, session: Session) {
        let errands = self.errands.drain(..);
        self.tokens.extend(errands.map(|errand| errand.ticket.token().clone()));
        let is_healed = self.lab.is_healed();
        if is_healed || !self.dice.chance(50) {
            return;
        }
        if self.dice.chance(20) {
            self.tokens.clear();
        }
        let number = self.number;
        self.lab.note(|| format!("client {number} vanishes"));
        self.lab.lock().observer.figures.vanished += 1;
        let found_after = self.dice.millis(1, 15_000);
        tokio::spawn(async move {
            sleep(found_after).await;
            drop(session);
        });
    }

    /// Takes up again what it had.
    async fn take_up(&mut self, session: &Session) {
        let mut later = Vec::new();
        for token in std::mem::take(&mut self.tokens) {
            match self.resume(session, &token).await {
                Err(Refusal::WrongToken) | Ok(()) => {}
                Err(_) => later.push(token),
            }
        }
        self.tokens.extend(later);
        for (key, request) in std::mem::take(&mut self.unanswered) {
            self.ask_once(session, key, request, Duration::from_secs(3600)).await;
        }
    }

    async fn resume(&mut self, session: &Session, token: &Token) -> Result<(), Refusal> {
        let ticket = session.resume(token).await?;
        self.lab.lock().observer.figures.resumes += 1;
        self.follow(ticket);
        Ok(())
    }

    pub(super) fn follow(&mut self, ticket: Ticket) {
        let (number, id) = (self.number, ticket.id());
        self.lab.note(|| format!("client {number} has the ticket {id}"));
        self.lab.told(Told::Taken(id));
        self.errands.push(Errand { ticket, is_granted: false, is_over: false, held: Vec::new() });
    }

    async fn misbehave(&mut self, broker: &Broker, session: &Session) {
        if self.lab.kinds.terms && self.dice.chance(35) {
            return self.use_terms(broker, session).await;
        }
        match self.dice.below(100) {
            0..45 if self.errands.len() < MOST_ERRANDS => self.wish(session).await,
            0..80 => self.give_back(broker).await,
            80..84 => {
                if let Some(token) = self.any_token() {
                    drop(self.resume(session, &token).await);
                }
            }
            84..88 => {
                let token = self.any_token();
                self.lab.lock().lent.extend(token);
            }
            88..92 => {
                let lent = self.lab.lock().lent.pop();
                if let Some(token) = lent {
                    drop(self.resume(session, &token).await);
                }
            }
            92..95 => {
                let id = self.errands.first().map(|errand| errand.ticket.id());
                if let Some(id) = id {
                    drop(broker.release(id, &Token::presented("0123456789abcdef")).await);
                }
            }
            95..97 => {
                let id = self.errands.last().map(|errand| errand.ticket.id());
                if let Some(id) = id {
                    drop(broker.revoke(id).await);
                }
            }
            _ => {}
        }
    }

    fn any_token(&mut self) -> Option<Token> {
        if self.errands.is_empty() {
            return None;
        }
        Some(self.dice.pick(&self.errands).ticket.token().clone())
    }

    /// Asks for something; sometimes it has gone before it is answered.
    async fn wish(&mut self, session: &Session) {
        let request = wishes::request(&mut self.dice, self.lab.plan.resources, self.lab.kinds);
        let patience = if self.dice.chance(15) {
            Duration::from_micros(self.dice.below(self.lab.plan.slowest_commit))
        } else {
            Duration::from_secs(3600)
        };
        if self.lab.kinds.terms && self.dice.chance(40) {
            self.last_key += 1;
            let key = format!("client-{}-{}", self.number, self.last_key);
            let key = IdempotencyKey::new(key).expect("it is a key");
            return self.ask_once(session, key, request, patience).await;
        }
        self.lab.lock().observer.figures.commands += 1;
        match timeout(patience, session.submit(request)).await {
            Ok(Ok(ticket)) => self.follow(ticket),
            Ok(Err(_)) => self.lab.lock().observer.figures.refusals += 1,
            Err(_) => {}
        }
    }

    /// Releases a lease, or cancels what waits; perhaps twice.
    async fn give_back(&mut self, broker: &Broker) {
        if self.errands.is_empty() {
            return;
        }
        let errand = self.dice.pick(&self.errands);
        let (id, token, is_granted) =
            (errand.ticket.id(), errand.ticket.token().clone(), errand.is_granted);
        if is_granted || self.dice.chance(25) {
            self.lab.lock().observer.figures.commands += 1;
            if broker.release(id, &token).await.is_ok() {
                self.lab.told(Told::Ended(id));
            }
            if self.dice.chance(10) {
                drop(broker.release(id, &token).await);
            }
        }
    }

    /// Takes note of what it has been told.
    fn hear(&mut self) {
        for errand in &mut self.errands {
            while let Some(event) = errand.ticket.next().now_or_never() {
                let is_last = matches!(event, Some(TicketEvent::Restarting { .. }) | None);
                errand.hear(event, &self.lab);
                if errand.is_over || is_last {
                    break;
                }
            }
        }
        self.errands.retain(|errand| !errand.is_over);
    }

    /// The faults have stopped: it uses what it gets for a while, and gives it back. Whether it is done.
    async fn behave(&mut self, broker: &Broker, session: &Session) -> bool {
        loop {
            self.pause().await;
            self.take_up(session).await;
            self.hear();
            if self.errands.is_empty() && self.tokens.is_empty() && self.unanswered.is_empty() {
                return true;
            }
            for errand in self.errands.iter().filter(|errand| errand.is_granted) {
                // Its end is told by its ticket; what cannot be written is tried again.
                drop(broker.release(errand.ticket.id(), errand.ticket.token()).await);
            }
        }
    }
}

impl Errand {
    fn hear(&mut self, event: Option<TicketEvent>, lab: &Lab) {
        match event {
            Some(TicketEvent::Granted(grant)) => {
                // It may read this late: that fences rise is seen where they are sent.
                lab.told(Told::Holding { id: grant.id, fence: grant.fence });
                self.is_granted = true;
                self.held = held_names(&grant).cloned().collect();
            }
            Some(TicketEvent::Ended(EndReason::TakenOver)) => {
                lab.lock().observer.figures.takeovers += 1;
                self.is_over = true;
            }
            // It goes on with another holder.
            Some(TicketEvent::Ended(EndReason::Transferred)) => self.is_over = true,
            Some(TicketEvent::Ended(_)) => {
                lab.told(Told::Ended(self.ticket.id()));
                self.is_over = true;
            }
            Some(
                TicketEvent::Queued(_)
                | TicketEvent::Draining { .. }
                | TicketEvent::Restarting { .. },
            )
            | None => {}
        }
    }
}
