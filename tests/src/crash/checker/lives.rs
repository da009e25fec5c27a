//! The history of each request: what its client did and was told, and what follows from that for sure.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::crash::checker::server_runs::ServerRuns;
use crate::crash::checker::{Property, Violation};
use crate::crash::history::{Asked, Event, History, Moment, Step};

/// A request, from `POST /lock` to its end, over all its connections.
#[derive(Debug)]
pub(super) struct Life<'h> {
    pub(super) client: u32,
    pub(super) turn: u64,
    pub(super) asked: &'h Asked,
    /// When it was sent.
    pub(super) sent: Moment,
    /// Everything after that.
    pub(super) steps: Vec<(Moment, &'h Step)>,
    /// What it was told of its state, in that order.
    pub(super) tellings: Vec<Telling<'h>>,
    /// When its client sent what attached it last, as the answer shows: the request, or a `resume`.
    pub(super) attached: Moment,
    /// Since when the client is away from a server that it left for a moment.
    away: Option<Moment>,
    /// When the client gave it up, and how.
    pub(super) given_up: Option<(Moment, &'static str)>,
    resuming: Option<Moment>,
}

/// What a client was told of the state of its request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Telling<'h> {
    pub(super) at: Moment,
    pub(super) id: u64,
    pub(super) token: Option<&'h str>,
    /// What it holds; `None` while it waits.
    pub(super) held: Option<Held<'h>>,
    /// When the `resume` was sent that this is the first answer to.
    pub(super) resumed: Option<Moment>,
}

/// A lease as it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held<'h> {
    pub(super) fence: u64,
    pub(super) resource: &'h str,
}

/// The requests of a history, in the order in which they were sent, and what makes no sense.
pub(super) fn follow(history: &History) -> (Vec<Life<'_>>, Vec<Violation>) {
    let mut lives: BTreeMap<(u32, u64), Life<'_>> = BTreeMap::new();
    let mut malformed = Vec::new();
    let mut last = Moment(0);
    for record in &history.0 {
        if record.at < last {
            let explanation = format!("{} comes after {last}", record.at);
            malformed.push(Violation::of(Property::WellFormed, explanation));
        }
        last = record.at;
        let Event::Client { client, turn, step } = &record.event else { continue };
        let (at, key) = (record.at, (*client, *turn));
        match (step, lives.get_mut(&key)) {
            (Step::Asked(asked), None) => {
                lives.insert(key, Life::begin(key, asked, at));
            }
            (step, Some(life)) if !matches!(step, Step::Asked(_)) => life.step(at, step),
            (step, _) => {
                let explanation = format!("client {client}, turn {turn}, at {at}: {step:?}");
                malformed.push(Violation::of(Property::WellFormed, explanation));
            }
        }
    }
    let mut lives: Vec<_> = lives.into_values().collect();
    lives.sort_by_key(|life| life.sent);
    (lives, malformed)
}

impl<'h> Life<'h> {
    fn begin((client, turn): (u32, u64), asked: &'h Asked, sent: Moment) -> Self {
        Self {
            client,
            turn,
            asked,
            sent,
            steps: Vec::new(),
            tellings: Vec::new(),
            attached: sent,
            away: None,
            given_up: None,
            resuming: None,
        }
    }

    fn step(&mut self, at: Moment, step: &'h Step) {
        self.steps.push((at, step));
        match step {
            Step::Queued { id, token, .. } => self.told(at, *id, token.as_deref(), None),
            Step::Granted { id, fence, resource, token } => {
                self.told(at, *id, Some(token), Some(Held { fence: *fence, resource }));
            }
            Step::ResumeSent => self.resuming = Some(at),
            Step::Lost | Step::ResumeRefused { .. } => self.resuming = None,
            Step::Blinked => self.away = Some(at),
            Step::ReleaseSent => self.give_up(at, "it sent its release"),
            Step::Closed => self.give_up(at, "it closed its connection"),
            Step::Vanished if self.is_connected() => {
                self.give_up(at + self.linger(), "it vanished, and its linger was over");
            }
            // It had lost its connection before: the server waits for it.
            Step::Vanished => {}
            Step::Asked(_)
            | Step::Refused { .. }
            | Step::Ended { .. }
            | Step::ReleaseAnswered { .. }
            | Step::ReleaseUnanswered => {}
        }
    }

    fn told(&mut self, at: Moment, id: u64, token: Option<&'h str>, held: Option<Held<'h>>) {
        let resumed = self.resuming.take();
        if let Some(resumed) = resumed {
            self.attached = resumed;
            self.away = None;
        }
        self.tellings.push(Telling { at, id, token, held, resumed });
    }

    fn give_up(&mut self, at: Moment, how: &'static str) {
        self.given_up.get_or_insert((at, how));
    }

    /// Whether the client has not noticed any loss of its present connection.
    fn is_connected(&self) -> bool {
        let cut = |step: &&Step| {
            matches!(step, Step::Lost | Step::Blinked | Step::Queued { .. } | Step::Granted { .. })
        };
        let last = self.steps.iter().rev().map(|(_, step)| *step).find(cut);
        matches!(last, Some(Step::Queued { .. } | Step::Granted { .. }))
    }

    fn linger(&self) -> Duration {
        Duration::from_millis(self.asked.linger_ms)
    }

    pub(super) fn id(&self) -> Option<u64> {
        self.tellings.first().map(|telling| telling.id)
    }

    /// When it was first told that it waits.
    pub(super) fn told_waiting(&self) -> Option<Moment> {
        self.tellings.iter().find(|telling| telling.held.is_none()).map(|telling| telling.at)
    }

    /// When it was first told of its lease, and of which.
    pub(super) fn told_held(&self) -> Option<(Moment, Held<'h>)> {
        self.tellings.iter().find_map(|telling| telling.held.map(|held| (telling.at, held)))
    }

    /// The last moment at which it still waited for sure: a `resume` sent then was answered with `queued`.
    pub(super) fn still_waited(&self) -> Option<Moment> {
        let waiting = self.tellings.iter().filter(|telling| telling.held.is_none());
        waiting.filter_map(|telling| telling.resumed).next_back()
    }

    /// It was not granted before this.
    pub(super) fn not_granted_before(&self) -> Moment {
        self.still_waited().unwrap_or(self.sent)
    }

    /// Until when the server must keep it, whatever happens, unless its client ends it.
    pub(super) fn kept_until(&self, runs: &ServerRuns) -> Moment {
        self.orphaned_after(runs).min(self.time_out())
    }

    /// Before this no server takes its client for gone for good.
    pub(super) fn orphaned_after(&self, runs: &ServerRuns) -> Moment {
        let lingers_until = self.away.map_or(Moment::NEVER, |away| away + self.linger());
        runs.gives_up_after(self.attached).min(lingers_until)
    }

    /// Before this neither the wait nor the lease comes to the limit that its client has set.
    pub(super) fn time_out(&self) -> Moment {
        let limit = |millis: Option<u64>| {
            millis.map_or(Moment::NEVER, |millis| self.sent + Duration::from_millis(millis))
        };
        let wait = if self.told_held().is_some() { None } else { self.asked.wait_ms };
        limit(wait).min(limit(self.asked.max_duration_ms))
    }
}

impl fmt::Display for Life<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}'s request {}", self.client, self.turn)?;
        if let Some(id) = self.id() {
            write!(f, " (id {id}")?;
            if let Some((_, Held { fence, resource })) = self.told_held() {
                write!(f, ", fence {fence}, {resource}")?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}
