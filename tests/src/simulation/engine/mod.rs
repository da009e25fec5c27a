//! Simulated histories of the engine itself: one thread, no waiting, everything from the seed.
//!
//! Clients and a server exchange messages that are delayed, reordered, lost and repeated. The server does
//! around the engine what the broker does, on a store that fails and loses what is not synchronized, and
//! crashes. After a while the faults stop; then everything must drain.

mod agenda;
mod batch;
mod client;
mod conduct;
mod message;
mod recovery;
mod server;
mod subject;
mod terms;

use std::collections::BTreeMap;
use std::sync::Arc;

use respo::{Command, Inventory, SessionId};

use super::checkers::Checkers;
use super::observer::Observer;
use super::plan::Plan;
use super::pool;
use super::specification;
use super::store::Store;
use super::transcript::Transcript;
use super::{Outcome, Settings};
use crate::crash::dice::Dice;
use agenda::Agenda;
use client::Client;
use message::{Asking, Question, ToClient, ToServer};
use server::Server;

/// How long it may take until everything has drained, in microseconds: an hour.
const LONGEST_DRAIN: u64 = 3_600_000_000;

/// Something that is to happen.
enum Happening {
    Act(usize),
    Arrive {
        run: u64,
        message: ToServer,
    },
    Deliver {
        client: usize,
        session: SessionId,
        message: ToClient,
    },
    /// The server finds out that a client has gone.
    FoundGone {
        run: u64,
        session: SessionId,
    },
    /// Something may be due.
    Wake,
    CommitDone {
        run: u64,
    },
    Retry {
        run: u64,
    },
    Crash,
    /// A crash that is not followed by others.
    CrashOnce,
    Start,
    Swap,
    Drain,
    Stop,
}

/// Everything that there is in a history.
struct World {
    settings: Settings,
    plan: Plan,
    dice: Dice,
    /// In microseconds since the start.
    now: u64,
    agenda: Agenda<Happening>,
    clients: Vec<Client>,
    server: Server,
    store: Store,
    observer: Observer,
    /// The connections to the server that runs, and whose they are.
    sessions: BTreeMap<SessionId, usize>,
    acts: u32,
    last_session: u64,
    last_errand: u64,
    /// When the faults stopped.
    healed_at: Option<u64>,
}

/// Plays the history of this seed.
#[must_use]
pub fn play(seed: u64, settings: &Settings) -> Outcome {
    let mut world = World::new(seed, settings.clone());
    world.run();
    let Observer { figures, transcript, violation, .. } = world.observer;
    Outcome { violation, figures, transcript: transcript.into_lines() }
}

impl World {
    fn new(seed: u64, settings: Settings) -> Self {
        let mut dice = Dice::of(seed, &[1]);
        let plan = Plan::roll(&mut dice);
        let mut checkers = Checkers::all::<specification::Current>(&plan.limits);
        if let Some(property) = settings.only {
            checkers = checkers.only(property);
        }
        let mut observer = Observer::new(checkers, Transcript::keeping(settings.transcript));
        observer.note(|| format!("{plan:?}"));
        let clients = (0..plan.clients).map(|_| Client::default()).collect();
        let mut agenda = Agenda::new();
        agenda.enter(0, Happening::Start);
        for client in 0..plan.clients {
            agenda.enter(1 + dice.below(plan.pause), Happening::Act(client));
        }
        let far = plan.pause * 20;
        for (apart, what) in [
            (plan.crashes, Happening::Crash),
            (plan.swaps, Happening::Swap),
            (plan.stops.then_some(far), Happening::Drain),
            (plan.stops.then_some(far), Happening::Stop),
        ] {
            if let Some(apart) = apart {
                agenda.enter(dice.below(apart), what);
            }
        }
        Self {
            store: Store::new(settings.bug),
            settings,
            plan,
            dice,
            now: 0,
            agenda,
            clients,
            server: Server::default(),
            observer,
            sessions: BTreeMap::new(),
            acts: 0,
            last_session: 0,
            last_errand: 0,
            healed_at: None,
        }
    }

    fn run(&mut self) {
        while let Some((at, what)) = self.agenda.next() {
            self.now = at;
            self.observer.clock = at;
            if self.healed_at.is_some_and(|healed| at > healed + LONGEST_DRAIN) {
                break;
            }
            self.happen(what);
            self.work();
            if self.observer.is_over() {
                return;
            }
        }
        let unfinished = self.unfinished();
        let state = self.store.durable();
        self.observer.finished(state, &unfinished);
    }

    fn happen(&mut self, what: Happening) {
        let is_faulty = self.healed_at.is_none();
        match what {
            Happening::Act(client) => self.act(client),
            Happening::Arrive { run, message } => self.arrive(run, message),
            Happening::Deliver { client, session, message } => {
                self.deliver(client, session, message);
            }
            Happening::FoundGone { run, session } => {
                self.sessions.remove(&session);
                self.arrive(run, ToServer::Post(Command::CloseSession(session)));
            }
            Happening::Wake => {}
            Happening::CommitDone { run } => {
                if run == self.server.run {
                    self.commit_done();
                }
            }
            Happening::Retry { run } => self.retry(run),
            Happening::Start => self.start(),
            // What is left is for as long as there are faults.
            _ if !is_faulty => {}
            Happening::CrashOnce => self.crash(),
            Happening::Crash => {
                self.crash();
                self.again(self.plan.crashes, Happening::Crash);
            }
            Happening::Swap => {
                let inventory = self.inventory();
                self.administer(Question::Replace(inventory));
                self.again(self.plan.swaps, Happening::Swap);
            }
            Happening::Drain => self.administer(Question::Drain),
            Happening::Stop => self.arrive(self.server.run, ToServer::Stop),
        }
    }

    fn again(&mut self, apart: Option<u64>, what: Happening) {
        if let Some(apart) = apart {
            let at = self.now + apart / 2 + self.dice.below(apart);
            self.agenda.enter(at, what);
        }
    }

    /// An administrator, who is no client, asks for something.
    fn administer(&mut self, question: Question) {
        let asking = Asking { client: 0, session: SessionId(0), errand: 0, question };
        self.arrive(self.server.run, ToServer::Ask(asking));
    }

    fn inventory(&mut self) -> Arc<Inventory> {
        Arc::new(pool::inventory(&mut self.dice, self.plan.resources, self.settings.kinds))
    }

    /// The faults stop. What is under way takes its course.
    fn heal(&mut self) {
        self.observer.note(|| "the faults stop");
        self.healed_at = Some(self.now);
    }

    fn send_to_server(&mut self, message: ToServer) {
        let run = self.server.run;
        for at in self.arrivals() {
            let message = message.clone();
            self.agenda.enter(at, Happening::Arrive { run, message });
        }
    }

    fn send_to_client(&mut self, client: usize, session: SessionId, message: ToClient) {
        for at in self.arrivals() {
            let message = message.clone();
            self.agenda.enter(at, Happening::Deliver { client, session, message });
        }
    }

    /// When a message arrives: never, once or twice.
    fn arrivals(&mut self) -> impl Iterator<Item = u64> + use<> {
        let is_faulty = self.healed_at.is_none();
        let mut arrivals = [None; 2];
        if is_faulty && self.dice.chance(self.plan.drops) {
            self.observer.figures.dropped += 1;
            return arrivals.into_iter().flatten();
        }
        arrivals[0] = Some(self.now + 1 + self.dice.below(self.plan.slowest));
        if is_faulty && self.dice.chance(self.plan.repeats) {
            self.observer.figures.repeated += 1;
            arrivals[1] = Some(self.now + 1 + self.dice.below(3 * self.plan.slowest));
        }
        arrivals.into_iter().flatten()
    }

    /// What the clients still wait for.
    fn unfinished(&self) -> Vec<String> {
        let clients = self.clients.iter().enumerate().filter(|(_, client)| !client.is_done);
        clients
            .map(|(number, client)| format!("client {number} is not done: {:?}", client.errands))
            .collect()
    }
}
