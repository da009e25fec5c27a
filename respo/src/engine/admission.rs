//! Taking a request in: it is refused, granted at once, or queued.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::Engine;
use crate::engine::accounts::Account;
use crate::engine::assign::Assignment;
use crate::engine::candidates::Asker;
use crate::engine::command::SessionId;
use crate::engine::effects::{Effects, NoticeKind, Record};
use crate::engine::queue::{Place, ShapeId, place_of};
use crate::engine::session::Attachment;
use crate::engine::shape::Needs;
use crate::engine::sweep::Look;
use crate::engine::timers::Timer;
use crate::idempotency::MadeWith;
use crate::inventory::ResourceIndex;
use crate::refusal::{MAX_LISTED_CANDIDATES, Refusal};
use crate::request::{Request, RequestId, Wait};
use crate::token::TokenDigest;
use crate::wire::Candidate;

/// A request that has been checked, and what it would get.
struct Asked {
    request: Arc<Request>,
    shape: ShapeId,
    needs: Arc<Needs>,
    account: Account,
    party: RequestId,
    place: Place,
    /// `None` if it is beyond its limits.
    assignment: Option<Assignment>,
}

impl Engine {
    pub(super) fn submit(
        &mut self,
        session: SessionId,
        request: Arc<Request>,
        token: TokenDigest,
        made_with: Option<MadeWith>,
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
        let account = self.accounts.of(&request);
        if let Some(limit) = self.accounts.never(&account, request.requested()) {
            let (asked, why) = (request.requested(), limit.explanation());
            return Err(Refusal::OverLimit(format!("it asks for {asked} resources, and {why}")));
        }
        self.check_room_for_keys(request.requirements())?;
        let shape = self.shape_for(request.requirements())?;
        let asked = self.ask(session, request, shape, account);
        let result = self.admit(session, asked, (token, made_with), effects);
        self.forget_if_idle(shape);
        result
    }

    /// What a request would get now.
    fn ask(
        &mut self,
        session: SessionId,
        request: Arc<Request>,
        shape: ShapeId,
        account: Account,
    ) -> Asked {
        let id = RequestId(self.state.last_id.0.saturating_add(1));
        let place = place_of(id, &request);
        let party = self.party_of(session).unwrap_or(id);
        // The shape was found or made just now.
        let needs =
            self.queue.shape(shape).map(|shape| Arc::clone(&shape.needs)).unwrap_or_default();
        let is_within = self.accounts.exceeded(&account, needs.requested()).is_none();
        let asker = Asker { party, place: &place };
        let assignment = is_within.then(|| self.evaluate(&needs, asker, Look::Everything));
        Asked { request, shape, needs, account, party, place, assignment }
    }

    fn admit(
        &mut self,
        session: SessionId,
        asked: Asked,
        (token, made_with): (TokenDigest, Option<MadeWith>),
        effects: &mut Effects,
    ) -> Result<RequestId, Refusal> {
        let Asked { shape, needs, account, party, place, assignment, request } = asked;
        let full = match assignment {
            Some(assignment) if assignment.is_full => Some(assignment),
            other => {
                self.check_queue(&needs, &account, other.as_ref(), &request)?;
                None
            }
        };
        let (id, at) = (place.1, self.now);
        let asked_for = Arc::clone(&request);
        let queued = Record::Queued { id, request: asked_for, token, party, made_with, at };
        self.record(queued, effects);
        self.by_token.insert(token, id);
        self.parties.join(party);
        self.sessions.attach(id, Attachment::To(session));
        match full {
            Some(assignment) => self.grant(id, party, &account, assignment, effects),
            None => {
                self.enqueue(id, &request, shape, account, party);
                self.timers.set(self.state.wait_deadline(id), id, Timer::Wait);
                self.notify(id, NoticeKind::Queued, effects);
            }
        }
        self.settle(effects);
        Ok(id)
    }

    /// Puts a request into the queue. If something may be held back for it, it is to be looked at.
    pub(super) fn enqueue(
        &mut self,
        id: RequestId,
        request: &Request,
        shape: ShapeId,
        account: Account,
        party: RequestId,
    ) {
        let place = place_of(id, request);
        let requested = request.requested();
        let is_over_limit = self.accounts.exceeded(&account, requested).is_some();
        if self.queue.insert(shape, place, account.clone(), party, is_over_limit) {
            self.accounts.begin_waiting(&account);
        }
        let shape = self.queue.shape(shape);
        if !shape.is_some_and(|shape| shape.needs.can_be_partial()) {
            return;
        }
        match self.state.hold_back_time(id) {
            Some(at) if at > self.now => self.timers.set(Some(at), id, Timer::HoldBack),
            _ => self.may_hold_back(id),
        }
    }

    /// Whose the requests of a session are, where stacks are concerned: that of its eldest, if it has one.
    fn party_of(&self, session: SessionId) -> Option<RequestId> {
        let eldest = self.sessions.requests(session)?.first()?;
        self.state.requests.get(eldest).map(|state| state.party)
    }

    /// Whether a request that cannot be granted at once may wait.
    fn check_queue(
        &self,
        needs: &Needs,
        account: &Account,
        partial: Option<&Assignment>,
        request: &Request,
    ) -> Result<(), Refusal> {
        if matches!(request.wait, Wait::No | Wait::UpTo(Duration::ZERO)) {
            let limit = self.accounts.exceeded(account, needs.requested());
            return Err(Refusal::Busy {
                candidates: self.missing(needs, partial),
                limit: limit.map(|limit| limit.explanation()),
            });
        }
        if self.queue.len() >= self.limits.max_waiting {
            return Err(Refusal::QueueFull(self.queue.len()));
        }
        Ok(())
    }

    /// Who has what is missing: the candidates of what a request does not get now, without those that are free.
    fn missing(&self, needs: &Needs, partial: Option<&Assignment>) -> Vec<Candidate> {
        let lacks = |number: &usize| {
            partial.is_none_or(|partial| partial.given[*number].len() < needs.counts[*number])
        };
        let lacking = self.taken(needs, (0..needs.counts.len()).filter(lacks));
        // What lacks something may have given way to another requirement, whose own candidates are taken.
        if lacking.is_empty() { self.taken(needs, 0..needs.counts.len()) } else { lacking }
    }

    /// The candidates of these requirements that are not free; so many of them as an answer lists.
    fn taken(&self, needs: &Needs, numbers: impl Iterator<Item = usize>) -> Vec<Candidate> {
        let mut seen: BTreeSet<ResourceIndex> = BTreeSet::new();
        let mut taken = Vec::new();
        for number in numbers {
            let list = self.sets.list(needs.sets[number]);
            let left = MAX_LISTED_CANDIDATES - taken.len();
            let new = list.iter().copied().filter(|index| seen.insert(*index));
            let new = new.filter(|index| !self.occupancy.is_free_for_all(*index)).take(left);
            taken.extend(new.filter_map(|index| self.candidate(index)));
        }
        taken
    }
}
