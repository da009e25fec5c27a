//! Who may do what with a lease or request, and passing that on.

use std::collections::BTreeMap;
use std::sync::Arc;

use respo::{Authority, Label, Request, RequestId, TokenDigest};

use super::commands::Answer;
use super::{Asked, Happened, Owner, Specification};

/// How many guests a lease has at most.
const MOST_GUESTS: usize = 16;

/// What somebody is to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Holder,
    Guest,
}

impl Specification {
    fn standing_of(&self, id: RequestId, by: &Authority) -> Result<Standing, &'static str> {
        let asked = self.requests.get(&id).ok_or("no_request")?;
        let by_token = |token: TokenDigest| match asked.token == token {
            true => Ok(Standing::Holder),
            false if asked.guests.values().any(|guest| *guest == token) => Ok(Standing::Guest),
            false => Err("wrong_token"),
        };
        match by {
            Authority::Administrator => Ok(Standing::Holder),
            Authority::Session(session) if asked.owner == Owner::Session(*session) => {
                Ok(Standing::Holder)
            }
            Authority::Session(_) => Err("no_request"),
            Authority::Token(token) => by_token(token.digest()),
            Authority::Digest(token) => by_token(*token),
        }
    }

    /// Whether somebody may look, renew, extend and release.
    pub(super) fn check_may_use(&self, id: RequestId, by: &Authority) -> Result<(), &'static str> {
        self.standing_of(id, by).map(|_| ())
    }

    fn check_owns(&self, id: RequestId, by: &Authority) -> Result<(), &'static str> {
        match self.standing_of(id, by)? {
            Standing::Holder => Ok(()),
            Standing::Guest => Err("guest_token"),
        }
    }

    /// What somebody acts on, if it is a lease.
    pub(super) fn leased(&mut self, id: RequestId) -> Result<&mut Asked, &'static str> {
        let asked = self.requests.get_mut(&id).ok_or("no_request")?;
        if asked.lease.is_some() { Ok(asked) } else { Err("not_granted") }
    }

    pub(super) fn look_up(&self, id: RequestId, by: &Authority) -> Answer {
        self.check_may_use(id, by)?;
        let asked = &self.requests[&id];
        let lease = asked.lease.as_ref();
        Ok(Happened::Found {
            holder: asked.request.holder.clone(),
            resources: lease.map(|lease| lease.resources.clone()),
            expires: asked.expires(),
            allowed: asked.guests.keys().cloned().collect(),
        })
    }

    pub(super) fn allow(
        &mut self,
        id: RequestId,
        by: &Authority,
        who: &Label,
        token: TokenDigest,
    ) -> Answer {
        self.check_owns(id, by)?;
        let asked = self.leased(id)?;
        if !asked.guests.contains_key(who) && asked.guests.len() == MOST_GUESTS {
            return Err("too_many_guests");
        }
        asked.guests.insert(who.clone(), token);
        Ok(Happened::Done)
    }

    pub(super) fn disallow(&mut self, id: RequestId, by: &Authority, who: &Label) -> Answer {
        self.check_owns(id, by)?;
        let asked = self.requests.get_mut(&id).expect("somebody owns it");
        asked.guests.remove(who).map(|_| Happened::Done).ok_or("no_guest")
    }

    pub(super) fn transfer(
        &mut self,
        id: RequestId,
        by: &Authority,
        to: &Label,
        token: TokenDigest,
    ) -> Answer {
        self.check_owns(id, by)?;
        self.leased(id)?;
        if self.is_too_much_for(id, to) {
            return Err("over_limit");
        }
        let (party, now, grace) = (self.party_apart(id), self.now, self.limits.grace);
        let asked = self.requests.get_mut(&id).expect("it is leased");
        let mut request = Request::clone(&asked.request);
        request.holder = Some(to.clone());
        asked.request = Arc::new(request);
        asked.token = token;
        asked.party = party;
        asked.guests = BTreeMap::new();
        match asked.request.ttl() {
            Some(ttl) => {
                asked.owner = Owner::Nobody;
                asked.put_off(now.after(grace.max(ttl)));
            }
            None => {
                let grace = grace.max(asked.request.linger());
                asked.owner = Owner::NobodyUntil(now.after(grace));
            }
        }
        let key = asked.key.take();
        self.spend(key, id);
        self.happened.push(Happened::Transferred { id, to: to.clone() });
        Ok(Happened::Done)
    }

    /// The party of a lease that is passed on.
    fn party_apart(&self, id: RequestId) -> RequestId {
        let party = self.requests[&id].party;
        let sharers = self.requests.values().filter(|asked| asked.party == party);
        if sharers.count() == 1 {
            return party;
        }
        let is_a_party =
            |number: &RequestId| self.requests.values().any(|asked| asked.party == *number);
        let mut numbers = (1..).map(RequestId);
        numbers.find(|number| !is_a_party(number)).expect("some number is free")
    }
}
