//! A simulated client: asks, waits, holds and leaves as its plan says, and comes back when it was cut off.

mod errand;

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::crash::client::errand::Errand;
use crate::crash::dice::Dice;
use crate::crash::exchange::Exchange;
use crate::crash::pace::PaceReader;
use crate::crash::recorder::Recorder;
use crate::crash::workload::Plan;

/// How many requests that have ended a client remembers, to see that they do not come back.
const REMEMBERED: usize = 3;

/// One of the clients of a run.
#[derive(Debug)]
pub struct Client {
    /// Its number, from 1.
    pub number: u32,
    /// From which its choices follow.
    pub seed: u64,
    /// The server's address, which stays the same.
    pub address: SocketAddr,
    /// Where it writes down what happens to it.
    pub recorder: Recorder,
    /// Tells it when to begin requests. What it has begun it brings to its end.
    pub pace: PaceReader,
}

impl Client {
    /// Makes one request after the other until it may begin none any more.
    pub async fn run(self) {
        let mut pace = self.pace.clone();
        let mut ended = VecDeque::new();
        for turn in 1.. {
            let plan = Plan::of(self.seed, self.number, turn);
            tokio::time::sleep(plan.rest).await;
            if plan.remembers
                && let Some(errand) = ended.pop_front()
            {
                Errand::try_again(errand).await;
            }
            if !pace.may_begin(self.number).await {
                return;
            }
            let mut errand = Errand::new(&self, turn, plan);
            errand.run().await;
            if errand.has_ended() {
                ended.push_back(errand);
            }
            if ended.len() > REMEMBERED {
                ended.pop_front();
            }
        }
    }

    /// Connects, however long it takes until the server is there.
    async fn connect(&self, dice: &mut Dice) -> Exchange {
        loop {
            match Exchange::open(self.address).await {
                Ok(exchange) => return exchange,
                Err(_) => self.pause(dice).await,
            }
        }
    }

    /// The jittered pause before another attempt.
    async fn pause(&self, dice: &mut Dice) {
        tokio::time::sleep(dice.millis(5, 40)).await;
    }
}
