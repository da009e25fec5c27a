//! Passing a lease on to another holder.

use std::sync::Arc;

use crate::engine::Engine;
use crate::engine::accounts::Account;
use crate::engine::authority::Right;
use crate::engine::command::{Authority, Reply};
use crate::engine::effects::{Effects, NoticeKind, Record};
use crate::engine::queue::Place;
use crate::engine::sweep::Look;
use crate::engine::timers::Timer;
use crate::inventory::ResourceIndex;
use crate::lease::Grant;
use crate::names::Label;
use crate::refusal::Refusal;
use crate::request::{Request, RequestId};
use crate::token::TokenDigest;

impl Engine {
    pub(super) fn transfer(
        &mut self,
        id: RequestId,
        by: &Authority,
        to: Label,
        token: TokenDigest,
        effects: &mut Effects,
    ) -> Result<Reply, Refusal> {
        self.authorize(id, by, Right::Own)?;
        let count = self.grant_of(id)?.names().count();
        let state = self.state.requests.get(&id).ok_or(Refusal::NoRequest(id))?;
        let (former, old_token, old_party) = (Arc::clone(&state.request), state.token, state.party);
        let mut request = former.as_ref().clone();
        request.holder = Some(to.clone());
        let (before, after) = self.pass_to_account(&former, &request, count)?;
        let from = former.holder.clone();
        self.notify(id, NoticeKind::Transferred { from, to }, effects);
        let (request, party, at) = (Arc::new(request), self.party_apart(old_party), self.now);
        self.forget_key(id);
        self.record(Record::Transferred { id, request, token, party, at }, effects);
        self.by_token.remove(&old_token);
        self.by_token.insert(token, id);
        self.pass_to_party(id, old_party, party);
        self.leave_to_next(id, effects);
        self.limits_changed(&after);
        if !self.accounts.are_unlimited() {
            self.relieved.push(before);
        }
        self.allocate(Vec::new(), effects);
        Ok(Reply::Done)
    }

    /// Counts a lease of so many resources against the allowances of its new holder; refused if it is too
    /// much for those. Its group remains the same. The answer has whose it was and whose it is.
    fn pass_to_account(
        &mut self,
        former: &Request,
        request: &Request,
        count: usize,
    ) -> Result<(Account, Account), Refusal> {
        let (before, after) = (self.accounts.of(former), self.accounts.of(request));
        self.accounts.subtract(&before, count);
        let limit = self.accounts.exceeded_by_holder(&after, count).filter(|_| before != after);
        self.accounts.add(if limit.is_some() { &before } else { &after }, count);
        match (limit, &request.holder) {
            (Some(limit), Some(to)) => {
                let why = limit.explanation();
                Err(Refusal::OverLimit(format!("{to} has reached the limit: {why}")))
            }
            _ => Ok((before, after)),
        }
    }

    /// A party for a lease that leaves this one: itself, if nobody else is in it, or else the smallest number
    /// that is no party's. Those of requests to come are larger than that.
    fn party_apart(&self, party: RequestId) -> RequestId {
        if !self.parties.is_larger(party) {
            return party;
        }
        let mut numbers = (1..).map(RequestId);
        numbers.find(|number| !self.parties.is_there(*number)).unwrap_or(party)
    }

    /// The new holder is another client: what is left of the stacks that the lease has a part of is for the
    /// former holder's other requests no more.
    fn pass_to_party(&mut self, id: RequestId, old: RequestId, new: RequestId) {
        if old == new {
            return;
        }
        self.parties.leave(old);
        self.parties.join(new);
        let grant = self.state.requests.get(&id).and_then(|state| state.grant.as_ref());
        let names = grant.into_iter().flat_map(Grant::names);
        let held: Vec<ResourceIndex> = names.filter_map(|name| self.index_of(name)).collect();
        for index in held {
            self.occupancy.stacks.let_go(index, old);
            self.occupancy.stacks.hold(index, new);
        }
        let theirs: Vec<Place> = self.queue.of_party(old).copied().collect();
        for place in theirs {
            self.sweep.visit(place, Look::Everything);
        }
    }

    /// Takes a lease from the session that has it, and gives whoever has its token now time to come.
    fn leave_to_next(&mut self, id: RequestId, effects: &mut Effects) {
        let Some(request) = self.state.requests.get(&id).map(|state| Arc::clone(&state.request))
        else {
            return;
        };
        let grace = self.limits.grace_of(&request);
        self.timers.clear(self.sessions.orphaned_until(id), id, Timer::Orphaned);
        self.sessions.detach(id);
        match request.ttl() {
            Some(_) => self.keep_until(id, self.now.after(grace)),
            None => self.orphan(id, grace, effects),
        }
    }
}
