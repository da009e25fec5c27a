//! What each command does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use respo::{
    Authority, Command, EndReason, Hold, Request, RequestId, SessionId, TokenDigest, Wait,
};

use super::assignment::possible;
use super::{Asked, Happened, Owner, Specification};

/// The answer to a command, or the code of the refusal.
pub(super) type Answer = Result<Happened, &'static str>;

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
            Command::SubmitOnce { session, request, token, made_with } => {
                return self.submit_once(*session, request, *token, made_with.key);
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
            Command::Renew { id, by, ttl } => return self.renew(*id, by, *ttl),
            Command::Extend { id, by, more } => return self.extend(*id, by, *more),
            Command::ReleasePart { id, by, resources } => {
                return self.release_part(*id, by, resources);
            }
            Command::Transfer { id, by, to, token } => return self.transfer(*id, by, to, *token),
            Command::Allow { id, by, who, token } => return self.allow(*id, by, who, *token),
            Command::Disallow { id, by, who } => return self.disallow(*id, by, who),
            Command::LookUp { id, by } => return self.look_up(*id, by),
        }
        Ok(Happened::Done)
    }

    pub(super) fn submit(
        &mut self,
        session: SessionId,
        request: &Arc<Request>,
        token: TokenDigest,
    ) -> Answer {
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
        let asked = Asked {
            request,
            token,
            party,
            since,
            owner: Owner::Session(session),
            until: None,
            promised: None,
            guests: BTreeMap::new(),
            key: None,
            lease: None,
        };
        self.requests.insert(id, asked);
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
        self.take_up(session, id)?;
        Ok(Happened::Submitted(id))
    }

    /// A session has the request from now on.
    pub(super) fn take_up(
        &mut self,
        session: SessionId,
        id: RequestId,
    ) -> Result<(), &'static str> {
        if self.suspended {
            return Err("draining");
        }
        if !self.sessions.contains(&session) {
            return Err("no_session");
        }
        let theirs = self.by_id(|asked| asked.owner == Owner::Session(session));
        if theirs.len() >= self.limits.max_requests_per_session && !theirs.contains(&id) {
            return Err("too_many_requests");
        }
        let now = self.now;
        let asked = self.requests.get_mut(&id).expect("it was found");
        asked.owner = Owner::Session(session);
        if let (Some(ttl), Some(_)) = (asked.request.ttl(), &asked.lease) {
            asked.put_off(now.after(ttl));
        }
        Ok(())
    }

    fn end_by(&mut self, id: RequestId, by: &Authority) -> Answer {
        self.check_may_use(id, by)?;
        self.end(id, reason_of(by));
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
            let now = self.now;
            let asked = self.requests.get_mut(&id).expect("it is theirs");
            match asked.request.hold {
                Hold::Ttl { ttl } => {
                    asked.owner = Owner::Nobody;
                    if asked.lease.is_none() {
                        asked.put_off(now.after(ttl));
                    }
                }
                Hold::Connection { linger } if !linger.is_zero() => {
                    asked.owner = Owner::NobodyUntil(now.after(linger));
                }
                _ => self.end(id, EndReason::Disconnected),
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
        if let Some(ended) = self.requests.remove(&id) {
            self.spend(ended.key, id);
            self.forget_ages_of_what_is_nowhere();
            self.happened.push(Happened::Ended { id, reason });
        }
    }

    /// What is neither in the inventory nor held is gone, and should it come back it is new.
    pub(super) fn forget_ages_of_what_is_nowhere(&mut self) {
        let mut last_used = std::mem::take(&mut self.last_used);
        last_used.retain(|name, _| {
            self.inventory.find(name.as_str()).is_some() || self.holder_of(name).is_some()
        });
        self.last_used = last_used;
    }

    /// The ids of those of whom it is true, in order.
    pub(super) fn by_id(&self, of_whom: impl Fn(&Asked) -> bool) -> Vec<RequestId> {
        self.requests.iter().filter(|(_, asked)| of_whom(asked)).map(|(id, _)| *id).collect()
    }
}

/// Why what somebody ends has ended.
pub(super) fn reason_of(by: &Authority) -> EndReason {
    match by {
        Authority::Administrator => EndReason::Revoked,
        Authority::Session(_) | Authority::Token(_) | Authority::Digest(_) => EndReason::Released,
    }
}
