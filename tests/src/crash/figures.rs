//! How much a run has exercised.

use std::collections::BTreeSet;
use std::fmt;

use crate::crash::history::{Event, History, Step};

/// What was counted in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Figures {
    /// Servers that were killed.
    pub kills: u64,
    /// Of those, the ones that did not listen yet.
    pub kills_before_listening: u64,
    /// Requests sent.
    pub requests: u64,
    /// Requests whose client was cut off before it was told anything.
    pub untold: u64,
    /// Requests that were told that they wait.
    pub waited: u64,
    /// Leases that were told.
    pub grants: u64,
    /// Resumes that were answered with the request or the lease.
    pub resumes: u64,
    /// Of those, the ones answered with the lease.
    pub resumed_leases: u64,
    /// Resumes that were refused.
    pub refused_resumes: u64,
    /// Of those, the ones whose client had not been told of an end before: it came too late, or the time that
    /// it had asked for had run out.
    pub late_resumes: u64,
    /// `DELETE`s that were answered.
    pub releases: u64,
    /// `DELETE`s that nobody knows the fate of.
    pub unanswered_releases: u64,
    /// Connections closed to give back what they held.
    pub closed: u64,
    /// Clients that went without a word.
    pub vanished: u64,
    /// Ends that were told.
    pub ends: u64,
}

impl Figures {
    /// Counts.
    #[must_use]
    pub fn of(history: &History) -> Self {
        let mut counter = Counter::default();
        for record in &history.0 {
            counter.count(&record.event);
        }
        counter.figures
    }
}

#[derive(Default)]
struct Counter {
    figures: Figures,
    listening: BTreeSet<u32>,
    /// Requests that have been told that they wait, and that they are granted.
    told: BTreeSet<(u32, u64, bool)>,
    resuming: BTreeSet<(u32, u64)>,
    /// Requests whose client was told of their end.
    over: BTreeSet<(u32, u64)>,
    /// Requests that were sent, and nothing else has happened to them.
    fresh: BTreeSet<(u32, u64)>,
}

impl Counter {
    fn count(&mut self, event: &Event) {
        match event {
            Event::ServerListening { run } => {
                self.listening.insert(*run);
            }
            Event::ServerDead { run } => {
                self.figures.kills += 1;
                self.figures.kills_before_listening += u64::from(!self.listening.contains(run));
            }
            Event::Client { client, turn, step } => self.count_step((*client, *turn), step),
            _ => {}
        }
    }

    fn count_step(&mut self, key: (u32, u64), step: &Step) {
        let told = !matches!(step, Step::Lost);
        let fresh = self.fresh.remove(&key);
        let figures = &mut self.figures;
        match step {
            Step::Asked(_) => {
                figures.requests += 1;
                self.fresh.insert(key);
            }
            Step::Queued { .. } | Step::Granted { .. } => {
                let granted = matches!(step, Step::Granted { .. });
                if self.told.insert((key.0, key.1, granted)) {
                    *(if granted { &mut figures.grants } else { &mut figures.waited }) += 1;
                }
                if self.resuming.remove(&key) {
                    figures.resumes += 1;
                    figures.resumed_leases += u64::from(granted);
                }
            }
            Step::ResumeSent => {
                self.resuming.insert(key);
            }
            Step::ResumeRefused { .. } => {
                self.resuming.remove(&key);
                figures.refused_resumes += 1;
                figures.late_resumes += u64::from(!self.over.contains(&key));
            }
            Step::Lost => {
                self.resuming.remove(&key);
            }
            Step::ReleaseAnswered { .. } => {
                figures.releases += 1;
                self.over.insert(key);
            }
            Step::ReleaseUnanswered => figures.unanswered_releases += 1,
            Step::Closed => figures.closed += 1,
            Step::Vanished => figures.vanished += 1,
            Step::Ended { .. } => {
                figures.ends += 1;
                self.over.insert(key);
            }
            Step::Refused { .. } | Step::Blinked | Step::ReleaseSent => {}
        }
        figures.untold += u64::from(fresh && !told);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, kills_before_listening, requests, untold, waited, grants, .. } = self;
        let Self { resumes, resumed_leases, refused_resumes, releases, .. } = self;
        let Self { late_resumes, unanswered_releases, closed, vanished, ends, .. } = self;
        writeln!(f, "{kills} kills, {kills_before_listening} of them before the server listened")?;
        writeln!(
            f,
            "{requests} requests, {untold} of them cut off before they were told anything"
        )?;
        writeln!(f, "{grants} grants, {waited} waits")?;
        writeln!(f, "{resumes} resumes, {resumed_leases} of them of leases")?;
        writeln!(
            f,
            "{refused_resumes} resumes refused, {late_resumes} of them of what had run out meanwhile"
        )?;
        writeln!(f, "{releases} releases answered, {unanswered_releases} cut off")?;
        write!(f, "{closed} closed connections, {vanished} vanished clients, {ends} ends told")
    }
}
