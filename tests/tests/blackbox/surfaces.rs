//! One scenario over every surface: take, be refused, wait, leave, take over, vanish, come back, expire. All of
//! them run at once against one respod, and compete for the same benches.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::join_all;
use tests::Daemon;
use tests::surfaces::{Ask, Held, Lock, RentABot, Surface, TokenLease, WebSocketSurface};

/// What the benches have that everybody wants.
const SHARED: &str = "shared";
/// Long enough that nothing ends by itself.
const LONG: Duration = Duration::from_secs(300);
/// The shortest life that every surface knows.
const SHORT: Duration = Duration::from_secs(1);

/// How many clients each surface has.
const CLIENTS: usize = 2;
/// How often each of them takes one of the shared benches.
const ROUNDS: usize = 8;

const SURFACES: [&dyn Surface; 4] = [&Lock, &WebSocketSurface, &TokenLease, &RentABot];

/// Two benches for everybody, and one for each client.
fn inventory() -> String {
    let mut text = String::from("pool:\n  name: lab\n  resources:\n");
    let mut bench = |name: &str, attribute: &str| {
        text.push_str(&format!("    {name}: {{attributes: [{attribute}]}}\n"));
    };
    bench("shared-1", SHARED);
    bench("shared-2", SHARED);
    for number in 0..SURFACES.len() * CLIENTS {
        bench(&format!("own-{number}"), &format!("own-{number}"));
    }
    text
}

/// Who has what, as the clients see it: set when a grant is heard of, cleared before anything that ends it. Two
/// holders at once would be seen here, and so would a fence that does not rise.
#[derive(Default)]
struct Observed(Mutex<BTreeMap<String, Bench>>);

#[derive(Default)]
struct Bench {
    holder: Option<String>,
    fence: u64,
    grants: usize,
}

/// One client of one surface.
struct Client<'a> {
    daemon: &'a Daemon,
    surface: &'a dyn Surface,
    observed: &'a Observed,
    name: String,
    own: String,
}

impl Client<'_> {
    /// Asks for a bench; `None`: it is taken, and was not waited for.
    async fn ask(&self, attribute: &str, wait: bool, life: Duration) -> Option<Box<dyn Held>> {
        let (attribute, name) = (attribute.to_owned(), self.name.clone());
        let ask = Ask { attribute, name, wait, life };
        let asked = self.surface.ask(self.daemon, &ask).await?;
        let held = asked.granted(self.daemon).await;
        self.takes(held.as_ref()).await;
        Some(held)
    }

    /// Waits for a bench.
    async fn take(&self, attribute: &str, life: Duration) -> Box<dyn Held> {
        self.ask(attribute, true, life).await.expect("it waits")
    }

    async fn takes(&self, held: &dyn Held) {
        let resource = self.daemon.resource(held.resource()).await.expect("the bench");
        let lease = resource.lease.unwrap_or_else(|| panic!("{} holds it", self.name));
        let mut benches = self.observed.0.lock().unwrap();
        let bench = benches.entry(held.resource().to_owned()).or_default();
        assert_eq!(bench.holder.replace(self.name.clone()), None, "{} has it, too", self.name);
        assert!(lease.fence.0 > bench.fence, "{} after {}", lease.fence, bench.fence);
        bench.fence = lease.fence.0;
        bench.grants += 1;
    }

    fn gives_up(&self, held: &dyn Held) {
        let mut benches = self.observed.0.lock().unwrap();
        let holder = benches.get_mut(held.resource()).and_then(|bench| bench.holder.take());
        assert_eq!(holder.as_ref(), Some(&self.name));
    }

    async fn release(&self, held: Box<dyn Held>) {
        self.gives_up(held.as_ref());
        held.release(self.daemon).await;
    }

    async fn run(&self) {
        self.is_refused_what_is_taken().await;
        self.waits_its_turn_and_leaves().await;
        self.vanishes().await;
        for _ in 0..ROUNDS {
            let held = self.take(SHARED, LONG).await;
            self.release(held).await;
            if self.surface.takes_up() {
                self.takes_over_and_comes_back().await;
            }
        }
    }

    async fn is_refused_what_is_taken(&self) {
        let held = self.take(&self.own, LONG).await;
        assert!(self.ask(&self.own, false, LONG).await.is_none(), "it is taken");
        self.release(held).await;
        let held = self.ask(&self.own, false, LONG).await.expect("it is free");
        self.release(held).await;
    }

    async fn waits_its_turn_and_leaves(&self) {
        let held = self.take(&self.own, LONG).await;
        let wish =
            Ask { attribute: self.own.clone(), name: self.name.clone(), wait: true, life: LONG };
        let leaves = self.surface.ask(self.daemon, &wish).await.expect("it waits");
        let waits = self.surface.ask(self.daemon, &wish).await.expect("it waits");
        assert_eq!(self.daemon.resource(&self.own).await.unwrap().queue, 2);
        leaves.leave(self.daemon).await;
        assert_eq!(self.daemon.resource(&self.own).await.unwrap().queue, 1);
        self.release(held).await;
        let held = waits.granted(self.daemon).await;
        self.takes(held.as_ref()).await;
        self.release(held).await;
    }

    /// Of a client that has vanished, the next one gets what it had when its life is over.
    async fn vanishes(&self) {
        let (attribute, name) = (self.own.clone(), self.name.clone());
        let ask = Ask { attribute, name, wait: false, life: SHORT };
        let asked = self.surface.ask(self.daemon, &ask).await.expect("it is free");
        let held = asked.granted(self.daemon).await;
        // It may be over before anything else can be looked at.
        let (id, token) = (held.id(), held.token().to_owned());
        held.vanish();
        let next = self.take(&self.own, LONG).await;
        if self.surface.takes_up() {
            let late = self.surface.take_up(self.daemon, id, &token).await;
            assert!(late.is_none(), "it is over");
        }
        self.release(next).await;
    }

    async fn takes_over_and_comes_back(&self) {
        let held = self.take(SHARED, LONG).await;
        let (id, token) = (held.id(), held.token().to_owned());
        let resource = held.resource().to_owned();

        // Another connection takes it from this one, which is told.
        let other = self.surface.take_up(self.daemon, id, &token).await.expect("it is held");
        held.is_taken_over().await;
        assert_eq!((other.id(), other.resource()), (id, resource.as_str()));

        // That one vanishes, and a third comes back for it: nobody has got it meanwhile.
        other.vanish();
        let back = self.surface.take_up(self.daemon, id, &token).await.expect("it is kept");
        assert_eq!((back.id(), back.resource()), (id, resource.as_str()));
        self.release(back).await;
        let late = self.surface.take_up(self.daemon, id, &token).await;
        assert!(late.is_none(), "it is over");
    }
}

async fn run(surfaces: &[&dyn Surface]) {
    let daemon = Daemon::start(&inventory()).await;
    let observed = Observed::default();
    let clients = surfaces.iter().flat_map(|surface| (0..CLIENTS).map(move |_| *surface));
    let clients: Vec<Client<'_>> = clients
        .enumerate()
        .map(|(number, surface)| Client {
            daemon: &daemon,
            surface,
            observed: &observed,
            name: format!("{}-{number}", surface.name()),
            own: format!("own-{number}"),
        })
        .collect();
    join_all(clients.iter().map(Client::run)).await;
    daemon.expect_idle().await;
    let benches = observed.0.lock().unwrap();
    let shared = benches.iter().filter(|(name, _)| name.starts_with("shared"));
    let grants: usize = shared.map(|(_, bench)| bench.grants).sum();
    let each = |surface: &&dyn Surface| if surface.takes_up() { 2 } else { 1 };
    let expected: usize = surfaces.iter().map(each).sum::<usize>() * CLIENTS * ROUNDS;
    assert_eq!(grants, expected, "everybody got everything");
}

#[tokio::test]
async fn post_lock_takes_waits_takes_over_comes_back_and_expires() {
    run(&[&Lock]).await;
}

#[tokio::test]
async fn the_web_socket_takes_waits_takes_over_comes_back_and_expires() {
    run(&[&WebSocketSurface]).await;
}

#[tokio::test]
async fn token_leases_take_wait_take_over_come_back_and_expire() {
    run(&[&TokenLease]).await;
}

#[tokio::test]
async fn rent_a_bots_locks_take_wait_and_expire() {
    run(&[&RentABot]).await;
}

#[tokio::test]
async fn all_surfaces_at_once_share_the_queues_and_never_a_bench() {
    run(&SURFACES).await;
}
