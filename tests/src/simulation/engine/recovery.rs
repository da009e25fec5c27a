//! Crashes, starts, and going on after the store has failed.

use respo::{
    Authority, Command, EndReason, NoticeKind, Record, Refusal, Reply, RequestId, State, Timestamp,
    TokenDigest,
};

use super::batch::{Answer, Batch, Stage};
use super::message::{About, Asking, Question, ToClient, ToServer};
use super::server::{Remembered, Server, Sessions};
use super::subject::Subject;
use super::{Happening, World};
use crate::simulation::checkers::Told;

impl World {
    /// Something arrives at the server.
    pub(super) fn arrive(&mut self, run: u64, message: ToServer) {
        if run != self.server.run || !self.server.is_up {
            return;
        }
        if self.server.away.is_some() && self.server.batch.is_none() {
            self.put_off(message);
        } else {
            self.server.inbox.push_back(message);
        }
    }

    /// The store does not work: what is asked is refused, what must not be lost is kept.
    fn put_off(&mut self, message: ToServer) {
        match message {
            ToServer::Ask(Asking { question: Question::Drain, .. }) => {
                let deadline = std::time::Duration::from_secs(10);
                self.server.kept.push_back(Command::Drain { deadline });
            }
            ToServer::Ask(Asking { client, session, errand, question }) => {
                let (about, result) = (question.about(), Err(unavailable()));
                let message = ToClient::Answer { errand, about, result, token: None };
                self.send_to_client(client, session, message);
            }
            ToServer::Post(command) => self.keep(command),
            ToServer::Stop => self.exit(),
        }
    }

    /// Keeps a command for later. A session that has come and gone meanwhile leaves nothing to do.
    fn keep(&mut self, command: Command) {
        if let Command::CloseSession(session) = &command {
            let came = |kept: &Command| matches!(kept, Command::OpenSession(s) if s == session);
            if let Some(place) = self.server.kept.iter().rposition(came) {
                self.server.kept.remove(place);
                return;
            }
        }
        self.server.kept.push_back(command);
    }

    /// A batch could not be committed: it has not happened, as far as anybody is told.
    pub(super) fn failed(&mut self, batch: Batch) {
        match batch.stage {
            Stage::Starting => return self.exit(),
            Stage::Serving if batch.stops => return self.exit(),
            Stage::Serving => self.remember(batch),
            Stage::Recovering => {}
        }
        let run = self.server.run;
        let at = self.now + 100_000 + self.dice.below(2_000_000);
        self.agenda.enter(at, Happening::Retry { run });
        for message in std::mem::take(&mut self.server.inbox) {
            // One of them may be the order to stop.
            if self.server.run == run {
                self.put_off(message);
            }
        }
    }

    fn remember(&mut self, batch: Batch) {
        let mut refused = Vec::new();
        for Answer { client, session, errand, about, result, token, .. } in batch.answers {
            if let (About::Submit, Some(token), Ok(Reply::Submitted(id))) = (about, token, &result)
            {
                refused.push((*id, token.digest()));
            }
            let result = Err(unavailable());
            let message = ToClient::Answer { errand, about, result, token: None };
            self.send_to_client(client, session, message);
        }
        let draining = self.server.subject.as_ref().and_then(|subject| subject.engine().draining());
        let drain = draining.map(|deadline| Command::Drain { deadline });
        self.server.kept.extend(batch.posts);
        let transferred = batch.records.iter().filter_map(|record| match record {
            Record::Transferred { id, token, .. } => Some((*id, *token)),
            _ => None,
        });
        let (sessions, transferred) = (batch.sessions, transferred.collect());
        self.server.away = Some(Remembered { sessions, refused, transferred, drain });
    }

    /// Asks the store again, and goes on from what it has.
    pub(super) fn retry(&mut self, run: u64) {
        if run != self.server.run {
            return;
        }
        let Some(Remembered { sessions, refused, transferred, drain }) = &self.server.away else {
            return;
        };
        let (mut sessions, refused, drain) = (sessions.clone(), refused.clone(), drain.clone());
        let transferred = transferred.clone();
        if self.fails() {
            self.agenda.enter(self.now + 1_000_000, Happening::Retry { run });
            return;
        }
        // What a failed commit has left behind is made durable, or cleared away.
        if self.dice.chance(70) {
            let durable = self.store.sync();
            self.observer.durable(&durable);
        } else {
            self.observer.figures.lost_writes += self.store.lose();
        }
        let state = self.store.durable().clone();
        for (_, ids) in &mut sessions {
            ids.retain(|id| !was_transferred(*id, &state, &transferred));
        }
        self.restore(state.clone(), &state, &sessions);
        let mut batch = Batch::new(Stage::Recovering, Vec::new());
        let withdrawals = refused
            .into_iter()
            .map(|(id, digest)| Command::End { id, by: Authority::Digest(digest) });
        for command in drain.into_iter().chain(withdrawals) {
            // Where it was not durable there is nothing to take back.
            drop(self.call(Some(command), &mut batch));
        }
        drop(self.call(None, &mut batch));
        self.commit(batch);
    }

    fn restore(&mut self, state: State, recovered: &State, sessions: &Sessions) {
        let now = self.server_time();
        self.observer.note(|| format!("the server goes on with {} sessions", sessions.len()));
        self.observer.restored(recovered, &state, now, sessions);
        let limits = self.plan.limits.clone();
        self.server.subject =
            Some(Subject::restore(limits, state, now, sessions, self.settings.bug));
    }

    /// The failed commit may have been durable: what it granted or ended is told now.
    pub(super) fn tell_again(&mut self) {
        let (Some(remembered), Some(subject)) = (self.server.away.take(), &self.server.subject)
        else {
            return;
        };
        let requests = &subject.engine().state().requests;
        let mut again = Vec::new();
        for (session, ids) in remembered.sessions {
            for id in ids {
                let state = subject.engine().state();
                let kind = match requests.get(&id) {
                    Some(_) if was_transferred(id, state, &remembered.transferred) => {
                        NoticeKind::Ended { reason: EndReason::Transferred, grant: None }
                    }
                    Some(asked) => {
                        NoticeKind::Resumed { grant: asked.grant.clone(), earlier: None }
                    }
                    None => NoticeKind::Ended { reason: EndReason::Disconnected, grant: None },
                };
                again.push((session, id, kind));
            }
        }
        for (session, id, kind) in again {
            let is_another =
                matches!(kind, NoticeKind::Ended { reason: EndReason::Transferred, .. });
            if let Some(told) = Told::by_notice(id, &kind).filter(|_| !is_another) {
                self.observer.told(told);
            }
            self.notify(session, id, kind);
        }
    }

    /// The server crashes, at whatever it is.
    pub(super) fn crash(&mut self) {
        if !self.server.is_up && self.server.batch.is_none() {
            return;
        }
        self.observer.note(|| "CRASH");
        self.observer.figures.crashes += 1;
        let (durable, lost) = self.store.crash(&mut self.dice);
        self.observer.figures.untold += durable.len() as u64;
        self.observer.figures.lost_writes += lost;
        self.observer.durable(&durable);
        self.exit();
    }

    /// The process ends, and will be started again. Every connection ends with it.
    pub(super) fn exit(&mut self) {
        let run = self.server.run + 1;
        let ahead = self.server.ahead;
        self.server = Server { run, ahead, ..Server::default() };
        for (session, client) in std::mem::take(&mut self.sessions) {
            let at = self.now + self.dice.below(2_000_000);
            let message = ToClient::Lost;
            self.agenda.enter(at, Happening::Deliver { client, session, message });
        }
        let at = self.now + 10_000 + self.dice.below(3_000_000);
        self.agenda.enter(at, Happening::Start);
    }

    /// A new process goes on from what the store has.
    pub(super) fn start(&mut self) {
        if self.fails() {
            self.agenda.enter(self.now + 1_000_000, Happening::Start);
            return;
        }
        // What a failed commit of the last process has left behind.
        let durable = self.store.sync();
        self.observer.durable(&durable);
        let recovered = self.store.durable().clone();
        let mut state = recovered.clone();
        let mut batch = Batch::new(Stage::Starting, Vec::new());
        if recovered.revision > 0 && self.dice.chance(25) {
            let record = self.set_clock();
            state.apply(&record);
            batch.records.push(record);
        }
        let is_new = state.revision == 0;
        self.restore(state, &recovered, &Vec::new());
        self.observer.recorded(&batch.records, &[]);
        drop(self.call(None, &mut batch));
        if is_new {
            let inventory = self.inventory();
            drop(self.call(Some(Command::ReplaceInventory(inventory)), &mut batch));
        }
        self.commit(batch);
    }

    fn set_clock(&mut self) -> Record {
        let from: Timestamp = self.server_time();
        // At most so much earlier or later, in microseconds: within what it was ahead at the start.
        let range = 60_000_000;
        self.server.ahead = (self.server.ahead + self.dice.below(2 * range)).saturating_sub(range);
        Record::ClockSet { from, to: self.server_time() }
    }
}

/// Whether a transfer that was refused is durable.
fn was_transferred(id: RequestId, state: &State, transferred: &[(RequestId, TokenDigest)]) -> bool {
    let token = state.requests.get(&id).map(|asked| asked.token);
    token.is_some_and(|token| transferred.contains(&(id, token)))
}

fn unavailable() -> Refusal {
    Refusal::StoreUnavailable("the disk is gone".to_owned())
}
