//! What the clients did and were told, and when: the evidence that the checker judges.

use std::fmt;
use std::io::{self, BufRead, Write};
use std::ops::Add;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment of the test process's monotonic clock: nanoseconds since the run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub u64);

impl Moment {
    /// Later than everything.
    pub const NEVER: Self = Self(u64::MAX);
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::NEVER {
            return f.write_str("the end");
        }
        write!(f, "{}.{:06} s", self.0 / 1_000_000_000, self.0 / 1_000 % 1_000_000)
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// When: before something was sent, after something was read.
    pub at: Moment,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What can happen in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins. Always the first.
    Began {
        /// From which all choices follow.
        seed: u64,
        /// How many clients there are.
        clients: u32,
        /// For how long a server waits for each client after its start, in milliseconds.
        grace_ms: u64,
    },
    /// A server is about to be started.
    ServerStarted {
        /// The how-manieth, from 1.
        run: u32,
    },
    /// It has said that it listens.
    ServerListening {
        /// Which.
        run: u32,
    },
    /// It is about to be killed.
    ServerKilled {
        /// Which.
        run: u32,
    },
    /// It is no more, and nothing that it would have said is said any more.
    ServerDead {
        /// Which.
        run: u32,
    },
    /// It ended though nobody had ended it.
    ServerExited {
        /// Which.
        run: u32,
        /// How, and what it said last.
        how: String,
    },
    /// A client did something or was told something.
    Client {
        /// Which client, from 1.
        client: u32,
        /// Which of its requests, from 1.
        turn: u64,
        /// What.
        #[serde(flatten)]
        step: Step,
    },
    /// The overview, when all clients had left: what is not free, and who waits. Both are to be empty.
    Left {
        /// Resources that are not free, each with its holder.
        not_free: Vec<String>,
        /// The ids of the waiting requests.
        waiting: Vec<u64>,
    },
}

/// A request as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its selector, as the query string has it.
    pub selector: String,
    /// The names of all resources that satisfy it.
    pub candidates: Vec<String>,
    /// Who goes first.
    pub priority: i16,
    /// How long it outlives its connection, in milliseconds.
    pub linger_ms: u64,
    /// How long it is ready to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
    /// How long its lease lasts at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_duration_ms: Option<u64>,
}

/// What one client does or is told about one of its requests.
///
/// What is *sent* is recorded before the first byte leaves, and on a connection that stands already;
/// what is told, after it has been read. So a cause is always recorded before its effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum Step {
    /// It sends the request.
    Asked(Asked),
    /// It is told that it waits.
    Queued {
        /// Its id.
        id: u64,
        /// Its place.
        position: u64,
        /// Its token, in the first such line.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        token: Option<String>,
    },
    /// It is told that it has its lease.
    Granted {
        /// Its id.
        id: u64,
        /// Its fence.
        fence: u64,
        /// What it holds.
        resource: String,
        /// Its token.
        token: String,
    },
    /// The request is refused.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code of the problem.
        code: String,
    },
    /// It is told that the request or the lease has ended.
    Ended {
        /// Its id.
        id: u64,
        /// Why.
        reason: String,
    },
    /// Its connection ended, and nobody had meant it to.
    Lost,
    /// It sends `resume` with its token.
    ResumeSent,
    /// That is refused. (Its acceptance shows in the `queued` or `granted` that follows.)
    ResumeRefused {
        /// The HTTP status.
        status: u16,
        /// The code of the problem.
        code: String,
    },
    /// It is about to close its connection for a moment, and will come back.
    Blinked,
    /// It sends `DELETE`. From now on it uses nothing.
    ReleaseSent,
    /// That is answered.
    ReleaseAnswered {
        /// The HTTP status.
        status: u16,
    },
    /// The connection of the `DELETE` ended without an answer: nobody knows whether it was done.
    ReleaseUnanswered,
    /// It is about to give everything back by closing its connection.
    Closed,
    /// It goes without a word and never comes back.
    Vanished,
}

/// All that happened in a run, in the order of time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History(pub Vec<Record>);

impl History {
    /// Writes it, one JSON object a line.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let mut to = io::BufWriter::new(to);
        for record in &self.0 {
            serde_json::to_writer(&mut to, record)?;
            to.write_all(b"\n")?;
        }
        to.flush()
    }

    /// Reads what [`write`](Self::write) wrote.
    ///
    /// # Errors
    /// The reader's, and a line that is not such an object.
    pub fn read(from: impl BufRead) -> io::Result<Self> {
        let parse = |(index, line): (usize, io::Result<String>)| {
            serde_json::from_str(&line?).map_err(|error| {
                io::Error::new(io::ErrorKind::InvalidData, format!("line {}: {error}", index + 1))
            })
        };
        from.lines().enumerate().map(parse).collect::<io::Result<Vec<_>>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_comes_back_from_its_lines() {
        let asked = Asked {
            selector: "attributes=[can]".to_owned(),
            candidates: vec!["bench-1".to_owned()],
            priority: -5,
            linger_ms: 0,
            wait_ms: None,
            max_duration_ms: Some(300),
        };
        let granted =
            Step::Granted { id: 1, fence: 2, resource: "b".to_owned(), token: "t".to_owned() };
        let client = |step| Event::Client { client: 1, turn: 3, step };
        let events = [
            Event::Began { seed: u64::MAX, clients: 2, grace_ms: 1000 },
            Event::ServerStarted { run: 1 },
            client(Step::Asked(asked)),
            client(Step::Queued { id: 1, position: 1, token: None }),
            client(granted),
            client(Step::Lost),
            Event::ServerExited { run: 1, how: "code 3".to_owned() },
            Event::Left { not_free: vec![], waiting: vec![7] },
        ];
        let times = (1_u64..).map(Moment);
        let history = History(times.zip(events).map(|(at, event)| Record { at, event }).collect());
        let mut bytes = Vec::new();
        history.write(&mut bytes).unwrap();
        assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), history.0.len());
        assert_eq!(History::read(bytes.as_slice()).unwrap(), history);
    }

    #[test]
    fn a_line_that_is_no_record_is_named() {
        let error = History::read("{\"at\":1,\"event\":\"unheard_of\"}".as_bytes()).unwrap_err();
        assert!(error.to_string().starts_with("line 1: "), "{error}");
    }
}
