//! The engine, a store that holds its records, and the specification in step with them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use respo::snapshot::Status;
use respo::wire::QueuedRequest;
use respo::{
    AttributeMatcher, Authority, Command, Effects, Engine, HumanDuration, Label, Limits, Name,
    Refusal, Reply, Request, RequestId, SessionId, Snapshot, State, Timestamp, Token,
};

use super::Action;
use super::words::{self, Who};
use super::{events, overview};
use crate::random_histories::token;
use crate::specification::{Happened, Specification};

/// A pool that a story is about.
pub struct World {
    engine: Engine,
    specification: Specification,
    /// What the store has: the sum of the records.
    stored: State,
    now: Timestamp,
    /// The clients that are there.
    sessions: BTreeMap<String, SessionId>,
    last_session: u64,
    /// Tokens that were made for others than those who asked, by number.
    tokens: BTreeMap<(String, RequestId), u64>,
    last_token: u64,
    /// Who has asked, by the id of what was asked for.
    who: Who,
    /// What was held back for whom when it was last told.
    held_back: BTreeMap<Name, RequestId>,
}

impl World {
    /// A pool without resources, at time 0.
    #[must_use]
    pub fn new() -> Self {
        let (now, state, limits) = (Timestamp::from_micros(0), State::default(), Limits::default());
        Self {
            engine: restored(state.clone(), now),
            specification: Specification::new(limits),
            stored: state,
            now,
            sessions: BTreeMap::new(),
            last_session: 0,
            tokens: BTreeMap::new(),
            last_token: 0,
            who: Who::default(),
            held_back: BTreeMap::new(),
        }
    }

    /// Does what is said, and tells what follows.
    ///
    /// # Errors
    /// What is said makes no sense here.
    ///
    /// # Panics
    /// If the engine does something else than the specification.
    pub fn act(&mut self, action: &Action) -> Result<Vec<String>, String> {
        let mut told = match action {
            Action::Show => return Ok(overview::of(&self.engine.snapshot(), &self.who)),
            Action::TimePasses(passed) => self.pass(*passed),
            Action::Restart => self.restart(),
            Action::Disconnect(client) => {
                let session = self.sessions.remove(client);
                let session = session.ok_or(format!("{client} is not connected"))?;
                self.command(Command::CloseSession(session))
            }
            Action::Ask { client, request } => self.ask(client, request),
            Action::Release(client, id) => {
                let by = Authority::Session(self.session(client));
                self.command(Command::End { id: *id, by })
            }
            Action::Resume(client, id) => {
                let session = self.session(client);
                self.command(Command::Resume { session, token: self.token(client, *id) })
            }
            Action::Renew(client, id, ttl) => {
                let by = self.holder(client, *id);
                self.command(Command::Renew { id: *id, by, ttl: *ttl })
            }
            Action::Extend(client, id, more) => {
                let by = self.holder(client, *id);
                self.command(Command::Extend { id: *id, by, more: *more })
            }
            Action::GiveBack(client, id, resources) => {
                let (by, resources) = (self.holder(client, *id), resources.clone());
                self.command(Command::ReleasePart { id: *id, by, resources })
            }
            Action::PassOn(client, id, to) => {
                let by = self.holder(client, *id);
                let token = self.make_token(to, *id).digest();
                self.command(Command::Transfer { id: *id, by, to: to.clone(), token })
            }
            Action::Allow(client, id, who) => {
                let by = self.holder(client, *id);
                let token = self.make_token(who, *id).digest();
                self.command(Command::Allow { id: *id, by, who: who.clone(), token })
            }
            Action::Revoke(id) => {
                self.command(Command::End { id: *id, by: Authority::Administrator })
            }
            Action::Inventory(inventory) => {
                self.command(Command::ReplaceInventory(Arc::clone(inventory)))
            }
            Action::Stop => self.command(Command::Suspend),
            Action::Drain => self.command(Command::Drain { deadline: Duration::from_secs(60) }),
        };
        told.extend(self.tell_what_is_held_back());
        if told.is_empty() {
            told.push("nothing happens".to_owned());
        }
        Ok(told)
    }

    fn ask(&mut self, client: &str, request: &Request) -> Vec<String> {
        let session = self.session(client);
        let token = token(self.stored.last_id.0 + 1, 0).digest();
        self.command(Command::Submit { session, request: Arc::new(request.clone()), token })
    }

    /// What a client has as a token of a request: one that was made for it, or else the first one.
    fn token(&self, client: &str, id: RequestId) -> Token {
        let made = self.tokens.get(&(client.to_owned(), id)).copied();
        token(id.0, made.unwrap_or(0))
    }

    /// A token for somebody who had none.
    fn make_token(&mut self, client: &Label, id: RequestId) -> Token {
        self.last_token += 1;
        self.tokens.insert((client.to_string(), id), self.last_token);
        token(id.0, self.last_token)
    }

    /// A client that acts with its token.
    fn holder(&self, client: &str, id: RequestId) -> Authority {
        Authority::Token(self.token(client, id))
    }

    /// The session of a client, which begins if it has none.
    fn session(&mut self, client: &str) -> SessionId {
        if let Some(session) = self.sessions.get(client) {
            return *session;
        }
        self.last_session += 1;
        let session = SessionId(self.last_session);
        self.sessions.insert(client.to_owned(), session);
        let told = self.command(Command::OpenSession(session));
        assert_eq!(told, Vec::<String>::new(), "nobody is told that a client comes");
        session
    }

    fn command(&mut self, command: Command) -> Vec<String> {
        let mut effects = Effects::default();
        let result = self.engine.handle(self.now, command.clone(), &mut effects);
        let specified = self.specification.handle(self.now, &command);
        self.follow(&effects, &result, specified);
        let snapshot = self.engine.snapshot();
        let mut told = events::of(&effects, &snapshot, &self.who);
        match &result {
            Err(refusal) => told.push(words::refusal(refusal)),
            Ok(Reply::Replaced { revision, change }) => {
                told.insert(0, words::replaced(*revision, change, &snapshot));
            }
            Ok(Reply::Renewed { expires }) => told.push(words::renewed(*expires)),
            Ok(_) => {}
        }
        told
    }

    /// Lets time pass from one thing that is due to the next.
    fn pass(&mut self, passed: Duration) -> Vec<String> {
        let end = self.now.after(passed);
        let mut told = Vec::new();
        loop {
            let due = [self.engine.next_timeout(), self.specification.next_due()];
            let due = due.into_iter().flatten().filter(|at| *at > self.now).min();
            self.now = due.map_or(end, |due| due.min(end));
            let at = HumanDuration(self.now.since(Timestamp::from_micros(0)));
            let moment = self.do_what_is_due();
            told.extend(moment.into_iter().map(|line| format!("at {at}: {line}")));
            if self.now == end {
                return told;
            }
        }
    }

    fn do_what_is_due(&mut self) -> Vec<String> {
        let mut effects = Effects::default();
        self.engine.handle_timeout(self.now, &mut effects);
        let mut specified = self.specification.pass_time(self.now);
        specified.push(Happened::Done);
        self.follow(&effects, &Ok(Reply::Done), specified);
        let mut told = events::of(&effects, &self.engine.snapshot(), &self.who);
        told.extend(self.tell_what_is_held_back());
        told
    }

    /// A new engine takes up what the store has; no client is there.
    fn restart(&mut self) -> Vec<String> {
        self.sessions.clear();
        self.engine = restored(self.stored.clone(), self.now);
        assert_eq!(self.engine.state(), &self.stored, "what is restored is what was stored");
        self.specification = Specification::restore(Limits::default(), &self.stored, self.now, &[]);
        let mut told = overview::restored(&self.engine.snapshot(), &self.stored, &self.who);
        told.extend(self.do_what_is_due());
        told
    }

    /// Stores the records, and compares what happened and how things stand with the specification.
    fn follow(
        &mut self,
        effects: &Effects,
        result: &Result<Reply, Refusal>,
        specified: Vec<Happened>,
    ) {
        for record in &effects.records {
            self.stored.apply(record);
            self.who.learn(record);
        }
        assert_eq!(&self.stored, self.engine.state(), "the records add up to the state");
        let mut happened: Vec<Happened> = effects.notices.iter().filter_map(Happened::of).collect();
        happened.push(Happened::answer(result));
        assert_eq!(happened, specified, "the engine (left) does what the specification says");
        let specification = &self.specification;
        let parties = self.stored.requests.iter().map(|(id, one)| (*id, one.party)).collect();
        assert_eq!(specification.parties(), parties, "parties");
        assert_eq!(specification.last_used(), self.stored.last_used, "when what was used");
        self.compare_standing();
    }

    /// Whether each resource stands as the specification has it.
    fn compare_standing(&self) {
        let snapshot = self.engine.snapshot();
        let (held, kept) = (self.specification.held(), self.specification.kept());
        let waiting: Vec<RequestId> = snapshot.waiting.iter().map(|waiting| waiting.id).collect();
        assert_eq!(waiting, self.specification.waiting(), "who waits, in order");
        assert_eq!(held_by(&snapshot), held, "who holds what");
        if self.engine.draining().is_some() {
            return;
        }
        assert_eq!(held_back(&snapshot), kept, "what is held back for whom");
        let mut collateral: BTreeSet<Name> = self.specification.collateral().into_iter().collect();
        collateral.retain(|name| !kept.contains_key(name));
        let is_collateral = |status: &Status| matches!(status, Status::Collateral(_));
        let shown = overview::statuses(&snapshot).filter(|(_, status)| is_collateral(status));
        let shown: BTreeSet<Name> = shown.map(|(name, _)| name.clone()).collect();
        assert_eq!(shown, collateral, "what is collateral");
    }

    /// What is held back now and was not before, and what is not any more although it is free.
    fn tell_what_is_held_back(&mut self) -> Vec<String> {
        let now = held_back(&self.engine.snapshot());
        let before = std::mem::replace(&mut self.held_back, now.clone());
        let is_held = |name: &Name| self.specification.holder_of(name).is_some();
        let mut told = Vec::new();
        for (name, id) in &before {
            if !now.contains_key(name) && !is_held(name) {
                told.push(format!("{name} is no longer held back for {}", self.who.of(*id)));
            }
        }
        for (name, id) in now.iter().filter(|(name, id)| before.get(*name) != Some(*id)) {
            told.push(format!("{name} is held back for {}", self.who.of(*id)));
        }
        told
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

fn restored(state: State, now: Timestamp) -> Engine {
    Engine::restore(Limits::default(), Arc::new(AttributeMatcher), state, now)
}

/// What is held back for each waiting request. Stack-mates of that are shown as held back, too, for nobody else
/// may have them.
fn held_back(snapshot: &Snapshot) -> BTreeMap<Name, RequestId> {
    let queued = snapshot.waiting.iter().filter_map(|waiting| snapshot.queued(waiting.id));
    let names =
        |queued: QueuedRequest| queued.held_back.into_iter().map(move |name| (name, queued.id));
    queued.flat_map(names).collect()
}

fn held_by(snapshot: &Snapshot) -> BTreeMap<Name, RequestId> {
    let holder = |(name, status): (&Name, &Status)| Some((name.clone(), status.holding()?.id));
    overview::statuses(snapshot).filter_map(holder).collect()
}
