//! When which server ran, and until when it must have waited for a client.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::crash::history::{Event, History, Moment};

/// The servers of a history.
#[derive(Debug)]
pub(super) struct ServerRuns {
    grace: Duration,
    runs: Vec<Run>,
}

#[derive(Debug, Clone, Copy)]
struct Run {
    /// Before it was started.
    started: Moment,
    /// After it was gone.
    gone: Moment,
}

impl ServerRuns {
    pub(super) fn of(history: &History) -> Self {
        let mut grace = Duration::ZERO;
        let mut runs = BTreeMap::new();
        for record in &history.0 {
            match record.event {
                Event::Began { grace_ms, .. } => grace = Duration::from_millis(grace_ms),
                Event::ServerStarted { run } => {
                    runs.insert(run, Run { started: record.at, gone: Moment::NEVER });
                }
                Event::ServerDead { run } | Event::ServerExited { run, .. } => {
                    if let Some(run) = runs.get_mut(&run) {
                        run.gone = record.at;
                    }
                }
                _ => {}
            }
        }
        Self { grace, runs: runs.into_values().collect() }
    }

    /// Before this no server gives up on a client that was attached by what it sent at `attached`, however
    /// it lost its connection.
    ///
    /// It sent that on a standing connection and was answered, so the server of then had been started
    /// before. It loses the connection when that server dies. Each later one waits for the grace from its
    /// start on, and knows nothing of how long earlier ones have waited.
    pub(super) fn gives_up_after(&self, attached: Moment) -> Moment {
        let later = self.runs.iter().filter(|run| run.started > attached);
        let given_up = later.map(|run| (run.started + self.grace, run.gone));
        given_up
            .filter(|(given_up, gone)| given_up < gone)
            .map(|(it, _)| it)
            .min()
            .unwrap_or(Moment::NEVER)
    }
}
