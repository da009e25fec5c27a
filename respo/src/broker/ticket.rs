//! Following one request.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::actor::Told;
use super::clock::Clock;
use super::publisher::Published;
use crate::engine::NoticeKind;
use crate::lease::{EndReason, Grant};
use crate::request::{Request, RequestId};
use crate::token::Token;
use crate::wire::QueuedRequest;

/// Up to this position a waiting client is told of changes soon.
const NEAR: u64 = 10;

/// How often a waiting client is told of changes, at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct PositionIntervals {
    /// Up to position 10.
    pub(super) near: Duration,
    /// Further back.
    pub(super) far: Duration,
}

/// What a client is told of its request.
#[derive(Debug, Clone, PartialEq)]
pub enum TicketEvent {
    /// It waits. Said at the start and when its place or its candidates have changed, at a bounded rate.
    /// `token` is left out: [`Ticket::token`] has it.
    Queued(QueuedRequest),
    /// It was granted. `expires` says when it ends unless it is renewed or extended.
    Granted(Grant),
    /// The server is about to stop, and ends leases after this time.
    Draining {
        /// How long leases are left.
        deadline: Duration,
    },
    /// The server stops and keeps the request. Nothing follows; after the next start
    /// [`Session::resume`](super::Session::resume) takes it up.
    Restarting {
        /// How long it is kept once the server is back.
        grace: Duration,
    },
    /// It ended. Nothing follows.
    Ended(EndReason),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Granted,
    Ended,
}

/// Follows one request of a [`Session`](super::Session).
///
/// Dropping it does not end the request: [`Broker::release`](super::Broker::release) does, and the session's
/// end.
#[derive(Debug)]
pub struct Ticket {
    id: RequestId,
    token: Token,
    notices: mpsc::UnboundedReceiver<Box<Told>>,
    request: Option<Arc<Request>>,
    phase: Phase,
    place: Place,
}

impl Ticket {
    pub(super) fn new(
        id: RequestId,
        token: Token,
        notices: mpsc::UnboundedReceiver<Box<Told>>,
        snapshots: watch::Receiver<Published>,
        intervals: PositionIntervals,
    ) -> Self {
        let place = Place { id, snapshots, intervals, last: None, next_look: Clock::instant() };
        Self { id, token, notices, request: None, phase: Phase::Waiting, place }
    }

    /// The id of the request, which its lease keeps.
    #[must_use]
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// The secret that proves whose the request is.
    #[must_use]
    pub fn token(&self) -> &Token {
        &self.token
    }

    /// What was asked for. Of a request that was taken up, it is known with the first
    /// [`event`](Self::next).
    #[must_use]
    pub fn request(&self) -> Option<&Arc<Request>> {
        self.request.as_ref()
    }

    /// The next thing to tell the client; `None` after [`TicketEvent::Ended`] and
    /// [`TicketEvent::Restarting`], or when the broker has stopped. Of a request that another session has resumed, it is `Ended` with
    /// [`EndReason::TakenOver`], of a lease that was passed on with [`EndReason::Transferred`].
    ///
    /// Cancel-safe: nothing is lost if the future is dropped.
    pub async fn next(&mut self) -> Option<TicketEvent> {
        if self.phase == Phase::Ended {
            return None;
        }
        loop {
            let notice = tokio::select! {
                biased;
                notice = self.notices.recv() => notice,
                queued = self.place.change(), if self.phase == Phase::Waiting => {
                    return Some(TicketEvent::Queued(queued));
                }
            };
            let Some(notice) = notice else {
                self.phase = Phase::Ended;
                return None;
            };
            if let Some(event) = self.event_of(*notice) {
                return Some(event);
            }
        }
    }

    /// Whether the request has ended, or is another session's.
    pub(super) fn is_over(&mut self) -> bool {
        while let Ok(notice) = self.notices.try_recv() {
            // Whoever asks this does not want to hear of the rest any more.
            drop(self.event_of(*notice));
        }
        self.phase == Phase::Ended
    }

    fn event_of(&mut self, told: Told) -> Option<TicketEvent> {
        if told.request.is_some() {
            self.request = told.request;
        }
        match told.kind {
            NoticeKind::Granted(grant) | NoticeKind::Resumed { grant: Some(grant), .. } => {
                // After a recovery of the store a grant may be told again.
                let known = self.phase == Phase::Granted;
                self.phase = Phase::Granted;
                (!known).then_some(TicketEvent::Granted(grant))
            }
            NoticeKind::Draining { deadline } => Some(TicketEvent::Draining { deadline }),
            NoticeKind::Restarting { grace } => {
                self.phase = Phase::Ended;
                Some(TicketEvent::Restarting { grace })
            }
            NoticeKind::Ended { reason, .. } => {
                self.phase = Phase::Ended;
                Some(TicketEvent::Ended(reason))
            }
            NoticeKind::Transferred { .. } => {
                self.phase = Phase::Ended;
                Some(TicketEvent::Ended(EndReason::Transferred))
            }
            NoticeKind::Extended { .. }
            | NoticeKind::PartlyReleased { .. }
            | NoticeKind::Allowed { .. }
            | NoticeKind::Disallowed { .. } => None,
            NoticeKind::Queued | NoticeKind::Orphaned { .. } | NoticeKind::Resumed { .. } => None,
        }
    }
}

/// The place of a waiting request, looked up at a bounded rate.
#[derive(Debug)]
struct Place {
    id: RequestId,
    snapshots: watch::Receiver<Published>,
    intervals: PositionIntervals,
    last: Option<QueuedRequest>,
    next_look: Instant,
}

impl Place {
    /// Waits until the place or the candidates have changed. Cancel-safe.
    async fn change(&mut self) -> QueuedRequest {
        loop {
            tokio::time::sleep_until(self.next_look).await;
            let queued = self.snapshots.borrow_and_update().snapshot.queued(self.id);
            if let Some(queued) = queued {
                let near = queued.position <= NEAR;
                let interval = if near { self.intervals.near } else { self.intervals.far };
                self.next_look = Clock::instant_after(interval);
                if self.last.as_ref() != Some(&queued) {
                    self.last = Some(queued.clone());
                    return queued;
                }
            }
            if self.snapshots.changed().await.is_err() {
                // The broker has stopped; the notices say so.
                pending::<()>().await;
            }
        }
    }
}
