//! Taking a request in: it is refused, granted at once, or queued.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::Engine;
use crate::engine::command::SessionId;
use crate::engine::effects::{Effects, NoticeKind, Record};
use crate::engine::queue::{ShapeId, place_of};
use crate::engine::session::Attachment;
use crate::engine::timers::Timer;
use crate::inventory::ResourceIndex;
use crate::refusal::{MAX_LISTED_CANDIDATES, Refusal, UnmatchedPart};
use crate::request::{Request, RequestId, Requirement, Wait};
use crate::token::TokenDigest;

/// The most kinds of impossible requests that are remembered.
const MAX_IMPOSSIBLE: usize = 256;

impl Engine {
    pub(super) fn submit(
        &mut self,
        session: SessionId,
        request: Arc<Request>,
        token: TokenDigest,
        effects: &mut Effects,
    ) -> Result<RequestId, Refusal> {
        if self.draining.is_some() {
            return Err(Refusal::Draining);
        }
        let open = self.sessions.requests(session).ok_or(Refusal::NoSession)?.len();
        if open >= self.limits.max_requests_per_session {
            return Err(Refusal::TooManyRequests(open));
        }
        self.limits.check(&request)?;
        let shape = self.shape_for(request.requirements())?;
        // Whoever waits already cannot use what is free, or it would have been granted: what suits
        // this request is nobody else's.
        let free = self.least_recently_used(shape);
        if free.is_none() {
            self.check_queue(shape, &request)?;
        }
        let id = RequestId(self.state.last_id.0.saturating_add(1));
        let at = self.now;
        let party = self.party_of(session).unwrap_or(id);
        self.record(
            Record::Queued { id, request: Arc::clone(&request), token, party, at },
            effects,
        );
        self.by_token.insert(token, id);
        self.sessions.attach(id, Attachment::To(session));
        match free {
            Some(resource) => self.grant(id, resource, effects),
            None => {
                self.queue.insert(shape, place_of(id, &request));
                self.timers.set(self.state.wait_deadline(id), id, Timer::Wait);
                self.notify(id, NoticeKind::Queued, effects);
            }
        }
        Ok(id)
    }

    /// Whose the requests of a session are, where stacks are concerned: that of its eldest, if it has one.
    fn party_of(&self, session: SessionId) -> Option<RequestId> {
        let eldest = self.sessions.requests(session)?.first()?;
        self.state.requests.get(eldest).map(|state| state.party)
    }

    /// Whether a request that cannot be granted at once may wait.
    fn check_queue(&self, shape: ShapeId, request: &Request) -> Result<(), Refusal> {
        if matches!(request.wait, Wait::No | Wait::UpTo(Duration::ZERO)) {
            let all = self.queue.shape(shape).into_iter().flat_map(|shape| shape.candidates.iter());
            let listed = all.take(MAX_LISTED_CANDIDATES);
            let candidates = listed.filter_map(|index| self.candidate(*index)).collect();
            return Err(Refusal::Busy { candidates });
        }
        if self.queue.len() >= self.limits.max_waiting {
            return Err(Refusal::QueueFull(self.queue.len()));
        }
        Ok(())
    }

    /// The shape of a request, with its candidates.
    pub(super) fn shape_for(&mut self, requirements: &[Requirement]) -> Result<ShapeId, Refusal> {
        if let Some(shape) = self.queue.find(requirements) {
            return Ok(shape);
        }
        if let Some(parts) = self.impossible.get(requirements) {
            return Err(Refusal::NoSuch { parts: parts.clone() });
        }
        let mut candidates: Vec<ResourceIndex> = Vec::new();
        for requirement in requirements {
            let Some(selector) = requirement.selector() else { continue };
            let inventory = &self.state.inventory;
            candidates = self.matcher.candidates(selector, inventory);
            // A matcher is somebody else's code: what it says of resources that do not exist is dropped.
            candidates.retain(|index| index.as_usize() < inventory.len());
            if candidates.is_empty() {
                let parts = self.matcher.unmatched(selector, inventory);
                self.remember_impossible(requirements, &parts);
                return Err(Refusal::NoSuch { parts });
            }
        }
        Ok(self.queue.add_shape(requirements, candidates))
    }

    fn remember_impossible(&mut self, requirements: &[Requirement], parts: &[UnmatchedPart]) {
        if self.impossible.len() >= MAX_IMPOSSIBLE {
            self.impossible.clear();
        }
        self.impossible.insert(requirements.into(), parts.to_vec());
    }
}
