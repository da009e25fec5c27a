//! Kills the server at random moments and starts it again at once.

use std::io;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout;

use crate::crash::dice::Dice;
use crate::crash::pace::Pace;
use crate::crash::run::PATIENCE;
use crate::crash::server::Server;

/// After so many kills a server lives for longer than the grace. What was granted and never told, or left
/// behind by clients that do not come back, is only freed by that.
const KILLS_BETWEEN_LULLS: u32 = 8;

/// When to kill one process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// So long after its start, whether it listens by then or not.
    AfterStart(Duration),
    /// So long after it has said that it listens.
    AfterListening(Duration),
}

/// Ends each process with SIGKILL, so many in all, and leaves a running one behind.
#[derive(Debug)]
pub struct Killer<'p> {
    seed: u64,
    grace: Duration,
    pace: &'p watch::Sender<Pace>,
    /// How long the last start took.
    start_took: Duration,
}

impl<'p> Killer<'p> {
    /// A killer whose choices follow from the seed, and who also sets the pace of the clients.
    #[must_use]
    pub fn new(seed: u64, grace: Duration, pace: &'p watch::Sender<Pace>) -> Self {
        Self { seed, grace, pace, start_took: Duration::from_millis(50) }
    }

    /// Starts the server, kills it so many times, and starts it again each time.
    ///
    /// # Errors
    /// If the server ends by itself, or does not begin to listen in time.
    pub async fn run(mut self, server: &mut Server, kills: u32) -> io::Result<()> {
        for kill in 0..kills {
            let (when, pace) = self.choose(kill);
            self.pace.send_replace(pace);
            server.start()?;
            match when {
                When::AfterStart(life) => {
                    // If it is faster than that, it is killed at the very start of its work.
                    if let Ok(listens) = timeout(life, server.listens()).await {
                        listens?;
                    }
                }
                When::AfterListening(life) => {
                    self.listens(server).await?;
                    tokio::time::sleep(life).await;
                }
            }
            server.kill().await?;
        }
        server.start()?;
        self.listens(server).await
    }

    fn choose(&self, kill: u32) -> (When, Pace) {
        let mut dice = Dice::of(self.seed, &[u64::MAX, u64::from(kill)]);
        if kill % KILLS_BETWEEN_LULLS == KILLS_BETWEEN_LULLS - 1 {
            return (When::AfterListening(self.grace + dice.millis(0, 200)), Pace::Busy);
        }
        match dice.below(10) {
            0..2 => {
                // The share of the time that a start takes, not the time, follows from the seed.
                let share = u32::try_from(dice.below(120)).expect("it is small");
                (When::AfterStart(self.start_took * share / 100), Pace::Busy)
            }
            2 => {
                let active = u32::try_from(dice.below(3)).expect("it is small");
                (When::AfterListening(dice.millis(80, 200)), Pace::Quiet(active))
            }
            _ => (When::AfterListening(dice.millis(0, 150)), Pace::Busy),
        }
    }

    async fn listens(&mut self, server: &mut Server) -> io::Result<()> {
        let start = Instant::now();
        match timeout(PATIENCE, server.listens()).await {
            Ok(result) => result?,
            Err(_) => return Err(io::Error::other(format!("no server within {PATIENCE:?}"))),
        }
        self.start_took = start.elapsed();
        Ok(())
    }
}
