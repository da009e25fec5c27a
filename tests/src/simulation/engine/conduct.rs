//! What clients do: first whatever comes to their minds, then, once the faults have stopped, what is right.

use std::sync::Arc;

use respo::{Authority, Command, IdempotencyKey, Reply, RequestId, SessionId, Token};

use super::client::{Client, Errand, Phase};
use super::message::{Asking, Question, ToClient, ToServer};
use super::{Happening, World};
use crate::simulation::bug::Bug;
use crate::simulation::wishes;

/// How many errands a client has at most.
const MOST_ERRANDS: usize = 4;

impl World {
    /// A client does something.
    pub(super) fn act(&mut self, client: usize) {
        if self.clients[client].is_done {
            return;
        }
        if self.server.is_up {
            if self.healed_at.is_some() {
                self.behave(client);
            } else if self.clients[client].session.is_none() {
                self.connect(client);
            } else {
                self.acts += 1;
                self.misbehave(client);
            }
        }
        if !self.clients[client].is_done {
            let pause = 1 + self.dice.below(self.plan.pause);
            self.agenda.enter(self.now + pause, Happening::Act(client));
        }
        if self.acts >= self.plan.acts && self.healed_at.is_none() {
            self.heal();
        }
    }

    /// Connects, and takes up again what it knows of.
    fn connect(&mut self, client: usize) {
        self.last_session += 1;
        let session = SessionId(self.last_session);
        self.sessions.insert(session, client);
        self.clients[client].session = Some(session);
        let errands = &mut self.clients[client].errands;
        errands.retain(|errand| errand.known.is_some() || errand.once.is_some());
        self.open(session);
        self.take_up(client);
    }

    /// The server opens a session as soon as it has a connection, but what comes after may overtake that.
    fn open(&mut self, session: SessionId) {
        let message = ToServer::Post(Command::OpenSession(session));
        if self.healed_at.is_none() && self.dice.chance(10) {
            self.send_to_server(message);
        } else {
            self.arrive(self.server.run, message);
        }
    }

    /// Asks to resume what is not this session's yet, and once more for what has a key.
    fn take_up(&mut self, client: usize) {
        let Some(session) = self.clients[client].session else { return };
        let mut resumes = Vec::new();
        for errand in &mut self.clients[client].errands {
            if let Some((_, token)) = &errand.known
                && errand.session != Some(session)
            {
                errand.session = Some(session);
                // It will be told what it has. An earlier release may have been lost.
                errand.phase = Phase::Waiting;
                resumes.push((errand.number, Question::Resume(token.clone())));
            } else if let (None, Some((request, key))) = (&errand.known, &errand.once)
                && errand.session != Some(session)
            {
                errand.session = Some(session);
                let question = Question::SubmitOnce(Arc::clone(request), key.clone());
                resumes.push((errand.number, question));
            }
        }
        for (errand, question) in resumes {
            self.ask(client, errand, question);
        }
    }

    pub(super) fn ask(&mut self, client: usize, errand: u64, question: Question) {
        if let Some(session) = self.clients[client].session {
            self.send_to_server(ToServer::Ask(Asking { client, session, errand, question }));
        }
    }

    /// Its connection ends, sooner or later. A server that is not told finds it out.
    fn leave(&mut self, session: SessionId, is_told: bool) {
        if is_told {
            self.send_to_server(ToServer::Post(Command::CloseSession(session)));
        }
        if self.settings.bug != Some(Bug::OverlooksDepartures) {
            let at = self.now + 1_000_000 + self.dice.below(15_000_000);
            self.agenda.enter(at, Happening::FoundGone { run: self.server.run, session });
        }
    }

    fn misbehave(&mut self, client: usize) {
        if self.dice.chance(self.plan.vanishes) {
            return self.vanish(client);
        }
        if self.settings.kinds.terms && self.dice.chance(35) {
            return self.use_terms(client);
        }
        match self.dice.below(100) {
            0..45 => self.wish(client),
            45..75 => self.give_back(client),
            75..80 => self.use_spent(client),
            80..84 => self.use_wrong_token(client),
            84..88 => self.close(client),
            88..92 => self.resume_again(client),
            92..95 => self.lend(client),
            95..97 => self.revoke(client),
            _ => {}
        }
    }

    fn wish(&mut self, client: usize) {
        if self.clients[client].errands.len() >= MOST_ERRANDS {
            return self.give_back(client);
        }
        let (most, kinds) = (self.plan.resources, self.settings.kinds);
        let request = Arc::new(wishes::request(&mut self.dice, most, kinds));
        let number = self.add_errand(client, None, Phase::Asked);
        let errand = self.clients[client].errands.last_mut().filter(|_| kinds.terms);
        match errand.filter(|_| self.dice.chance(40)) {
            Some(errand) => {
                let key = IdempotencyKey::new(format!("errand-{number}")).expect("it is a key");
                errand.once = Some((Arc::clone(&request), key.clone()));
                self.ask(client, number, Question::SubmitOnce(request, key));
            }
            None => self.ask(client, number, Question::Submit(request)),
        }
    }

    pub(super) fn add_errand(
        &mut self,
        client: usize,
        known: Option<(RequestId, Token)>,
        phase: Phase,
    ) -> u64 {
        self.last_errand += 1;
        let (number, session) = (self.last_errand, self.clients[client].session);
        let (once, held) = (None, Vec::new());
        self.clients[client].errands.push(Errand { number, known, phase, session, once, held });
        number
    }

    /// One of its errands whose id and token it knows.
    pub(super) fn any_known(&mut self, client: usize) -> Option<(u64, RequestId, Token)> {
        let known: Vec<_> = self.clients[client]
            .errands
            .iter()
            .filter_map(|errand| errand.known.clone().map(|(id, token)| (errand.number, id, token)))
            .collect();
        (!known.is_empty()).then(|| self.dice.pick(&known).clone())
    }

    /// Releases a lease, or cancels what waits.
    fn give_back(&mut self, client: usize) {
        let Some((number, id, token)) = self.any_known(client) else { return };
        let cancels = self.dice.chance(25);
        let errands = &mut self.clients[client].errands;
        let Some(errand) = errands.iter_mut().find(|errand| errand.number == number) else {
            return;
        };
        if errand.phase != Phase::Holding && !cancels {
            return;
        }
        errand.phase = Phase::Releasing;
        let by = match (errand.session, cancels) {
            (Some(session), true) => Authority::Session(session),
            _ => Authority::Token(token),
        };
        self.ask(client, number, Question::End(id, by));
    }

    /// Releases once more what is over, or tries to resume it.
    fn use_spent(&mut self, client: usize) {
        let Client { spent, .. } = &self.clients[client];
        if spent.is_empty() {
            return;
        }
        let (id, token) = self.dice.pick(spent).clone();
        let question = if self.dice.chance(50) {
            Question::End(id, Authority::Token(token))
        } else {
            Question::Resume(token)
        };
        self.ask(client, 0, question);
    }

    fn use_wrong_token(&mut self, client: usize) {
        let wrong = Token::presented("0123456789abcdef");
        let question = match self.any_known(client) {
            Some((_, id, _)) => Question::End(id, Authority::Token(wrong)),
            None => Question::Resume(wrong),
        };
        self.ask(client, 0, question);
    }

    /// Goes without a word. It may come back at once, before anybody has noticed.
    fn vanish(&mut self, client: usize) {
        let Some(session) = self.clients[client].session.take() else { return };
        self.observer.note(|| format!("client {client} vanishes from session {}", session.0));
        self.observer.figures.vanished += 1;
        self.leave(session, false);
        if self.dice.chance(30) {
            // It forgets everything.
            self.clients[client].errands.clear();
        }
    }

    fn close(&mut self, client: usize) {
        if let Some(session) = self.clients[client].session.take() {
            self.leave(session, true);
        }
    }

    /// Resumes what it has, or has just lost.
    fn resume_again(&mut self, client: usize) {
        if let Some((number, _, token)) = self.any_known(client) {
            self.ask(client, number, Question::Resume(token));
        }
    }

    /// Gives its token to another client, which uses it.
    fn lend(&mut self, client: usize) {
        let other = self.dice.below(self.clients.len() as u64);
        let other = usize::try_from(other).unwrap_or_default();
        let Some((_, id, token)) = self.any_known(client) else { return };
        if other != client && self.clients[other].session.is_some() {
            let number = self.add_errand(other, Some((id, token.clone())), Phase::Waiting);
            self.ask(other, number, Question::Resume(token));
        }
    }

    fn revoke(&mut self, client: usize) {
        if let Some((_, id, _)) = self.any_known(client) {
            self.ask(client, 0, Question::End(id, Authority::Administrator));
        }
    }

    /// The faults have stopped: it connects anew, uses what it gets for a while, and gives it back.
    fn behave(&mut self, client: usize) {
        if !self.clients[client].is_renewed {
            self.clients[client].is_renewed = true;
            if let Some(session) = self.clients[client].session.take() {
                // Once the new session has taken up what was the old one's.
                let run = self.server.run;
                self.agenda.enter(self.now + 5_000_000, Happening::FoundGone { run, session });
            }
        }
        if self.clients[client].session.is_none() {
            return self.connect(client);
        }
        self.take_up(client);
        let session = self.clients[client].session;
        let mut ended = Vec::new();
        for errand in &mut self.clients[client].errands {
            let Some((id, token)) = &errand.known else { continue };
            if errand.phase == Phase::Holding && errand.session == session && self.dice.chance(60) {
                errand.phase = Phase::Releasing;
                ended.push((errand.number, *id, token.clone()));
            }
        }
        for (number, id, token) in ended {
            self.ask(client, number, Question::End(id, Authority::Token(token)));
        }
        if self.clients[client].errands.is_empty() {
            if let Some(session) = self.clients[client].session.take() {
                self.send_to_server(ToServer::Post(Command::CloseSession(session)));
            }
            self.clients[client].is_done = true;
        }
    }

    /// Something reaches a client, if its connection is still the one that it was sent on.
    pub(super) fn deliver(&mut self, client: usize, session: SessionId, message: ToClient) {
        if self.clients[client].session != Some(session) {
            return;
        }
        match message {
            ToClient::Lost => self.clients[client].session = None,
            ToClient::Notice { id, kind } => self.clients[client].noticed(id, &kind),
            ToClient::Answer { errand, about, result, token } => {
                if let (Ok(Reply::Done), Some(token)) = (&result, &token) {
                    self.pass_token(about, token);
                }
                let surplus = self.clients[client].answered(errand, about, &result, token);
                if self.clients[client].session.is_none() {
                    // It knows of no session; should there be one yet, nobody will use it.
                    self.leave(session, false);
                }
                if let Some((id, token)) = surplus {
                    self.ask(client, 0, Question::End(id, Authority::Token(token)));
                }
            }
        }
    }
}
