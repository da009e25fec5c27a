//! An engine alone, driven by one session: no clock, no store, no socket.

use std::collections::VecDeque;
use std::sync::Arc;

use respo::{
    AttributeMatcher, Authority, Command, Effects, Engine, Inventory, Limits, Name, Reply, Request,
    RequestId, Selector, SessionId, State, Timestamp, Token, TokenDigest,
};

const SESSION: SessionId = SessionId(1);

/// An engine and the session that asks it.
#[allow(missing_debug_implementations, reason = "an engine has no short form")]
pub struct Driver {
    /// The engine, to be looked at.
    pub engine: Engine,
    effects: Effects,
    now: u64,
    token: TokenDigest,
}

impl Driver {
    /// An engine with this inventory, and with room for as many requests as anybody makes.
    #[must_use]
    pub fn new(inventory: Inventory) -> Self {
        let mut limits = Limits::default();
        limits.max_requests_per_session = usize::MAX;
        limits.max_waiting = usize::MAX;
        let start = Timestamp::default();
        let engine = Engine::restore(limits, Arc::new(AttributeMatcher), State::default(), start);
        let token = Token::from_random([1; 16]).digest();
        let mut driver = Self { engine, effects: Effects::default(), now: 0, token };
        driver.handle(Command::ReplaceInventory(Arc::new(inventory)));
        driver.handle(Command::OpenSession(SESSION));
        driver
    }

    /// Makes a request.
    ///
    /// # Panics
    /// If it is refused.
    pub fn submit(&mut self, request: &Arc<Request>) -> RequestId {
        let (request, token) = (Arc::clone(request), self.token);
        match self.handle(Command::Submit { session: SESSION, request, token }) {
            Reply::Submitted(id) => id,
            other => panic!("not submitted: {other:?}"),
        }
    }

    /// Ends a request or a lease.
    ///
    /// # Panics
    /// If there is none of this id.
    pub fn release(&mut self, id: RequestId) {
        self.handle(Command::End { id, by: Authority::Session(SESSION) });
    }

    /// Makes a request and ends what came of it.
    pub fn cycle(&mut self, request: &Arc<Request>) {
        let id = self.submit(request);
        self.release(id);
    }

    fn handle(&mut self, command: Command) -> Reply {
        self.now += 1;
        self.effects.clear();
        let now = Timestamp::from_micros(self.now);
        self.engine.handle(now, command, &mut self.effects).expect("the command is valid")
    }
}

/// A request for the resource of this number in a [`pool`](crate::pool).
///
/// # Panics
/// Never.
#[must_use]
pub fn named(number: usize) -> Arc<Request> {
    let name = Name::new(format!("r{number}")).expect("a valid name");
    Arc::new(Request::one(Selector::named(name)))
}

/// An engine all of whose resources are held, while requests of some shapes wait for them.
#[allow(missing_debug_implementations, reason = "an engine has no short form")]
pub struct Contended {
    driver: Driver,
    shapes: Vec<Arc<Request>>,
    /// The leases, in the order in which they began, each with its shape.
    held: VecDeque<(usize, RequestId)>,
    /// What waits, for each shape.
    waiting: Vec<VecDeque<RequestId>>,
}

impl Contended {
    /// Each of `shapes` takes its share of the `resources`, of which it may have every one that has the same
    /// number modulo their count, and has its share of `waiters` besides.
    #[must_use]
    pub fn new(inventory: Inventory, shapes: Vec<Arc<Request>>, waiters: usize) -> Self {
        let resources = inventory.len();
        let mut driver = Driver::new(inventory);
        let count = shapes.len();
        let mut held = VecDeque::new();
        for n in 0..resources {
            held.push_back((n % count, driver.submit(&shapes[n % count])));
        }
        let mut waiting = vec![VecDeque::new(); count];
        for n in 0..waiters {
            waiting[n % count].push_back(driver.submit(&shapes[n % count]));
        }
        Self { driver, shapes, held, waiting }
    }

    /// The oldest lease ends, the first who waits for its like is granted, and somebody else comes to wait: two
    /// decisions.
    ///
    /// # Panics
    /// If nobody waits.
    pub fn round(&mut self) {
        let (shape, id) = self.held.pop_front().expect("something is held");
        self.driver.release(id);
        let granted = self.waiting[shape].pop_front().expect("someone waits");
        self.held.push_back((shape, granted));
        let next = self.driver.submit(&self.shapes[shape]);
        self.waiting[shape].push_back(next);
    }
}
