//! A server that does everything right, with clients, delays and kills, all in virtual time: the source of
//! legal histories.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::crash::dice::Dice;
use crate::crash::history::{Asked, Event, History, Moment, Record, Step};

const CLIENTS: usize = 6;
const RESOURCES: [&str; 3] = ["one", "two", "three"];
const GRACE: u64 = 1_000_000_000;
const STEPS: u32 = 4000;

/// A legal history of some thousand records.
pub(super) fn legal_history(seed: u64) -> History {
    let mut model = Model {
        dice: Dice::of(seed, &[]),
        now: 0,
        records: Vec::new(),
        run: 0,
        requests: BTreeMap::new(),
        last_id: 0,
        last_fence: 0,
        clients: Default::default(),
    };
    let grace_ms = GRACE / 1_000_000;
    model.record(Event::Began { seed, clients: CLIENTS as u32, grace_ms });
    model.start();
    for _ in 0..STEPS {
        model.step(true);
    }
    while model.clients.iter().any(|client| client.phase != Phase::Idle || !client.up.is_empty()) {
        model.step(false);
    }
    model.pass(GRACE + 1);
    let waiting = model.requests.keys().copied().collect();
    model.record(Event::Left { not_free: vec![], waiting });
    History(model.records)
}

struct Model {
    dice: Dice,
    now: u64,
    records: Vec<Record>,
    run: u32,
    /// What the server keeps, by id.
    requests: BTreeMap<u64, Request>,
    last_id: u64,
    last_fence: u64,
    clients: [Client; CLIENTS],
}

struct Request {
    client: usize,
    turn: u64,
    asked: Asked,
    held: Option<(u64, String)>,
    /// Until when it waits for its client, if that is away.
    orphaned_until: Option<u64>,
}

#[derive(Default)]
struct Client {
    turn: u64,
    asked: Option<Asked>,
    id: Option<u64>,
    phase: Phase,
    /// What is on its way to the server, each with the turn that it is about.
    up: VecDeque<(u64, Up)>,
    /// What is on its way from there.
    down: VecDeque<(u64, Step)>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    Idle,
    /// It waits for an answer, for its grant, or holds its lease.
    Attached,
    /// It has lost its connection.
    Cut,
    /// It waits for its release to be confirmed.
    Releasing,
    /// It has lost the connection of its release.
    ReleaseCut,
}

/// What a client sends.
#[derive(Clone, Copy)]
enum Up {
    Ask,
    Resume(u64),
    Release(u64),
    Close,
}

impl Model {
    fn record(&mut self, event: Event) {
        // No two moments are the same, and there is room in between to plant something.
        self.now += 1000 + self.dice.below(200_000);
        self.records.push(Record { at: Moment(self.now), event });
    }

    fn tell_history(&mut self, client: usize, step: Step) {
        let turn = self.clients[client].turn;
        self.record(Event::Client { client: client as u32 + 1, turn, step });
    }

    /// One random thing happens.
    fn step(&mut self, faults: bool) {
        let client = self.dice.below(CLIENTS as u64) as usize;
        match self.dice.below(100) {
            0..40 => self.receive(client),
            40..70 => self.hear(client),
            70..98 => self.act(client, faults),
            98 if faults => self.restart(),
            _ if faults && self.dice.chance(10) => self.pass(GRACE + 1),
            _ => {}
        }
        self.expire();
    }

    fn start(&mut self) {
        self.run += 1;
        self.record(Event::ServerStarted { run: self.run });
        for request in self.requests.values_mut() {
            request.orphaned_until = Some(self.now + GRACE);
        }
    }

    /// The server is killed: of what was on its way, a part arrives; then the connections end.
    fn restart(&mut self) {
        self.record(Event::ServerKilled { run: self.run });
        for client in &mut self.clients {
            client.up.clear();
            let arriving = self.dice.below(client.down.len() as u64 + 1) as usize;
            client.down.truncate(arriving);
            match client.phase {
                Phase::Attached => client.down.push_back((client.turn, Step::Lost)),
                Phase::Releasing => client.down.push_back((client.turn, Step::ReleaseUnanswered)),
                Phase::Idle | Phase::Cut | Phase::ReleaseCut => {}
            }
        }
        self.record(Event::ServerDead { run: self.run });
        self.start();
    }

    /// Time passes in which clients that have not been cut off stay where they are.
    fn pass(&mut self, time: u64) {
        self.now += time;
        self.expire();
    }

    fn expire(&mut self) {
        let now = self.now;
        self.requests.retain(|_, request| request.orphaned_until.is_none_or(|until| until > now));
        self.grant();
    }

    /// The server takes up what a client has sent.
    fn receive(&mut self, client: usize) {
        let Some((turn, up)) = self.clients[client].up.pop_front() else { return };
        match up {
            Up::Ask => {
                self.last_id += 1;
                let asked = self.clients[client].asked.clone().expect("it has asked");
                let request = Request { client, turn, asked, held: None, orphaned_until: None };
                self.requests.insert(self.last_id, request);
                self.grant();
                if self.requests[&self.last_id].held.is_none() {
                    self.say(self.last_id);
                }
            }
            Up::Resume(id) => match self.requests.get_mut(&id) {
                Some(request) => {
                    request.orphaned_until = None;
                    self.say(id);
                }
                None => {
                    let code = "wrong_token".to_owned();
                    self.clients[client]
                        .down
                        .push_back((turn, Step::ResumeRefused { status: 403, code }));
                }
            },
            Up::Release(id) => {
                let found = self.requests.remove(&id).is_some();
                let status = if found { 204 } else { 404 };
                self.clients[client].down.push_back((turn, Step::ReleaseAnswered { status }));
            }
            Up::Close => {
                self.requests.retain(|_, it| (it.client, it.turn) != (client, turn));
            }
        }
        self.grant();
    }

    /// Tells a client the state of its request.
    fn say(&mut self, id: u64) {
        let request = &self.requests[&id];
        let token = format!("token-{id}");
        let step = match &request.held {
            None => Step::Queued { id, position: 1, token: Some(token) },
            Some((fence, resource)) => {
                Step::Granted { id, fence: *fence, resource: resource.clone(), token }
            }
        };
        self.clients[request.client].down.push_back((request.turn, step));
    }

    fn grant(&mut self) {
        let held = self.requests.values().filter_map(|it| it.held.as_ref());
        let held: BTreeSet<String> = held.map(|(_, resource)| resource.clone()).collect();
        let mut free: Vec<&str> = RESOURCES.into_iter().filter(|it| !held.contains(*it)).collect();
        let mut waiting: Vec<u64> =
            self.requests.iter().filter(|(_, it)| it.held.is_none()).map(|(id, _)| *id).collect();
        waiting.sort_by_key(|id| (-self.requests[id].asked.priority, *id));
        for id in waiting {
            let request = self.requests.get_mut(&id).expect("it waits");
            let fits = |it: &&str| request.asked.candidates.iter().any(|candidate| candidate == it);
            let Some(place) = free.iter().position(fits) else { continue };
            self.last_fence += 1;
            request.held = Some((self.last_fence, free.remove(place).to_owned()));
            if request.orphaned_until.is_none() {
                self.say(id);
            }
        }
    }

    /// A client reads what it was told.
    fn hear(&mut self, client: usize) {
        let Some((turn, step)) = self.clients[client].down.pop_front() else { return };
        if turn != self.clients[client].turn || self.clients[client].phase == Phase::Idle {
            return;
        }
        self.tell_history(client, step.clone());
        let it = &mut self.clients[client];
        match step {
            Step::Queued { id, .. } | Step::Granted { id, .. } => it.id = Some(id),
            Step::Lost if it.id.is_none() => it.phase = Phase::Idle,
            Step::Lost if it.phase == Phase::Attached => it.phase = Phase::Cut,
            Step::ReleaseUnanswered => it.phase = Phase::ReleaseCut,
            Step::ReleaseAnswered { .. } | Step::ResumeRefused { .. } => it.phase = Phase::Idle,
            _ => {}
        }
    }

    /// A client does something by itself.
    fn act(&mut self, client: usize, more: bool) {
        let dice = self.dice.below(100);
        let id = self.clients[client].id;
        match (self.clients[client].phase, id) {
            (Phase::Idle, _) if more => self.ask(client),
            (Phase::Attached, Some(id)) if dice < 25 => {
                self.send(client, Step::ReleaseSent, Up::Release(id), Phase::Releasing);
            }
            (Phase::Attached, Some(_)) if dice < 35 => {
                self.send(client, Step::Closed, Up::Close, Phase::Idle);
            }
            (Phase::Cut, Some(_)) if dice < 10 => {
                self.tell_history(client, Step::Vanished);
                self.clients[client].phase = Phase::Idle;
            }
            (Phase::Cut, Some(id)) if dice < 70 => {
                self.send(client, Step::ResumeSent, Up::Resume(id), Phase::Attached);
            }
            (Phase::ReleaseCut, Some(id)) => {
                self.send(client, Step::ReleaseSent, Up::Release(id), Phase::Releasing);
            }
            _ => {}
        }
    }

    fn send(&mut self, client: usize, step: Step, up: Up, phase: Phase) {
        self.tell_history(client, step);
        let it = &mut self.clients[client];
        it.up.push_back((it.turn, up));
        it.phase = phase;
    }

    fn ask(&mut self, client: usize) {
        // What it has sent last arrives before: the next request may be another one altogether.
        while !self.clients[client].up.is_empty() {
            self.receive(client);
        }
        let mut candidates: Vec<String> = RESOURCES.map(str::to_owned).into();
        if self.dice.chance(70) {
            candidates = vec![(*self.dice.pick(&RESOURCES)).to_owned()];
        }
        let priority = if self.dice.chance(15) { 5 } else { 0 };
        let selector = candidates.join(",");
        let (linger_ms, wait_ms, max_duration_ms) = (0, None, None);
        let asked = Asked { selector, candidates, priority, linger_ms, wait_ms, max_duration_ms };
        let it = &mut self.clients[client];
        it.turn += 1;
        it.id = None;
        it.asked = Some(asked.clone());
        self.send(client, Step::Asked(asked), Up::Ask, Phase::Attached);
    }
}
