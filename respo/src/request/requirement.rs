//! What a request needs: some resources that match a selector, or some of a list of keys.

use std::collections::BTreeSet;

use crate::names::{Label, Name};
use crate::selector::Selector;

/// The most requirements of one request.
pub const MAX_REQUIREMENTS: usize = 32;
/// The most resources that one request may ask for in all.
pub const MAX_REQUESTED: usize = 256;
/// The most keys that one requirement may list.
pub const MAX_KEYS: usize = 256;
/// The most different stacks that one request may ask for.
pub const MAX_STACK_LABELS: usize = 4;

/// Some resources of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Requirement {
    /// How many: at least 1.
    pub count: u16,
    /// Which ones will do.
    pub wanted: Wanted,
    /// Everything that a request asks for under one label comes from one stack.
    pub stack: Option<Label>,
}

/// Which resources serve a requirement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// Those that match.
    Matching(Selector),
    /// Those of these keys. Where the pool allows it, they need not be in the inventory.
    Keys(BTreeSet<Name>),
}

/// What is wrong with the requirements of a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct RequirementError {
    /// Which requirement it is about, counted from 1; `None` if it is about all of them.
    pub requirement: Option<usize>,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl Requirement {
    /// One resource that matches `selector`.
    #[must_use]
    pub fn one(selector: Selector) -> Self {
        Self { count: 1, wanted: Wanted::Matching(selector), stack: None }
    }

    /// `count` of these keys.
    #[must_use]
    pub fn keys(count: u16, keys: impl IntoIterator<Item = Name>) -> Self {
        Self { count, wanted: Wanted::Keys(keys.into_iter().collect()), stack: None }
    }

    /// The selector, if resources are to match one.
    #[must_use]
    pub fn selector(&self) -> Option<&Selector> {
        match &self.wanted {
            Wanted::Matching(selector) => Some(selector),
            Wanted::Keys(_) => None,
        }
    }
}

impl Default for Requirement {
    /// Any one resource.
    fn default() -> Self {
        Self::one(Selector::any())
    }
}

/// Checks what a request asks for as a whole.
pub(super) fn check(requirements: &[Requirement]) -> Result<(), RequirementError> {
    let of_all = |problem: String| Err(RequirementError { requirement: None, problem });
    if requirements.is_empty() {
        return of_all("a request has at least one requirement".to_owned());
    }
    if requirements.len() > MAX_REQUIREMENTS {
        return of_all(format!("a request has at most {MAX_REQUIREMENTS} requirements"));
    }
    let mut keys = BTreeSet::new();
    for (index, requirement) in requirements.iter().enumerate() {
        let check = check_one(requirement, &mut keys);
        let requirement = Some(index + 1);
        check.map_err(|problem| RequirementError { requirement, problem })?;
    }
    let requested: usize = requirements.iter().map(|one| usize::from(one.count)).sum();
    if requested > MAX_REQUESTED {
        return of_all(format!(
            "a request asks for at most {MAX_REQUESTED} resources, this one asks for {requested}"
        ));
    }
    let labels: BTreeSet<&Label> =
        requirements.iter().filter_map(|one| one.stack.as_ref()).collect();
    if labels.len() > MAX_STACK_LABELS {
        return of_all(format!("a request has at most {MAX_STACK_LABELS} different stacks"));
    }
    Ok(())
}

fn check_one<'r>(
    requirement: &'r Requirement,
    keys: &mut BTreeSet<&'r Name>,
) -> Result<(), String> {
    if requirement.count == 0 {
        return Err("its count is 0; it is at least 1".to_owned());
    }
    let Wanted::Keys(own) = &requirement.wanted else {
        return Ok(());
    };
    if own.is_empty() {
        return Err("its list of keys is empty; leave it out, or say which".to_owned());
    }
    if own.len() > MAX_KEYS {
        return Err(format!("it has {} keys; there are at most {MAX_KEYS}", own.len()));
    }
    if usize::from(requirement.count) > own.len() {
        return Err(format!("it asks for {} of {} keys", requirement.count, own.len()));
    }
    match own.iter().find(|key| !keys.insert(key)) {
        Some(twice) => Err(format!("the key {twice} is in another requirement already")),
        None => Ok(()),
    }
}
