//! How much a holder and a group may have, and what a request may ask for at all.

use respo::rules::Allowance;
use respo::{Label, MAX_DURATION, MIN_TTL, Request, RequestId, Text, Wait};

use super::Specification;

impl Specification {
    /// Whether a request, should it be granted now, would give its holder or its group too much.
    pub(super) fn is_over_limit(&self, request: &Request) -> bool {
        let rules = self.inventory.rules();
        let holders = |other: &Request| other.holder == request.holder;
        let groups = |other: &Request| self.group(other) == self.group(request);
        let has_group = self.group(request).is_some();
        let too_much = |(leases, resources): (usize, usize), per: fn(&Allowance) -> Option<u32>| {
            exceeds(leases + 1, per(&rules.max_leases))
                || exceeds(resources + request.requested(), per(&rules.max_resources))
        };
        too_much(self.total(&holders), |allowance| allowance.per_holder)
            || (has_group && too_much(self.total(&groups), |allowance| allowance.per_group))
    }

    /// Whether a request asks for more than its holder or its group may ever have.
    pub(super) fn is_beyond_limit(&self, request: &Request) -> bool {
        let most = self.inventory.rules().max_resources;
        exceeds(request.requested(), most.per_holder)
            || (self.group(request).is_some() && exceeds(request.requested(), most.per_group))
    }

    /// Whether a time in a request is longer than the pool allows.
    pub(super) fn is_too_long(&self, request: &Request) -> bool {
        let wait = match request.wait {
            Wait::UpTo(wait) => Some(wait),
            Wait::No | Wait::Forever => None,
        };
        let longest = self.limits.max_duration.unwrap_or(MAX_DURATION).min(MAX_DURATION);
        wait.is_some_and(|wait| wait > MAX_DURATION)
            || request.linger() > self.limits.max_linger.min(MAX_DURATION)
            || request.max_duration.is_some_and(|asked| asked > longest)
            || request.ttl().is_some_and(|ttl| ttl < MIN_TTL || ttl > self.longest_ttl())
    }

    /// Whether a lease would be too much for another holder, besides what that one has.
    pub(super) fn is_too_much_for(&self, id: RequestId, to: &Label) -> bool {
        if self.requests[&id].request.holder.as_ref() == Some(to) {
            return false;
        }
        let rules = self.inventory.rules();
        let (leases, resources) = self.total(&|other| other.holder.as_ref() == Some(to));
        exceeds(leases + 1, rules.max_leases.per_holder)
            || exceeds(resources + self.held_by(id).len(), rules.max_resources.per_holder)
    }

    /// Whether a waiting request is passed over since its holder or its group has enough.
    #[must_use]
    pub fn over_limit(&self, id: RequestId) -> bool {
        self.requests.get(&id).is_some_and(|asked| self.is_over_limit(&asked.request))
    }

    fn group<'r>(&self, request: &'r Request) -> Option<&'r Text> {
        let tag: &Label = &self.inventory.rules().group_tag.0;
        request.tags.get(tag)
    }

    /// How many leases, and how many resources in them, those have whom `counts` takes in.
    fn total(&self, counts: &dyn Fn(&Request) -> bool) -> (usize, usize) {
        let counted = self.requests.values().filter(|asked| counts(&asked.request));
        let leases: Vec<_> = counted.filter_map(|asked| asked.lease.as_ref()).collect();
        (leases.len(), leases.iter().flat_map(|lease| lease.resources.iter().flatten()).count())
    }
}

fn exceeds(number: usize, most: Option<u32>) -> bool {
    most.is_some_and(|most| number as u64 > u64::from(most))
}
