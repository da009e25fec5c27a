//! The model: two clients, two resources, a server that may crash once, and all that can happen next.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use respo::{RequestId, SessionId};
use stateright::{Model, Property};

use super::client::{Belief, Client};
use super::durable::Durable;
use super::engines::{Core, Deed, Engines, Message, PATIENCE, Want};
use super::properties;
use super::world::{Process, World};

/// What is wrong with the server, or with the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    /// Clients are told what is not committed yet.
    TellsBeforeCommit,
    /// After a restart nobody is waited for.
    ForgetsTheGrace,
    /// The server learns at once of breaks of which the client learns nothing, as where something in between
    /// resets one side of a connection.
    NoticesBeforeTheClient,
}

/// The model, and how much of everything there is in it.
#[derive(Debug, Clone)]
pub(crate) struct Lab {
    pub(crate) flaw: Flaw,
    /// How often each client asks.
    pub(crate) asks: [u8; 2],
    /// How often a connection breaks, in all.
    pub(crate) breaks: u8,
    pub(crate) engines: Engines,
    /// What has been seen on the way.
    pub(crate) seen: Arc<Mutex<BTreeSet<Landmark>>>,
}

/// Something that must happen somewhere, or the model shows nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Landmark {
    /// A lease is held over a crash, and resumed.
    ResumedAfterCrash,
    /// A client is back before its break has been noticed.
    TakenOver,
    /// A release arrives twice.
    SecondRelease,
    /// A release arrives after a crash.
    ReleasedAfterCrash,
    /// A client has gone without reading the answer, and its request is taken back.
    WithdrawnUnread,
    CrashBeforeCommit,
    /// What is committed is lost on its way to the client.
    CrashBeforeReply,
    /// An orphan's time runs out.
    NobodyCameBack,
}

impl Landmark {
    pub(crate) const ALL: [Self; 8] = [
        Self::ResumedAfterCrash,
        Self::TakenOver,
        Self::SecondRelease,
        Self::ReleasedAfterCrash,
        Self::WithdrawnUnread,
        Self::CrashBeforeCommit,
        Self::CrashBeforeReply,
        Self::NobodyCameBack,
    ];
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// A client connects and asks.
    Ask(usize, Want),
    /// It reads the next thing that it is told.
    Hear(usize),
    /// Its connection breaks without a word; what was on its way is lost.
    Break(usize),
    /// It has no connection, and will not come back.
    GiveUp(usize),
    /// It comes back with its token.
    Resume(usize),
    /// It releases what it holds, or cancels what it waits for, and hangs up.
    Release(usize),
    /// The server gets the release. The bool: and gets it again.
    GetRelease(usize, bool),
    /// It never does.
    LoseRelease(usize),
    /// The server notices that a connection is gone. The bool: and takes back a request whose answer was not
    /// read, which it does unless the answer had been written to the connection.
    Notice(SessionId, bool),
    /// The store commits; then everybody is told.
    Commit,
    Crash,
    Restart,
    /// Time passes.
    Tick,
}

impl Model for Lab {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        // Which client is which makes no difference.
        let kinds = [[false, false], [false, true], [true, true]];
        kinds.map(|lingers| self.beginning(lingers)).to_vec()
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        for (number, client) in world.clients.iter().enumerate() {
            self.actions_of(world, number, client, actions);
        }
        let Some(process) = &world.process else {
            actions.push(Action::Restart);
            return;
        };
        for (session, requests) in &process.core.sessions {
            if self.may_notice(world, *session) {
                actions.push(Action::Notice(*session, false));
                if requests.iter().any(|id| process.unread.contains(id)) {
                    actions.push(Action::Notice(*session, true));
                }
            }
        }
        if process.has_news(&world.stored) {
            actions.push(Action::Commit);
        }
        if world.crashes_left > 0 {
            actions.push(Action::Crash);
        }
        let counts = world.clients.iter().any(|client| client.stops_in.is_some());
        if counts || !process.core.orphans.is_empty() {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        self.act(&mut next, action);
        next.forget_what_is_over();
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

impl Lab {
    pub(crate) fn new(flaw: Flaw, asks: [u8; 2], breaks: u8) -> Self {
        let grace = if flaw == Flaw::ForgetsTheGrace { 0 } else { PATIENCE };
        Self { flaw, asks, breaks, engines: Engines::new(grace), seen: Arc::default() }
    }

    fn beginning(&self, lingers: [bool; 2]) -> World {
        let stored = Arc::new(Durable::new());
        let client = |n: u8| {
            let index = usize::from(n);
            Client::new(n, lingers[index], self.asks[index])
        };
        let mut world = World {
            process: None,
            stored,
            crashes_left: 1,
            breaks_left: self.breaks,
            clients: [client(0), client(1)],
            wrong: None,
        };
        self.start(&mut world);
        world
    }

    fn actions_of(&self, world: &World, n: usize, client: &Client, actions: &mut Vec<Action>) {
        let is_up = world.process.is_some();
        if is_up && !client.link {
            if client.belief == Belief::Nothing && client.asks_left > 0 {
                actions.extend(wants(world).iter().map(|want| Action::Ask(n, *want)));
            }
            if client.known().is_some() {
                actions.push(Action::Resume(n));
            }
        }
        if client.link {
            if !client.wire.is_empty() {
                actions.push(Action::Hear(n));
            }
            if world.breaks_left > 0 {
                actions.push(Action::Break(n));
            }
        } else if client.known().is_some() {
            actions.push(Action::GiveUp(n));
        }
        if client.known().is_some() && client.released.is_none() {
            actions.push(Action::Release(n));
        }
        if client.released.is_some() {
            actions.push(Action::LoseRelease(n));
            if is_up {
                actions.extend([false, true].map(|again| Action::GetRelease(n, again)));
            }
        }
    }

    /// Whether a connection is gone and the server may know: of a silent break not before the client has had
    /// time to stop, unless the client lingers.
    fn may_notice(&self, world: &World, session: SessionId) -> bool {
        let mut clients = world.clients.iter();
        let client = clients.find(|client| client.owns(session)).expect("each has an owner");
        let is_gone = session != client.session() || !client.link;
        let goes_on = session == client.session() && client.holds().is_some() && !client.lingers;
        is_gone && (!goes_on || self.flaw == Flaw::NoticesBeforeTheClient)
    }

    fn act(&self, world: &mut World, action: Action) {
        match action {
            Action::Ask(n, want) => self.ask(world, n, want),
            Action::Hear(n) => world.hear(self, n),
            Action::Break(n) => {
                world.breaks_left -= 1;
                world.clients[n].meet_silence();
            }
            Action::GiveUp(n) => world.clients[n].stop(),
            Action::Resume(n) => self.resume(world, n),
            Action::Release(n) => {
                let client = &mut world.clients[n];
                client.released = client.known().map(|id| (id, client.token()));
                client.stop();
            }
            Action::LoseRelease(n) => world.clients[n].released = None,
            Action::GetRelease(n, again) => self.get_release(world, n, again),
            Action::Notice(session, withdraws) => self.notice(world, session, withdraws),
            Action::Commit => world.commit(),
            Action::Crash => world.crash(self),
            Action::Restart => {
                self.start(world);
                world.clients.iter_mut().for_each(Client::expect_grace);
            }
            Action::Tick => self.tick(world),
        }
        if self.flaw == Flaw::TellsBeforeCommit {
            world.tell();
        }
    }

    fn ask(&self, world: &mut World, n: usize, want: Want) {
        let client = &mut world.clients[n];
        client.asks_left -= 1;
        client.asked += 1;
        client.belief = Belief::Asked;
        let (session, lingers, token) = (client.connect(), client.lingers, client.token());
        let result = world.act(self, Deed::Ask { session, want, lingers, token });
        let Ok(respo::Reply::Submitted(id)) = result.result else {
            panic!("it can be met, and may wait: {result:?}");
        };
        world.process().unread.insert(id);
    }

    fn resume(&self, world: &mut World, n: usize) {
        let client = &mut world.clients[n];
        let (session, token, known) = (client.connect(), client.token(), client.known());
        let has_it = |ids: &BTreeSet<RequestId>| known.is_some_and(|id| ids.contains(&id));
        let was_attached = world.process().core.sessions.values().any(has_it);
        match world.act(self, Deed::Resume { session, token }).result {
            Ok(_) if was_attached => self.see(Landmark::TakenOver),
            Ok(_) => {}
            Err(_) => {
                if world.clients[n].holds().is_some() {
                    world.wrong = Some("a lease that its client may count on cannot be resumed");
                }
                world.process().untold.push((session, Message::Refused));
            }
        }
    }

    fn get_release(&self, world: &mut World, n: usize, again: bool) {
        let (id, token) = world.clients[n].released.take().expect("one is on its way");
        let release = Deed::Release { id, token };
        if world.act(self, release.clone()).result.is_ok() && world.crashes_left == 0 {
            self.see(Landmark::ReleasedAfterCrash);
        }
        if again {
            let before = Arc::clone(&world.process().core);
            let result = world.act(self, release).result;
            if result.is_ok() || world.process().core != before {
                world.wrong = Some("a second release does something");
            }
            self.see(Landmark::SecondRelease);
        }
    }

    fn notice(&self, world: &mut World, session: SessionId, withdraws: bool) {
        let process = world.process();
        let theirs = &process.core.sessions[&session];
        let unread = process.unread.iter().find(|id| theirs.contains(id)).copied();
        if let Some(id) = unread.filter(|_| withdraws) {
            let result = world.act(self, Deed::Withdraw { id }).result;
            assert!(result.is_ok(), "it is there: {result:?}");
            self.see(Landmark::WithdrawnUnread);
        }
        let result = world.act(self, Deed::Close(session)).result;
        assert!(result.is_ok(), "a session can always be closed: {result:?}");
    }

    pub(super) fn see(&self, landmark: Landmark) {
        self.seen.lock().unwrap().insert(landmark);
    }

    /// A process takes up what is stored. Nobody is there.
    fn start(&self, world: &mut World) {
        let live = Arc::clone(&world.stored);
        let core = Core { live, sessions: Default::default(), orphans: Default::default() };
        let (untold, unread) = (Vec::new(), BTreeSet::new());
        world.process = Some(Process { core: Arc::new(core), untold, unread });
        world.act(self, Deed::Start);
    }

    fn tick(&self, world: &mut World) {
        world.clients.iter_mut().for_each(Client::tick);
        let orphans = world.process().core.orphans.len();
        world.act(self, Deed::Tick);
        if world.process().core.orphans.len() < orphans {
            self.see(Landmark::NobodyCameBack);
        }
    }
}

/// What may be asked for. Which resource is the first makes no difference until somebody has asked for one.
fn wants(world: &World) -> &'static [Want] {
    let is_first = world.clients.iter().all(|client| client.asked == 0);
    if is_first { &[Want::First, Want::Both] } else { &[Want::First, Want::Second, Want::Both] }
}
