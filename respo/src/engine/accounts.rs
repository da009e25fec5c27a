//! How much each holder and each group has: so that nobody takes more than the pool's rules allow.

use std::collections::{BTreeMap, BTreeSet};

use crate::names::{Label, Text};
use crate::request::Request;
use crate::rules::Rules;

/// Against whose allowances a request counts. Where the rules limit nothing, all requests have the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Account {
    /// Its holder, if holders are limited; those without a name count as one.
    holder: Option<Option<Label>>,
    /// Its group, if it is in one and groups are limited.
    group: Option<Text>,
}

/// What somebody has.
#[derive(Debug, Clone, Copy, Default)]
struct Usage {
    leases: u64,
    resources: u64,
}

impl Usage {
    /// Whether there are so many leases.
    fn has_leases(&self, most: u32) -> bool {
        self.leases >= u64::from(most)
    }

    /// Whether with so many more there would be too many resources.
    fn lacks_room(&self, requested: usize, most: u32) -> bool {
        self.resources.saturating_add(requested as u64) > u64::from(most)
    }
}

/// Which allowance is used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// `max_leases.per_holder`, and its value.
    LeasesOfHolder(u32),
    /// `max_leases.per_group`.
    LeasesOfGroup(u32),
    /// `max_resources.per_holder`.
    ResourcesOfHolder(u32),
    /// `max_resources.per_group`.
    ResourcesOfGroup(u32),
}

impl Limit {
    /// As a sentence for people.
    pub(crate) fn explanation(self) -> String {
        match self {
            Self::LeasesOfHolder(1) => "one holder may have 1 lease at a time".to_owned(),
            Self::LeasesOfHolder(most) => format!("one holder may have {most} leases at a time"),
            Self::LeasesOfGroup(1) => "one group may have 1 lease at a time".to_owned(),
            Self::LeasesOfGroup(most) => format!("one group may have {most} leases at a time"),
            Self::ResourcesOfHolder(1) => "one holder may have 1 resource at a time".to_owned(),
            Self::ResourcesOfHolder(most) => {
                format!("one holder may have {most} resources at a time")
            }
            Self::ResourcesOfGroup(1) => "one group may have 1 resource at a time".to_owned(),
            Self::ResourcesOfGroup(most) => {
                format!("one group may have {most} resources at a time")
            }
        }
    }
}

/// What everybody has, as far as the rules limit it.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    rules: Rules,
    holders: BTreeMap<Option<Label>, Usage>,
    groups: BTreeMap<Text, Usage>,
    /// The accounts with waiting requests, by holder and by group.
    of_holder: BTreeMap<Option<Label>, BTreeSet<Account>>,
    of_group: BTreeMap<Text, BTreeSet<Account>>,
}

impl Accounts {
    /// Nobody has anything yet.
    pub(crate) fn new(rules: &Rules) -> Self {
        Self { rules: rules.clone(), ..Self::default() }
    }

    /// Whether nothing is limited.
    pub(crate) fn are_unlimited(&self) -> bool {
        self.rules.max_leases.is_unlimited() && self.rules.max_resources.is_unlimited()
    }

    /// Whose a request is.
    pub(crate) fn of(&self, request: &Request) -> Account {
        let (leases, resources) = (&self.rules.max_leases, &self.rules.max_resources);
        let by_holder = leases.per_holder.is_some() || resources.per_holder.is_some();
        let by_group = leases.per_group.is_some() || resources.per_group.is_some();
        Account {
            holder: by_holder.then(|| request.holder.clone()),
            group: if by_group { request.tags.get(&self.rules.group_tag.0).cloned() } else { None },
        }
    }

    /// The allowance that a request for so many resources would exceed now.
    pub(crate) fn exceeded(&self, account: &Account, requested: usize) -> Option<Limit> {
        self.exceeded_by_holder(account, requested)
            .or_else(|| self.exceeded_by_group(account, requested))
    }

    /// The same, of the allowances of its holder.
    pub(crate) fn exceeded_by_holder(&self, account: &Account, requested: usize) -> Option<Limit> {
        let usage = self.holders.get(account.holder.as_ref()?).copied().unwrap_or_default();
        let (leases, resources) = (self.rules.max_leases, self.rules.max_resources);
        let leases = leases.per_holder.filter(|most| usage.has_leases(*most));
        let resources = resources.per_holder.filter(|most| usage.lacks_room(requested, *most));
        leases.map(Limit::LeasesOfHolder).or(resources.map(Limit::ResourcesOfHolder))
    }

    fn exceeded_by_group(&self, account: &Account, requested: usize) -> Option<Limit> {
        let usage = self.groups.get(account.group.as_ref()?).copied().unwrap_or_default();
        let (leases, resources) = (self.rules.max_leases, self.rules.max_resources);
        let leases = leases.per_group.filter(|most| usage.has_leases(*most));
        let resources = resources.per_group.filter(|most| usage.lacks_room(requested, *most));
        leases.map(Limit::LeasesOfGroup).or(resources.map(Limit::ResourcesOfGroup))
    }

    /// The allowance that a request for so many resources exceeds whatever else its account has.
    pub(crate) fn never(&self, account: &Account, requested: usize) -> Option<Limit> {
        let most = &self.rules.max_resources;
        let is_less = |most: &u32| (*most as usize) < requested;
        let of_holder = account.holder.as_ref().and(most.per_holder).filter(is_less);
        let of_group = account.group.as_ref().and(most.per_group).filter(is_less);
        of_holder.map(Limit::ResourcesOfHolder).or(of_group.map(Limit::ResourcesOfGroup))
    }

    /// A lease begins.
    pub(crate) fn add(&mut self, account: &Account, resources: usize) {
        let more = |usage: &mut Usage| {
            usage.leases += 1;
            usage.resources += resources as u64;
        };
        if let Some(holder) = &account.holder {
            more(self.holders.entry(holder.clone()).or_default());
        }
        if let Some(group) = &account.group {
            more(self.groups.entry(group.clone()).or_default());
        }
    }

    /// A lease ends.
    pub(crate) fn subtract(&mut self, account: &Account, resources: usize) {
        let less = |usage: &mut Usage| {
            usage.leases = usage.leases.saturating_sub(1);
            usage.resources = usage.resources.saturating_sub(resources as u64);
            usage.leases == 0
        };
        if let Some(holder) = &account.holder
            && self.holders.get_mut(holder).is_some_and(less)
        {
            self.holders.remove(holder);
        }
        if let Some(group) = &account.group
            && self.groups.get_mut(group).is_some_and(less)
        {
            self.groups.remove(group);
        }
    }

    /// A lease has so many resources less.
    pub(crate) fn subtract_part(&mut self, account: &Account, resources: usize) {
        let holder = account.holder.as_ref().and_then(|holder| self.holders.get_mut(holder));
        let group = account.group.as_ref().and_then(|group| self.groups.get_mut(group));
        for usage in holder.into_iter().chain(group) {
            usage.resources = usage.resources.saturating_sub(resources as u64);
        }
    }

    /// A request of this account waits; none did so far.
    pub(crate) fn begin_waiting(&mut self, account: &Account) {
        if let Some(holder) = &account.holder {
            self.of_holder.entry(holder.clone()).or_default().insert(account.clone());
        }
        if let Some(group) = &account.group {
            self.of_group.entry(group.clone()).or_default().insert(account.clone());
        }
    }

    /// No request of this account waits any more.
    pub(crate) fn end_waiting(&mut self, account: &Account) {
        if let Some(holder) = &account.holder
            && let Some(accounts) = self.of_holder.get_mut(holder)
        {
            accounts.remove(account);
            if accounts.is_empty() {
                self.of_holder.remove(holder);
            }
        }
        if let Some(group) = &account.group
            && let Some(accounts) = self.of_group.get_mut(group)
        {
            accounts.remove(account);
            if accounts.is_empty() {
                self.of_group.remove(group);
            }
        }
    }

    /// The accounts with waiting requests that share a holder or a group with this one.
    pub(crate) fn sharing(&self, account: &Account) -> BTreeSet<Account> {
        let holder = account.holder.as_ref().and_then(|holder| self.of_holder.get(holder));
        let group = account.group.as_ref().and_then(|group| self.of_group.get(group));
        holder.into_iter().chain(group).flatten().cloned().collect()
    }
}
