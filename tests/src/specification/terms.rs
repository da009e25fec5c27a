//! How long a lease lasts, and giving back a part of it.

use std::collections::BTreeSet;
use std::time::Duration;

use respo::{Authority, MAX_DURATION, Name, RequestId, Timestamp};

use super::commands::{Answer, reason_of};
use super::{Asked, Happened, Owner, Specification};

/// The shortest ttl.
const LEAST_TTL: Duration = Duration::from_secs(1);

impl Asked {
    /// Its end comes no sooner than this.
    pub(super) fn put_off(&mut self, until: Timestamp) {
        self.until = Some(self.until.map_or(until, |known| known.max(until)));
    }

    /// Whether it waits, and a session has it.
    pub(super) fn needs_no_renewal(&self) -> bool {
        self.lease.is_none() && matches!(self.owner, Owner::Session(_))
    }

    /// When a lease ends unless it is renewed or extended.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        let lease = self.lease.as_ref()?;
        match (lease.expires, self.until) {
            (Some(longest), Some(until)) => Some(longest.min(until)),
            (one, other) => one.or(other),
        }
    }
}

impl Specification {
    pub(super) fn longest_ttl(&self) -> Duration {
        self.limits.max_ttl.min(MAX_DURATION)
    }

    pub(super) fn renew(
        &mut self,
        id: RequestId,
        by: &Authority,
        asked_for: Option<Duration>,
    ) -> Answer {
        self.check_may_use(id, by)?;
        let (now, longest) = (self.now, self.longest_ttl());
        let asked = self.requests.get_mut(&id).expect("somebody may use it");
        let own = asked.request.ttl().ok_or("not_renewable")?;
        if asked_for.is_some_and(|ttl| ttl < LEAST_TTL || ttl > longest) {
            return Err("over_limit");
        }
        if asked.needs_no_renewal() {
            return Ok(Happened::Renewed(None));
        }
        let ttl = asked_for.unwrap_or(own);
        let until = now.after(ttl);
        if ttl > own && asked.until.is_some_and(|known| known < until) {
            asked.promised = Some(until);
        }
        asked.put_off(until);
        let waits = asked.lease.is_none();
        Ok(Happened::Renewed(if waits { asked.until } else { asked.expires() }))
    }

    pub(super) fn extend(&mut self, id: RequestId, by: &Authority, more: Duration) -> Answer {
        self.check_may_use(id, by)?;
        let (now, longest_ttl) = (self.now, self.longest_ttl());
        let longest = self.limits.max_duration.unwrap_or(MAX_DURATION).min(MAX_DURATION);
        let asked = self.leased(id)?;
        let until = asked.until.map(|until| until.after(more));
        let lease = asked.lease.as_mut().expect("it is leased");
        let expires = lease.expires.map(|expires| expires.after(more));
        if expires.is_some_and(|end| end > lease.since.after(longest))
            || until.is_some_and(|end| end > now.after(longest_ttl))
        {
            return Err("over_limit");
        }
        if expires.is_none() && until.is_none() {
            return Err("not_renewable");
        }
        lease.expires = expires;
        (asked.until, asked.promised) = (until, until);
        let expires = asked.expires().expect("one of its ends was moved");
        self.happened.push(Happened::Extended { id, expires });
        Ok(Happened::Renewed(Some(expires)))
    }

    pub(super) fn release_part(&mut self, id: RequestId, by: &Authority, names: &[Name]) -> Answer {
        self.check_may_use(id, by)?;
        let lease = self.leased(id)?.lease.as_mut().expect("it is leased");
        let holds = |name: &Name| lease.resources.iter().any(|names| names.contains(name));
        if !names.iter().all(holds) {
            return Err("not_held");
        }
        let mut rest = lease.resources.clone();
        rest.iter_mut().for_each(|held| held.retain(|name| !names.contains(name)));
        if rest.iter().all(Vec::is_empty) {
            self.end(id, reason_of(by));
        } else if !names.is_empty() {
            lease.resources = rest;
            self.forget_ages_of_what_is_nowhere();
            let resources: BTreeSet<Name> = names.iter().cloned().collect();
            let resources = resources.into_iter().collect();
            self.happened.push(Happened::PartlyReleased { id, resources });
        }
        Ok(Happened::Done)
    }
}
