//! Takes a request or lease up again after its connection broke.
//!
//! The rule that everything here serves: a lease must count as lost before anyone else can have been
//! granted its resource. What an attempt shows of the server decides how long that is:
//!
//! - It is not there: it grants nothing, and when it is back, it waits for its clients first. There is no
//!   hurry. Every attempt that shows this counts as a sign from which the next case is reckoned.
//! - It does not answer: it may be there, and may end the lease. What it cannot have done yet is bounded by
//!   the time since its last sign: a server notices after three heartbeats, 15 seconds, or on a lock stream
//!   after about 20 seconds, that a client is gone whose connection did not end in order, and then gives the
//!   resource away, unless the request lingers. A client stops after the limit of silence, which is 11
//!   seconds, or 16.
//!
//! A lease that has an end is lost then in any case, whatever is known of the server.
//!
//! A connection that is accepted and then closed without an answer belongs to the second case and is no
//! sign: it is what a tunnel or a forwarded port does whose other end cannot be reached.

use std::net::SocketAddr;
use std::time::Duration;

use respo::Token;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::backoff::Backoff;
use crate::client::Client;
use crate::connection::AbortOnDrop;
use crate::error::Error;
use crate::event::LineEvent;
use crate::event_reader::EventReader;
use crate::lease::LostReason;
use crate::lease_end::LeaseEnd;
use crate::setback::Setback;
use crate::stream::Terms;

/// When less than this is left, no further attempt is worth its while.
const TOO_SHORT: Duration = Duration::from_millis(50);

/// How things stood when the connection broke.
#[derive(Debug)]
pub(crate) struct Absence {
    /// What happened to the connection.
    pub(crate) cause: LostReason,
    /// When there was the last sign of the server.
    pub(crate) last_sign: Instant,
    /// How long after its last sign a server that does not answer cannot have given the resource away.
    pub(crate) patience: Duration,
    /// How long an attempt may take that begins when there is no time left: after a silence, or after this
    /// process was stopped. With the default limits, such a lease is given up after 11 s, a second look of
    /// 250 ms and 750 ms for this: 12 s after the last sign of the server, which waits for 15 s. On a lock
    /// stream it is 17 s of about 20 s.
    pub(crate) last_attempt: Duration,
    /// What was agreed when the request was made.
    pub(crate) terms: Terms,
    /// When the request is no longer wanted, whatever the server does.
    pub(crate) wait_ends: Option<Instant>,
    /// When the lease ends, if it is one.
    pub(crate) lease_end: LeaseEnd,
    /// Where the server was.
    pub(crate) peer: Option<SocketAddr>,
}

/// The attempts to come back, which go on by themselves until this is dropped.
pub(crate) struct ComingBack {
    cause: LostReason,
    until: watch::Receiver<Option<Instant>>,
    attempts: AbortOnDrop<Result<(EventReader, LineEvent), LostReason>>,
}

/// What there is to say of the attempts.
pub(crate) enum Progress {
    /// It is known better when the request or lease is lost unless the server is back; `None`: not for
    /// as long as the server is away.
    Until(Option<Instant>),
    /// The server has taken it up again. This is the first line on the new connection: `queued`, `granted`
    /// or `ended`. Whether it speaks of the same lease is for the caller to see.
    Back(Box<EventReader>, LineEvent),
    /// It is lost.
    Lost(LostReason),
}

impl ComingBack {
    /// Begins at once.
    pub(crate) fn start(client: Client, token: Token, absence: Absence) -> Self {
        let cause = absence.cause.clone();
        let attempts = Attempts::new(client, token, absence);
        let until = attempts.until.subscribe();
        Self { cause, until, attempts: AbortOnDrop::spawn(attempts.run()) }
    }

    /// What happened to the connection.
    pub(crate) fn cause(&self) -> &LostReason {
        &self.cause
    }

    /// As far as is known, when all is lost unless the server is back.
    pub(crate) fn until(&self) -> Option<Instant> {
        *self.until.borrow()
    }

    /// Waits for the next thing to say. Cancel-safe. After [`Progress::Back`] or [`Progress::Lost`] there
    /// is nothing more.
    pub(crate) async fn progress(&mut self) -> Progress {
        tokio::select! {
            biased;
            outcome = self.attempts.outcome() => match outcome {
                Some(Ok((reader, event))) => Progress::Back(Box::new(reader), event),
                Some(Err(reason)) => Progress::Lost(reason),
                None => Progress::Lost(self.cause.clone()),
            },
            Ok(()) = self.until.changed() => Progress::Until(*self.until.borrow_and_update()),
        }
    }
}

struct Attempts {
    client: Client,
    token: Token,
    absence: Absence,
    backoff: Backoff,
    /// When all is lost if nothing more is learned of the server.
    lost_at: Instant,
    until: watch::Sender<Option<Instant>>,
    /// What the last attempt met with.
    failure: Option<String>,
}

impl Attempts {
    fn new(client: Client, token: Token, absence: Absence) -> Self {
        let lost_at = absence.lost_at();
        let until = watch::Sender::new(Some(earlier(lost_at, absence.bound())));
        Self { client, token, absence, backoff: Backoff::new(), lost_at, until, failure: None }
    }

    /// Tries until that works, the server says no, or it is too late.
    async fn run(mut self) -> Result<(EventReader, LineEvent), LostReason> {
        loop {
            let end = earlier(self.lost_at, self.absence.bound());
            match timeout_at(end, self.attempt()).await {
                Ok(Attempt::Back(reader, event)) => return Ok((*reader, event)),
                Ok(Attempt::No(reason)) => return Err(reason),
                Ok(Attempt::NotThere(failure)) => {
                    self.failure = Some(failure);
                    self.absence.last_sign = Instant::now();
                    let bound = self.absence.bound();
                    self.tell(bound);
                    self.pause(bound).await;
                    self.lost_at = self.absence.lost_at();
                }
                Ok(Attempt::Unknown(failure)) => {
                    self.failure = Some(failure);
                    self.tell(Some(end));
                    self.pause(Some(end)).await;
                }
                Err(_) => {}
            }
            let end = earlier(self.lost_at, self.absence.bound());
            if end.saturating_duration_since(Instant::now()) < TOO_SHORT {
                return Err(self.too_late());
            }
        }
    }

    async fn attempt(&self) -> Attempt {
        let Absence { terms, peer, .. } = self.absence;
        match self.client.attempt_to_resume(&self.token, terms, peer).await {
            Ok(reader) => first_line(reader).await,
            Err(error) => Attempt::failed(&error),
        }
    }

    /// Waits for a while, and at most until shortly before `end`.
    async fn pause(&mut self, end: Option<Instant>) {
        let pause = Instant::now() + self.backoff.pause();
        // The last attempts come closer together, so that a server that is back late is not missed.
        let half_way = end.map(|end| {
            let now = Instant::now();
            now + end.saturating_duration_since(now) / 2
        });
        sleep_until(earlier(pause, half_way)).await;
    }

    fn tell(&self, until: Option<Instant>) {
        self.until.send_if_modified(|known| std::mem::replace(known, until) != until);
    }

    fn too_late(self) -> LostReason {
        let now = Instant::now();
        match self.absence.cause {
            LostReason::Disconnected(detail)
                if self.absence.wait_ends.is_some_and(|at| at <= now + TOO_SHORT) =>
            {
                LostReason::Disconnected(format!(
                    "{detail}, and it was not back when the time to wait was over"
                ))
            }
            LostReason::Disconnected(detail)
                if self.absence.lease_end.at().is_some_and(|at| at <= now + TOO_SHORT) =>
            {
                LostReason::Disconnected(format!(
                    "{detail}, and it was not back when the time of the lease was over"
                ))
            }
            LostReason::Disconnected(detail) => match self.failure {
                Some(failure) => LostReason::Disconnected(format!("{detail}; {failure}")),
                None => LostReason::Disconnected(format!("{detail}, and it did not answer again")),
            },
            cause => cause,
        }
    }
}

enum Attempt {
    Back(Box<EventReader>, LineEvent),
    No(LostReason),
    NotThere(String),
    Unknown(String),
}

impl Attempt {
    fn failed(error: &Error) -> Self {
        match Setback::of(error) {
            Setback::NotThere => Self::NotThere(error.to_string()),
            Setback::Unknown => Self::Unknown(error.to_string()),
            Setback::Refused => Self::No(LostReason::Gone(error.to_string())),
        }
    }
}

/// Nothing is known before the server has said it: it may go away again between its answer and its first
/// line.
async fn first_line(mut reader: EventReader) -> Attempt {
    loop {
        match reader.next().await {
            Ok(
                LineEvent::Heartbeat | LineEvent::Draining { .. } | LineEvent::Restarting { .. },
            ) => {}
            Ok(LineEvent::Refused(problem)) => {
                return Attempt::failed(&Error::from_problem(*problem));
            }
            Ok(event) => return Attempt::Back(Box::new(reader), event),
            Err(reason @ LostReason::Protocol(_)) => return Attempt::No(reason),
            Err(other) => return Attempt::Unknown(other.to_string()),
        }
    }
}

impl Absence {
    /// When all is over whatever the server does, if that is known.
    fn bound(&self) -> Option<Instant> {
        let lease_end = self.lease_end.at();
        self.wait_ends.map(|ends| earlier(ends, lease_end)).or(lease_end)
    }

    /// When a server that gave its last sign then may have given the resource away. One attempt is always
    /// worth making, since one that succeeds is proof.
    fn lost_at(&self) -> Instant {
        let last_attempt = Instant::now() + self.last_attempt;
        let patience = self.last_sign.checked_add(self.patience);
        patience.map_or(last_attempt, |patience| patience.max(last_attempt))
    }
}

fn earlier(one: Instant, other: Option<Instant>) -> Instant {
    other.map_or(one, |other| one.min(other))
}
