//! The stream of a request or lease, over as many connections as it takes.

use std::time::Duration;

use respo::{Fence, Request, RequestId, Token, Wait};
use tokio::time::Instant;

use crate::client::Client;
use crate::coming_back::{Absence, ComingBack, Progress};
use crate::event::LineEvent;
use crate::event_reader::EventReader;
use crate::lease::LostReason;
use crate::lease_end::LeaseEnd;

/// What was agreed when the request was made, as far as it matters when a connection breaks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// How long the request and its lease outlive a connection while the server runs.
    pub(crate) linger: Duration,
    /// Whether they are to outlive those who let go of them: they linger, or belong to no connection.
    pub(crate) is_kept: bool,
    /// Whether the lease may have to be renewed.
    pub(crate) is_renewable: bool,
    /// Whether it is here that the request was made.
    pub(crate) is_own: bool,
    /// When a request that has not been granted is no longer worth coming back for.
    wait_ends: Option<Instant>,
}

impl Terms {
    /// Those of a request that is made now.
    pub(crate) fn of(request: &Request) -> Self {
        let wait_ends = match request.wait {
            Wait::UpTo(wait) => Instant::now().checked_add(wait),
            Wait::No | Wait::Forever => None,
        };
        let linger = request.linger();
        let is_kept = !linger.is_zero() || request.ttl().is_some();
        let is_renewable = request.ttl().is_some();
        Self { linger, is_kept, is_renewable, is_own: true, wait_ends }
    }

    /// Those of a request that was made elsewhere: no longer than one that has neither linger nor limit.
    pub(crate) fn unknown() -> Self {
        Self {
            linger: Duration::ZERO,
            is_kept: false,
            is_renewable: true,
            is_own: false,
            wait_ends: None,
        }
    }
}

/// What a stream has to say.
#[derive(Debug)]
pub(crate) enum StreamEvent {
    /// The server said this.
    Line(LineEvent),
    /// The connection broke, and another one is being made. What was asked for is lost at this time, or,
    /// if there is none, not for as long as the server is away.
    Away { cause: LostReason, until: Option<Instant> },
}

/// The events of one request. After an `Err`, or a line that ends the request, there are no more.
pub(crate) struct EventStream {
    client: Client,
    terms: Terms,
    /// The latest connection. While it is broken it is kept all the same: after a silence, the server may
    /// have it still, and its end would be the end of a request without linger.
    reader: EventReader,
    /// The making of another connection, while this one is broken.
    coming_back: Option<ComingBack>,
    token: Option<Token>,
    subject: Subject,
    end: LeaseEnd,
}

impl EventStream {
    /// `token`: that of the request, where it is known already.
    pub(crate) fn new(
        client: Client,
        reader: EventReader,
        terms: Terms,
        token: Option<Token>,
    ) -> Self {
        let subject = Subject::default();
        let end = LeaseEnd::default();
        Self { client, terms, reader, coming_back: None, token, subject, end }
    }

    /// When the lease ends, as far as that has been told.
    pub(crate) fn lease_end(&self) -> &LeaseEnd {
        &self.end
    }

    /// The next event. Cancel-safe: nothing that was read is lost, and no attempt to come back is cut
    /// short.
    pub(crate) async fn next(&mut self) -> Result<StreamEvent, LostReason> {
        let Some(coming_back) = &mut self.coming_back else {
            return match self.reader.next().await {
                Ok(event) => self.take_in(event),
                Err(cause) => self.leave(cause),
            };
        };
        match coming_back.progress().await {
            Progress::Until(until) => {
                Ok(StreamEvent::Away { cause: coming_back.cause().clone(), until })
            }
            Progress::Back(reader, event) => {
                self.reader = *reader;
                self.coming_back = None;
                self.take_in(event)
            }
            Progress::Lost(reason) => Err(reason),
        }
    }

    fn take_in(&mut self, event: LineEvent) -> Result<StreamEvent, LostReason> {
        self.subject.agree(&event).map_err(LostReason::Protocol)?;
        if self.token.is_none()
            && let LineEvent::Queued { token: Some(token), .. } | LineEvent::Granted { token, .. } =
                &event
        {
            self.token = Some(token.clone());
        }
        if let LineEvent::Granted { lease, .. } = &event {
            // What was asked for here is granted now. What was asked for elsewhere may be long since.
            let now = if self.terms.is_own { None } else { self.reader.server_time() };
            self.end.take_in(now.map_or(lease.since, |now| now.max(lease.since)), lease.expires);
        }
        Ok(StreamEvent::Line(event))
    }

    /// The connection broke: begins to come back, where there is something to come back to.
    fn leave(&mut self, cause: LostReason) -> Result<StreamEvent, LostReason> {
        let broken = matches!(cause, LostReason::Disconnected(_) | LostReason::Silent(_));
        let (Some(token), true) = (&self.token, broken) else {
            return Err(cause);
        };
        let absence = Absence {
            cause: cause.clone(),
            last_sign: self.reader.heard(),
            patience: self.patience(),
            last_attempt: self.reader.pace().last_attempt,
            terms: self.terms,
            wait_ends: self.terms.wait_ends.filter(|_| !self.subject.is_granted()),
            lease_end: self.end.clone(),
            peer: self.reader.peer(),
        };
        let coming_back = ComingBack::start(self.client.clone(), token.clone(), absence);
        let until = coming_back.until();
        self.coming_back = Some(coming_back);
        Ok(StreamEvent::Away { cause, until })
    }

    /// How long after its last sign a server of which nothing is known has not given the resource away.
    fn patience(&self) -> Duration {
        let patience = self.reader.pace().limit.max(self.terms.linger);
        // A server that has been restarted with a short grace may be done with it before that.
        self.reader.restarting().map_or(patience, |grace| patience.min(grace))
    }
}

/// The one request that a stream is about, as far as it has been told.
#[derive(Debug, Default)]
struct Subject {
    id: Option<RequestId>,
    /// That of its lease. From then on it cannot wait any more.
    fence: Option<Fence>,
}

impl Subject {
    fn is_granted(&self) -> bool {
        self.fence.is_some()
    }

    /// Takes in what a line tells of it. The error says in which way it cannot be the same request or
    /// lease any more: then someone else may have had the resource in between.
    fn agree(&mut self, event: &LineEvent) -> Result<(), String> {
        let (id, fence) = match event {
            LineEvent::Queued { place, .. } => (place.id, None),
            LineEvent::Granted { lease, .. } => (lease.id, Some(lease.fence)),
            _ => return Ok(()),
        };
        let known = *self.id.get_or_insert(id);
        if id != known {
            return Err(format!("it speaks of request {id}, not {known}"));
        }
        match (self.fence, fence) {
            (Some(_), None) => Err(format!("it says that lease {id} waits to be granted")),
            (Some(known), Some(fence)) if fence != known => {
                Err(format!("lease {id} has the fence {fence}, not {known}"))
            }
            _ => {
                self.fence = fence;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::read_line;

    fn queued(id: u64) -> LineEvent {
        let line = format!(
            r#"{{"event":"queued","request":{{"id":{id},"position":1,"of":1,
            "since":"2026-11-21T08:15:30Z","candidates":[],"candidates_total":1}}}}"#
        );
        read_line(line.as_bytes()).unwrap().unwrap()
    }

    fn granted(id: u64, fence: u64) -> LineEvent {
        let line = format!(
            r#"{{"event":"granted","lease":{{"id":{id},"token":"t","fence":{fence},"pool":"lab",
            "resource":{{"name":"bench-1"}},"since":"2026-11-21T08:15:30Z"}}}}"#
        );
        read_line(line.as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn a_stream_stays_with_its_request_and_its_fence() {
        let mut subject = Subject::default();
        subject.agree(&queued(2)).unwrap();
        subject.agree(&queued(2)).unwrap();
        assert!(subject.agree(&queued(3)).unwrap_err().contains("request 3"));
        assert!(!subject.is_granted());
        subject.agree(&granted(2, 7)).unwrap();
        assert!(subject.is_granted());
        subject.agree(&LineEvent::Heartbeat).unwrap();
        subject.agree(&granted(2, 7)).unwrap();
        assert!(subject.agree(&granted(2, 8)).unwrap_err().contains("fence 8"));
        assert!(subject.agree(&granted(3, 7)).unwrap_err().contains("request 3"));
        assert!(subject.agree(&queued(2)).unwrap_err().contains("waits"));
    }
}
