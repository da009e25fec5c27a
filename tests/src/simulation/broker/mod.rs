//! Simulated histories of the real broker, on tokio's paused clock: to sleep is to move time.
//!
//! The store fails, is slow, loses what is not synchronized and is restarted; the clients come, go, vanish and
//! come back. What the broker does inside is not seen here: the records are judged when they reach the
//! store, and what is told is compared with what is durable. The naive loop is not compared with, since the
//! order in which commands reach the engine is not known.
//!
//! Nearly everything follows from the seed. Tokens do not, nor does the wall clock, which the broker reads when
//! it starts: where they matter, a replay may differ.

mod client;
mod lab;
mod store;
mod terms;

use std::sync::Arc;
use std::time::Duration;

use respo::broker::Broker;
use respo::{Label, LeaseNotifier, Notice};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::checkers::{Checkers, Property, Told};
use super::observer::Observer;
use super::plan::Plan;
use super::pool;
use super::specification;
use super::transcript::Transcript;
use super::{Outcome, Settings};
use crate::crash::dice::Dice;
use client::Client;
use lab::Lab;
use store::SimulatedStore;

/// How long it may take until everything has drained.
const LONGEST_DRAIN: Duration = Duration::from_secs(3600);
/// Longer than anything is kept for a client that does not come back.
const LONGEST_GRACE: Duration = Duration::from_secs(60);

/// The broker that runs, and the number of its process; nothing while there is none.
type Running = Option<(u64, Broker)>;

/// Plays the history of this seed.
#[must_use]
pub fn play(seed: u64, settings: &Settings) -> Outcome {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without input and output can be built");
    let lab = runtime.block_on(async {
        let lab = Arc::new(set_up(seed, settings));
        history(seed, &lab).await;
        lab
    });
    drop(runtime);
    let mut lab = lab.lock();
    let figures = lab.observer.figures.clone();
    let violation = lab.observer.violation.take();
    let transcript = std::mem::take(&mut lab.observer.transcript).into_lines();
    Outcome { violation, figures, transcript }
}

fn set_up(seed: u64, settings: &Settings) -> Lab {
    let mut dice = Dice::of(seed, &[2]);
    let plan = Plan::roll(&mut dice);
    let checkers = Checkers::all::<specification::Current>(&plan.limits).without(Property::Order);
    let checkers = match settings.only {
        Some(property) => checkers.only(property),
        None => checkers,
    };
    let mut observer = Observer::new(checkers, Transcript::keeping(settings.transcript));
    observer.note(|| format!("{plan:?}"));
    Lab::new(plan, settings, observer, dice)
}

async fn history(seed: u64, lab: &Arc<Lab>) {
    let (running, watched) = watch::channel(None);
    let clients: Vec<_> = (0..lab.plan.clients)
        .map(|number| {
            let dice = Dice::of(seed, &[2, number as u64 + 1]);
            tokio::spawn(Client::new(number, Arc::clone(lab), dice, watched.clone()).live())
        })
        .collect();
    let mut operator = Operator { lab, running, dice: Dice::of(seed, &[2, 0]) };
    operator.work().await;
    lab.heal();
    let mut unfinished = Vec::new();
    for (number, mut client) in clients.into_iter().enumerate() {
        match timeout(LONGEST_DRAIN, &mut client).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => unfinished.push(format!("client {number} has failed: {error}")),
            Err(_) => {
                client.abort();
                unfinished.push(format!("client {number} is not done"));
            }
        }
    }
    sleep(LONGEST_GRACE).await;
    lab.finish(&unfinished);
}

/// Starts, stops and kills the server, and changes its inventory.
struct Operator<'l> {
    lab: &'l Arc<Lab>,
    running: watch::Sender<Running>,
    dice: Dice,
}

impl Operator<'_> {
    /// Everything that is done to the server before the faults stop. Leaves it running.
    async fn work(&mut self) {
        let plan = &self.lab.plan;
        let mut broker = self.start().await;
        for _ in 0..plan.acts / 4 {
            self.pause().await;
            if self.lab.is_over() {
                return;
            }
            let is_draining = broker.is_draining();
            match self.dice.below(20) {
                0 | 1 if plan.crashes.is_some() => broker = self.crash(broker).await,
                2..6 if plan.swaps.is_some() => self.swap(&broker).await,
                6 if plan.stops => broker = self.stop(broker).await,
                7 if plan.stops => {
                    self.lab.lock().is_draining = true;
                    broker.drain(Duration::from_secs(10)).await;
                }
                8..11 if is_draining => broker = self.stop(broker).await,
                _ => self.look(&broker).await,
            }
        }
        if broker.is_draining() {
            drop(self.stop(broker).await);
        }
    }

    async fn pause(&mut self) {
        sleep(Duration::from_micros(1 + self.dice.below(self.lab.plan.pause))).await;
    }

    async fn start(&mut self) -> Broker {
        let run = self.lab.begin_run();
        loop {
            let inventory =
                pool::inventory(&mut self.dice, self.lab.plan.resources, self.lab.kinds);
            let lab = Arc::clone(self.lab);
            let started = Broker::builder(pool_name(), inventory)
                .limits(self.lab.plan.limits.clone())
                .store(Arc::new(SimulatedStore::new(Arc::clone(&lab), run)))
                .notifier(Arc::new(Witness { lab, run }))
                .start()
                .await;
            if let Ok(broker) = started {
                self.running.send_replace(Some((run, broker.clone())));
                return broker;
            }
            self.pause().await;
        }
    }

    /// Nothing that the process would have done happens any more.
    async fn crash(&mut self, broker: Broker) -> Broker {
        self.lab.crash();
        self.running.send_replace(None);
        drop(broker);
        self.pause().await;
        self.start().await
    }

    async fn stop(&mut self, broker: Broker) -> Broker {
        self.lab.stop();
        broker.stop().await;
        self.running.send_replace(None);
        drop(broker);
        self.pause().await;
        self.start().await
    }

    async fn swap(&mut self, broker: &Broker) {
        let inventory = pool::inventory(&mut self.dice, self.lab.plan.resources, self.lab.kinds);
        if let Ok((revision, _)) = broker.replace_inventory(inventory).await {
            self.lab.told(Told::Revision(revision));
        }
    }

    /// Reads what everybody may read.
    async fn look(&mut self, broker: &Broker) {
        let snapshot = broker.snapshot().await;
        self.lab.told(Told::Revision(snapshot.revision));
        let overview = snapshot.overview(&pool_name());
        for holding in overview.resources.iter().filter_map(|resource| resource.lease.as_ref()) {
            self.lab.told(Told::Holding { id: holding.id, fence: holding.fence });
        }
        for waiting in &snapshot.waiting {
            self.lab.told(Told::Taken(waiting.id));
        }
    }
}

fn pool_name() -> Label {
    pool::label("lab")
}

/// Sees every notice when it is sent.
struct Witness {
    lab: Arc<Lab>,
    run: u64,
}

impl LeaseNotifier for Witness {
    fn notify(&self, notice: &Notice) {
        if self.lab.lock().run == self.run
            && let Some(told) = Told::by_notice(notice.id, &notice.kind)
        {
            self.lab.told(told);
        }
    }
}
