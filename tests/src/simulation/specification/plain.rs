//! Requests for one resource that matches a selector: the naive loop, and what else the engine promises.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use respo::matcher::matches;
use respo::{
    Authority, Command, EndReason, Fence, Inventory, Limits, Name, Request, RequestId, Resource,
    Selector, SessionId, State, Timestamp, Token, TokenDigest, Wait,
};

use super::{Happened, Specification};

/// A request that waits or holds.
struct Asked {
    request: Arc<Request>,
    token: TokenDigest,
    since: Timestamp,
    /// The open session that it belongs to, or when it ends without one.
    owner: Result<SessionId, Timestamp>,
    held: Option<Held>,
}

struct Held {
    resource: Name,
    until: Option<Timestamp>,
}

/// The specification of an engine whose requests have one requirement: one resource that matches a selector.
pub struct Plain {
    limits: Limits,
    now: Timestamp,
    inventory: Arc<Inventory>,
    asked: BTreeMap<RequestId, Asked>,
    open: BTreeSet<SessionId>,
    last_id: RequestId,
    last_fence: Fence,
    last_used: BTreeMap<Name, Fence>,
    draining: bool,
    happened: Vec<Happened>,
}

impl Specification for Plain {
    fn restore(
        limits: &Limits,
        state: &State,
        now: Timestamp,
        sessions: &[(SessionId, Vec<RequestId>)],
    ) -> Self {
        let asked = state.requests.iter().map(|(id, asked)| {
            let session = sessions.iter().find(|(_, ids)| ids.contains(id));
            let grace = limits.grace.max(asked.request.linger());
            let owner = session.map_or(Err(now.after(grace)), |(session, _)| Ok(*session));
            let held = asked.grant.as_ref().map(|grant| Held {
                resource: grant.resources[0][0].name.clone(),
                until: grant.expires,
            });
            let (request, token, since) = (asked.request.clone(), asked.token, asked.queued_at);
            (*id, Asked { request, token, since, owner, held })
        });
        Self {
            limits: limits.clone(),
            now,
            inventory: state.inventory.clone(),
            asked: asked.collect(),
            open: sessions.iter().map(|(session, _)| *session).collect(),
            last_id: state.last_id,
            last_fence: state.last_fence,
            last_used: state.last_used.clone(),
            draining: false,
            happened: Vec::new(),
        }
    }

    fn step(&mut self, now: Timestamp, command: Option<&Command>) -> Vec<Happened> {
        self.advance(now);
        if let Some(command) = command {
            let answer = self.carry_out(command).unwrap_or_else(Happened::Refused);
            self.grant_all();
            self.happened.push(answer);
        }
        std::mem::take(&mut self.happened)
    }
}

impl Plain {
    fn carry_out(&mut self, command: &Command) -> Result<Happened, &'static str> {
        match command {
            Command::OpenSession(session) => {
                self.open.insert(*session);
                Ok(Happened::Done)
            }
            Command::CloseSession(session) => {
                self.close(*session);
                Ok(Happened::Done)
            }
            Command::Submit { session, request, token } => self.submit(*session, request, *token),
            Command::Resume { session, token } => self.resume(*session, token),
            Command::End { id, by } => self.end_by(*id, by),
            Command::ReplaceInventory(inventory) => {
                self.replace(inventory);
                Ok(Happened::Done)
            }
            Command::Drain { .. } => {
                self.draining = true;
                self.end_all(self.waiting(), EndReason::Draining);
                Ok(Happened::Done)
            }
            Command::Suspend | Command::EndAll => Ok(Happened::Done),
        }
    }

    fn held(&self, name: &Name) -> bool {
        self.asked
            .values()
            .any(|asked| asked.held.as_ref().is_some_and(|held| held.resource == *name))
    }

    /// The free resource that suits and was used the longest ago.
    fn suitable(&self, selector: &Selector) -> Option<Name> {
        let suits = |r: &&Arc<Resource>| matches(selector, r) && !self.held(&r.name);
        let suitable = self.inventory.resources().iter().filter(suits);
        // The first of those that are equal, in the order of the inventory.
        let oldest =
            suitable.min_by_key(|r| self.last_used.get(&r.name).copied().unwrap_or_default());
        oldest.map(|resource| resource.name.clone())
    }

    fn is_possible(&self, request: &Request) -> bool {
        self.inventory.resources().iter().any(|resource| matches(selector(request), resource))
    }

    /// The loop of rule 3. With one resource a request there is nothing to keep for those who wait.
    fn grant_all(&mut self) {
        if self.draining {
            return;
        }
        let mut waiting = self.waiting();
        waiting.sort_by_key(|id| (Reverse(self.asked[id].request.priority), *id));
        for id in waiting {
            let Some(resource) = self.suitable(selector(&self.asked[&id].request)) else {
                continue;
            };
            self.last_fence.0 += 1;
            let fence = self.last_fence;
            self.last_used.insert(resource.clone(), fence);
            let now = self.now;
            if let Some(asked) = self.asked.get_mut(&id) {
                let longest = asked.request.max_duration.or(self.limits.max_duration);
                let until = longest.map(|longest| now.after(longest));
                asked.held = Some(Held { resource: resource.clone(), until });
            }
            self.happened.push(Happened::Granted { id, fence, resources: vec![vec![resource]] });
        }
    }

    fn waiting(&self) -> Vec<RequestId> {
        let waits = |(_, asked): &(&RequestId, &Asked)| asked.held.is_none();
        self.asked.iter().filter(waits).map(|(id, _)| *id).collect()
    }

    fn end(&mut self, id: RequestId, reason: EndReason) {
        let Some(asked) = self.asked.remove(&id) else {
            return;
        };
        // What is held and no longer in the inventory is forgotten with the lease.
        if let Some(held) = asked.held
            && self.inventory.find(held.resource.as_str()).is_none()
        {
            self.last_used.remove(&held.resource);
        }
        self.happened.push(Happened::Ended { id, reason });
    }

    fn end_all(&mut self, ids: Vec<RequestId>, reason: EndReason) {
        ids.into_iter().for_each(|id| self.end(id, reason));
    }

    /// What is due next: when, of which request, and why that ends then.
    fn due(&self) -> Option<(Timestamp, RequestId, u8, EndReason)> {
        let deadlines = self.asked.iter().flat_map(|(id, asked)| {
            let longest = asked.held.as_ref().and_then(|held| held.until);
            let wait = match asked.request.wait {
                Wait::UpTo(limit) if asked.held.is_none() => Some(asked.since.after(limit)),
                _ => None,
            };
            [
                longest.map(|at| (at, *id, 0, EndReason::MaxDuration)),
                wait.map(|at| (at, *id, 1, EndReason::WaitExpired)),
                asked.owner.err().map(|at| (at, *id, 2, EndReason::Orphaned)),
            ]
        });
        deadlines.flatten().min_by_key(|(at, id, kind, _)| (*at, *id, *kind))
    }

    fn advance(&mut self, to: Timestamp) {
        self.now = self.now.max(to);
        self.grant_all();
        while let Some((at, ..)) = self.due().filter(|(at, ..)| *at <= self.now) {
            // What is due at one moment ends together.
            while let Some((_, id, _, reason)) = self.due().filter(|due| due.0 == at) {
                self.end(id, reason);
            }
            self.grant_all();
        }
    }

    fn theirs(&self, session: SessionId) -> Vec<RequestId> {
        let theirs = self.asked.iter().filter(|(_, asked)| asked.owner == Ok(session));
        theirs.map(|(id, _)| *id).collect()
    }

    fn close(&mut self, session: SessionId) {
        self.open.remove(&session);
        for id in self.theirs(session) {
            let Some(asked) = self.asked.get_mut(&id) else { continue };
            let linger = asked.request.linger();
            if linger.is_zero() {
                self.end(id, EndReason::Disconnected);
            } else {
                asked.owner = Err(self.now.after(linger));
            }
        }
    }

    fn submit(
        &mut self,
        session: SessionId,
        request: &Arc<Request>,
        token: TokenDigest,
    ) -> Result<Happened, &'static str> {
        if self.draining {
            return Err("draining");
        }
        if !self.open.contains(&session) {
            return Err("no_session");
        }
        if self.theirs(session).len() >= self.limits.max_requests_per_session {
            return Err("too_many_requests");
        }
        if request.linger() > self.limits.max_linger {
            return Err("over_limit");
        }
        if !self.is_possible(request) {
            return Err("no_such");
        }
        if self.suitable(selector(request)).is_none() {
            if matches!(request.wait, Wait::No | Wait::UpTo(Duration::ZERO)) {
                return Err("busy");
            }
            if self.waiting().len() >= self.limits.max_waiting {
                return Err("queue_full");
            }
        }
        self.last_id.0 += 1;
        let (request, since, owner) = (request.clone(), self.now, Ok(session));
        self.asked.insert(self.last_id, Asked { request, token, since, owner, held: None });
        Ok(Happened::Submitted(self.last_id))
    }

    fn resume(&mut self, session: SessionId, token: &Token) -> Result<Happened, &'static str> {
        let digest = token.digest();
        let found = self.asked.iter().find(|(_, asked)| asked.token == digest);
        let id = found.map(|(id, _)| *id).ok_or("wrong_token")?;
        if !self.open.contains(&session) {
            return Err("no_session");
        }
        let theirs = self.theirs(session);
        if theirs.len() >= self.limits.max_requests_per_session && !theirs.contains(&id) {
            return Err("too_many_requests");
        }
        if let Some(asked) = self.asked.get_mut(&id) {
            asked.owner = Ok(session);
        }
        Ok(Happened::Submitted(id))
    }

    fn end_by(&mut self, id: RequestId, by: &Authority) -> Result<Happened, &'static str> {
        let asked = self.asked.get(&id).ok_or("no_request")?;
        let reason = match by {
            Authority::Session(session) if asked.owner == Ok(*session) => EndReason::Released,
            Authority::Session(_) => return Err("no_request"),
            Authority::Token(token) if token.digest() == asked.token => EndReason::Released,
            Authority::Digest(digest) if *digest == asked.token => EndReason::Released,
            Authority::Token(_) | Authority::Digest(_) => return Err("wrong_token"),
            Authority::Administrator => EndReason::Revoked,
        };
        self.end(id, reason);
        Ok(Happened::Done)
    }

    fn replace(&mut self, inventory: &Arc<Inventory>) {
        self.inventory = inventory.clone();
        let mut last_used = std::mem::take(&mut self.last_used);
        last_used.retain(|name, _| self.inventory.find(name.as_str()).is_some() || self.held(name));
        self.last_used = last_used;
        let mut impossible = self.waiting();
        impossible.retain(|id| !self.is_possible(&self.asked[id].request));
        self.end_all(impossible, EndReason::NoSuch);
    }
}

/// What a request asks for.
fn selector(request: &Request) -> &Selector {
    request.requirements()[0].selector().expect("these requests have selectors")
}
