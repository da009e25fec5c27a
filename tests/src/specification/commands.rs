//! What each command does.

use std::sync::Arc;
use std::time::Duration;

use respo::{Authority, Command, EndReason, Request, RequestId, SessionId, TokenDigest, Wait};

use super::assignment::possible;
use super::{Asked, Happened, Owner, Specification};

/// The answer to a command, or the code of the refusal.
type Answer = Result<Happened, &'static str>;

impl Specification {
    pub(super) fn carry_out(&mut self, command: &Command) -> Answer {
        match command {
            Command::OpenSession(session) => {
                self.sessions.insert(*session);
            }
            Command::CloseSession(session) => self.close(*session),
            Command::Submit { session, request, token } => {
                return self.submit(*session, request, *token);
            }
            Command::Resume { session, token } => return self.resume(*session, token.digest()),
            Command::End { id, by } => return self.end_by(*id, by),
            Command::ReplaceInventory(inventory) => {
                self.inventory = Arc::clone(inventory);
                self.forget_ages_of_what_is_nowhere();
                self.end_the_impossible();
            }
            Command::Drain { .. } => {
                self.draining = true;
                self.end_all(self.by_id(|asked| asked.lease.is_none()), EndReason::Draining);
            }
            Command::Suspend => {
                self.draining = true;
                self.suspended = true;
            }
            Command::EndAll => {
                self.draining = true;
                self.end_all(self.by_id(|_| true), EndReason::Draining);
            }
            other => unreachable!("no history has {other:?}"),
        }
        Ok(Happened::Done)
    }

    fn submit(&mut self, session: SessionId, request: &Arc<Request>, token: TokenDigest) -> Answer {
        if self.draining {
            return Err("draining");
        }
        if !self.sessions.contains(&session) {
            return Err("no_session");
        }
        let theirs = self.by_id(|asked| asked.owner == Owner::Session(session));
        if theirs.len() >= self.limits.max_requests_per_session {
            return Err("too_many_requests");
        }
        if self.is_too_long(request) || self.is_beyond_limit(request) {
            return Err("over_limit");
        }
        if !possible(request, &self.inventory) {
            return Err("no_such");
        }
        let id = RequestId(self.last_id + 1);
        let party = theirs.first().map_or(id, |eldest| self.requests[eldest].party);
        let gets = self.would_get(id, party, request);
        if gets.is_none() {
            if matches!(request.wait, Wait::No | Wait::UpTo(Duration::ZERO)) {
                return Err("busy");
            }
            if self.waiting().len() >= self.limits.max_waiting {
                return Err("queue_full");
            }
        }
        self.last_id = id.0;
        let (request, since) = (Arc::clone(request), self.now);
        let owner = Owner::Session(session);
        self.requests.insert(id, Asked { request, token, party, since, owner, lease: None });
        if let Some(resources) = gets {
            self.grant(id, resources);
        }
        Ok(Happened::Submitted(id))
    }

    fn resume(&mut self, session: SessionId, token: TokenDigest) -> Answer {
        if self.suspended {
            return Err("draining");
        }
        let id = *self.by_id(|asked| asked.token == token).first().ok_or("wrong_token")?;
        if !self.sessions.contains(&session) {
            return Err("no_session");
        }
        let theirs = self.by_id(|asked| asked.owner == Owner::Session(session));
        if theirs.len() >= self.limits.max_requests_per_session && !theirs.contains(&id) {
            return Err("too_many_requests");
        }
        self.requests.get_mut(&id).expect("it was found").owner = Owner::Session(session);
        Ok(Happened::Submitted(id))
    }

    fn end_by(&mut self, id: RequestId, by: &Authority) -> Answer {
        let asked = self.requests.get(&id).ok_or("no_request")?;
        let reason = match by {
            Authority::Session(session) if asked.owner == Owner::Session(*session) => {
                EndReason::Released
            }
            Authority::Session(_) => return Err("no_request"),
            Authority::Token(token) if token.digest() == asked.token => EndReason::Released,
            Authority::Digest(digest) if *digest == asked.token => EndReason::Released,
            Authority::Token(_) | Authority::Digest(_) => return Err("wrong_token"),
            Authority::Administrator => EndReason::Revoked,
        };
        self.end(id, reason);
        Ok(Happened::Done)
    }

    /// The requests of a session end with it, or linger. A session that goes while the server is about to
    /// go, too, changes nothing.
    fn close(&mut self, session: SessionId) {
        if self.suspended {
            return;
        }
        self.sessions.remove(&session);
        for id in self.by_id(|asked| asked.owner == Owner::Session(session)) {
            let linger = self.requests[&id].request.linger();
            if linger.is_zero() {
                self.end(id, EndReason::Disconnected);
            } else {
                let until = Owner::NobodyUntil(self.now.after(linger));
                self.requests.get_mut(&id).expect("it is theirs").owner = until;
            }
        }
    }

    /// Ends what waits for what the inventory, or its rules, will never give.
    pub(super) fn end_the_impossible(&mut self) {
        let impossible = self.by_id(|asked| {
            let never = !possible(&asked.request, &self.inventory);
            asked.lease.is_none() && (never || self.is_beyond_limit(&asked.request))
        });
        self.end_all(impossible, EndReason::NoSuch);
    }

    fn end_all(&mut self, ids: Vec<RequestId>, reason: EndReason) {
        ids.into_iter().for_each(|id| self.end(id, reason));
    }

    /// Ends a request, if it is there still.
    pub(super) fn end(&mut self, id: RequestId, reason: EndReason) {
        if self.requests.remove(&id).is_some() {
            self.forget_ages_of_what_is_nowhere();
            self.happened.push(Happened::Ended { id, reason });
        }
    }

    /// What is neither in the inventory nor held is gone, and should it come back it is new.
    fn forget_ages_of_what_is_nowhere(&mut self) {
        let mut last_used = std::mem::take(&mut self.last_used);
        last_used.retain(|name, _| {
            self.inventory.find(name.as_str()).is_some() || self.holder_of(name).is_some()
        });
        self.last_used = last_used;
    }

    /// The ids of those of whom it is true, in order.
    fn by_id(&self, of_whom: impl Fn(&Asked) -> bool) -> Vec<RequestId> {
        self.requests.iter().filter(|(_, asked)| of_whom(asked)).map(|(id, _)| *id).collect()
    }
}
