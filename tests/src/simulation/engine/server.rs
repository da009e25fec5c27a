//! The server around the engine: it does what the broker's actor does. It carries out what has arrived as
//! one batch, commits the records, and only then answers and sends the notices.

use std::collections::VecDeque;

use respo::idempotency::MadeWith;
use respo::{
    Authority, Command, Effects, EndReason, Notice, NoticeKind, Refusal, Reply, RequestId,
    SessionId, Timestamp, Token, TokenDigest,
};

use super::batch::{Answer, Batch, Failure, Stage};
use super::message::{About, Asking, Question, ToClient, ToServer};
use super::subject::Subject;
use super::{Happening, World};
use crate::simulation::bug::Bug;
use crate::simulation::checkers::Told;
use crate::simulation::observer::Call;
use crate::simulation::specification::Happened;

/// What every clock shows at the start, in microseconds: late enough that it can be set back.
const EPOCH: u64 = 1_000_000_000_000_000;

/// Sessions and what is theirs.
pub(super) type Sessions = Vec<(SessionId, Vec<RequestId>)>;

#[derive(Default)]
pub(super) struct Server {
    /// Counts the processes. What was sent to an earlier one never arrives.
    pub(super) run: u64,
    /// Whether it takes messages.
    pub(super) is_up: bool,
    pub(super) subject: Option<Subject>,
    pub(super) inbox: VecDeque<ToServer>,
    /// Commands that were kept while the store was away.
    pub(super) kept: VecDeque<Command>,
    /// The batch that is being committed.
    pub(super) batch: Option<Batch>,
    /// The store has failed, and does not work yet.
    pub(super) away: Option<Remembered>,
    /// By so much its clock is ahead, in microseconds.
    pub(super) ahead: u64,
    /// The moment of the next waking that is entered.
    pub(super) wake_at: Option<u64>,
}

/// What is taken from the time before the store failed.
pub(super) struct Remembered {
    pub(super) sessions: Sessions,
    /// Requests that were refused, but may be durable all the same.
    pub(super) refused: Vec<(RequestId, TokenDigest)>,
    /// Leases whose transfer was refused, but may be durable all the same, with the tokens that they have then.
    pub(super) transferred: Vec<(RequestId, TokenDigest)>,
    pub(super) drain: Option<Command>,
}

impl World {
    /// What the server's clock shows.
    pub(super) fn server_time(&self) -> Timestamp {
        Timestamp::from_micros(EPOCH + self.now + self.server.ahead)
    }

    /// Carries out what there is to do, if the server is free for that.
    pub(super) fn work(&mut self) {
        while self.server.is_up && self.server.batch.is_none() && self.server.away.is_none() {
            let now = self.server_time();
            let Some(subject) = &self.server.subject else { return };
            let timeout = subject.engine().next_timeout();
            let is_due = timeout.is_some_and(|at| at <= now) && !self.sleeps();
            if self.server.inbox.is_empty() && self.server.kept.is_empty() && !is_due {
                self.wake_at(timeout);
                return;
            }
            self.carry_out();
        }
    }

    fn sleeps(&self) -> bool {
        self.settings.bug == Some(Bug::SleepsThroughDeadlines)
    }

    fn wake_at(&mut self, timeout: Option<Timestamp>) {
        let Some(at) = timeout.filter(|_| !self.sleeps()) else { return };
        let at = at.as_micros().saturating_sub(EPOCH + self.server.ahead).max(self.now);
        if self.server.wake_at != Some(at) {
            self.server.wake_at = Some(at);
            self.agenda.enter(at, Happening::Wake);
        }
    }

    /// Carries out what has arrived as one batch.
    fn carry_out(&mut self) {
        let Some(subject) = &self.server.subject else { return };
        let mut batch = Batch::new(Stage::Serving, subject.engine().attachments());
        let messages: Vec<ToServer> = if self.server.kept.is_empty() {
            self.server.inbox.drain(..).collect()
        } else {
            self.server.kept.drain(..).map(ToServer::Post).collect()
        };
        for message in messages {
            match message {
                ToServer::Ask(asking) => self.answer(asking, &mut batch),
                ToServer::Post(command) => {
                    batch.posts.push(command.clone());
                    // Nobody waits for the answer.
                    drop(self.call(Some(command), &mut batch));
                }
                ToServer::Stop => {
                    drop(self.call(Some(Command::Suspend), &mut batch));
                    batch.stops = true;
                    break;
                }
            }
        }
        drop(self.call(None, &mut batch));
        self.commit(batch);
    }

    fn answer(&mut self, asking: Asking, batch: &mut Batch) {
        let Asking { client, session, errand, question } = asking;
        let about = question.about();
        let mut token = None;
        let command = match question {
            Question::Submit(request) => {
                Command::Submit { session, request, token: self.make_token(&mut token) }
            }
            Question::SubmitOnce(request, key) => {
                let salt = self.salt();
                let made_with = MadeWith { key: key.digest(), salt };
                let token = key.token(&salt).digest();
                let command = Command::SubmitOnce { session, request, token, made_with };
                let result = self.call(Some(command), batch);
                let salt = match &result {
                    Ok(Reply::Repeated { salt, .. }) => {
                        self.observer.figures.repetitions += 1;
                        *salt
                    }
                    _ => salt,
                };
                let (token, key) = (Some(key.token(&salt)), Some(key.digest()));
                batch.answers.push(Answer { client, session, errand, about, result, token, key });
                return;
            }
            Question::Renew(id, token, ttl) => {
                Command::Renew { id, by: Authority::Token(token), ttl }
            }
            Question::Extend(id, token, more) => {
                Command::Extend { id, by: Authority::Token(token), more }
            }
            Question::ReleasePart(id, token, resources) => {
                Command::ReleasePart { id, by: Authority::Token(token), resources }
            }
            Question::Transfer(id, known, to) => Command::Transfer {
                id,
                by: Authority::Token(known),
                to,
                token: self.make_token(&mut token),
            },
            Question::Allow(id, known, who) => Command::Allow {
                id,
                by: Authority::Token(known),
                who,
                token: self.make_token(&mut token),
            },
            Question::Resume(known) => {
                token = Some(known.clone());
                Command::Resume { session, token: known }
            }
            Question::End(id, by) => Command::End { id, by },
            Question::Replace(inventory) => Command::ReplaceInventory(inventory),
            Question::Drain => Command::Drain { deadline: std::time::Duration::from_secs(10) },
        };
        let result = self.call(Some(command), batch);
        let key = None;
        batch.answers.push(Answer { client, session, errand, about, result, token, key });
    }

    /// Makes a token, and keeps it for whoever is to be told it.
    fn make_token(&mut self, made: &mut Option<Token>) -> TokenDigest {
        made.insert(self.token()).digest()
    }

    fn token(&mut self) -> Token {
        Token::from_random(self.salt())
    }

    fn salt(&mut self) -> [u8; 16] {
        let bits = (u128::from(self.dice.number()) << 64) | u128::from(self.dice.number());
        bits.to_be_bytes()
    }

    /// Calls the engine.
    pub(super) fn call(
        &mut self,
        command: Option<Command>,
        batch: &mut Batch,
    ) -> Result<Reply, Refusal> {
        let now = self.server_time();
        let Some(subject) = &mut self.server.subject else {
            return Err(Refusal::Draining);
        };
        let mut effects = Effects::default();
        let result = match command.clone() {
            Some(command) => subject.handle(now, command, &mut effects),
            None => {
                subject.handle_timeout(now, &mut effects);
                Ok(Reply::Done)
            }
        };
        let engine = subject.engine();
        let is_new = matches!(&result, Ok(Reply::Submitted(_)))
            && !matches!(&command, Some(Command::Resume { .. }));
        let sessions = if is_new { engine.attachments() } else { Vec::new() };
        self.observer.called(&Call {
            now,
            command: command.as_ref(),
            answer: command.as_ref().map(|_| Happened::answer(&result)),
            effects: &effects,
            grants: engine.draining().is_none(),
            sessions: &sessions,
        });
        batch.records.append(&mut effects.records);
        batch.notices.append(&mut effects.notices);
        result
    }

    /// Hands the records of a batch to the store. What follows from that, follows later.
    pub(super) fn commit(&mut self, mut batch: Batch) {
        if batch.records.is_empty() {
            self.committed(batch);
            return;
        }
        if self.settings.bug == Some(Bug::TellsEarly) && batch.stage == Stage::Serving {
            self.tell(&mut batch);
        }
        self.store.write(batch.records.clone());
        if self.fails() {
            let failures = [Failure::Lost, Failure::Unsure];
            batch.failure = Some(*self.dice.pick(&failures));
        }
        self.server.batch = Some(batch);
        let takes = self.dice.below(self.plan.slowest_commit);
        self.agenda.enter(self.now + takes, Happening::CommitDone { run: self.server.run });
        if self.plan.crashes.is_some() && self.dice.chance(3) {
            self.agenda.enter(self.now + takes / 2, Happening::CrashOnce);
        }
    }

    /// Whether the store fails now.
    pub(super) fn fails(&mut self) -> bool {
        self.healed_at.is_none() && self.dice.chance(self.plan.failures)
    }

    /// The store has done what it was asked, or has failed to.
    pub(super) fn commit_done(&mut self) {
        let Some(batch) = self.server.batch.take() else { return };
        match batch.failure {
            None => {
                let durable = self.store.acknowledge();
                self.observer.durable(&durable);
                let live = self.server.subject.as_ref().map(|subject| subject.engine().state());
                self.observer.committed(&batch.records, live);
                self.committed(batch);
            }
            Some(failure) => {
                self.observer.note(|| format!("the commit fails: {failure:?}"));
                self.observer.figures.failed_commits += 1;
                if failure == Failure::Lost {
                    self.observer.figures.lost_writes += self.store.lose();
                }
                self.failed(batch);
            }
        }
    }

    /// Everything in the batch is durable: it is told.
    fn committed(&mut self, mut batch: Batch) {
        match batch.stage {
            // Nobody is there yet.
            Stage::Starting => self.server.is_up = true,
            Stage::Serving => self.tell(&mut batch),
            Stage::Recovering => {
                self.tell(&mut batch);
                self.tell_again();
            }
        }
        if batch.stops {
            self.observer.figures.stops += 1;
            self.exit();
        }
    }

    /// Answers, and sends the notices. The server may crash in the middle of it.
    fn tell(&mut self, batch: &mut Batch) {
        if std::mem::replace(&mut batch.is_told, true) {
            return;
        }
        for Answer { client, session, errand, about, result, token, key } in batch.answers.drain(..)
        {
            if let Some(told) = told_by(&result, about, key) {
                self.observer.told(told);
            }
            if about == About::Resume && result.is_ok() {
                self.observer.figures.resumes += 1;
            }
            let message = ToClient::Answer { errand, about, result, token };
            self.send_to_client(client, session, message);
        }
        for Notice { session, id, kind, .. } in std::mem::take(&mut batch.notices) {
            if let Some(told) = Told::by_notice(id, &kind) {
                self.observer.told(told);
            }
            if let NoticeKind::Resumed { earlier: Some(earlier), .. } = &kind
                && session != Some(*earlier)
            {
                self.observer.figures.takeovers += 1;
                let kind = NoticeKind::Ended { reason: EndReason::TakenOver, grant: None };
                self.notify(*earlier, id, kind);
            }
            if let Some(session) = session {
                self.notify(session, id, kind);
            }
        }
        if self.plan.crashes.is_some() && self.dice.chance(1) {
            // What is on its way to clients may get there, or not.
            self.agenda.enter(self.now, Happening::CrashOnce);
        }
    }

    pub(super) fn notify(&mut self, session: SessionId, id: RequestId, kind: NoticeKind) {
        if let Some(client) = self.sessions.get(&session).copied() {
            self.send_to_client(client, session, ToClient::Notice { id, kind });
        }
    }
}

fn told_by(
    result: &Result<Reply, Refusal>,
    about: About,
    key: Option<TokenDigest>,
) -> Option<Told<'static>> {
    match result {
        Ok(Reply::Submitted(id) | Reply::Repeated { id, .. }) => {
            Some(key.map_or(Told::Taken(*id), |key| Told::Made { key, id: *id }))
        }
        Ok(Reply::Renewed { expires: Some(until) }) => match about {
            About::Promise(id) => Some(Told::Promised { id, until: *until }),
            _ => None,
        },
        Ok(Reply::Replaced { revision, .. }) => Some(Told::Revision(*revision)),
        Ok(_) | Err(_) => None,
    }
}
