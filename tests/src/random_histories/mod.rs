//! Random histories of a pool: what clients, administrators and time do to it.
//!
//! Everything follows from a seed. The pools are tiny, so that requests get into each other's way, and so
//! that the [specification](crate::specification) can try everything.

mod acts;
mod facts;
mod inventories;
mod requests;
mod selectors;
mod steps;

pub use acts::{Act, guest};
pub use facts::{held_names, promises};
pub use inventories::inventory;
pub use requests::request;
pub use selectors::{resource, selector};
pub use steps::{By, SESSIONS, Step, step, token};

use crate::crash::dice::Dice;

/// Which kinds of things histories have in them, besides requests for one resource by its name, location,
/// attributes and the attributes of its entities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds {
    /// Requests for several resources: several requirements, and counts above 1.
    pub several: bool,
    /// Requests for keys, and pools that take keys which are not in the inventory.
    pub keys: bool,
    /// Stacks in the inventory, and stack labels in requests.
    pub stacks: bool,
    /// Properties of resources and entities, and requests that ask for them.
    pub properties: bool,
    /// Requests with a condition.
    pub conditions: bool,
    /// Pools that wait before they hold back.
    pub hold_back: bool,
    /// Pools with limits per holder and per group, and requests with holders and groups.
    pub limits: bool,
    /// Requests with a ttl, and with keys; leases that are renewed, extended, given back in part, passed on and
    /// shared.
    pub terms: bool,
}

impl Kinds {
    /// Everything.
    pub const ALL: Self = Self {
        several: true,
        keys: true,
        stacks: true,
        properties: true,
        conditions: true,
        hold_back: true,
        limits: true,
        terms: true,
    };
    /// Requests for one resource, nothing else.
    pub const ONE_RESOURCE: Self = Self {
        several: false,
        keys: false,
        stacks: false,
        properties: false,
        conditions: false,
        hold_back: false,
        limits: false,
        terms: false,
    };
}

/// A history: an inventory, three sessions, and `length` steps. The same seed gives the same history.
#[must_use]
pub fn history(seed: u64, length: u64, kinds: Kinds) -> Vec<Step> {
    let mut all = opening(seed, kinds);
    all.extend((0..length).map(|n| step(&mut Dice::of(seed, &[1, n]), kinds)));
    all
}

/// What every history begins with: an inventory, and three sessions.
#[must_use]
pub fn opening(seed: u64, kinds: Kinds) -> Vec<Step> {
    let first = inventory(&mut Dice::of(seed, &[0]), kinds);
    vec![Step::Replace(first), Step::Open(1), Step::Open(2), Step::Open(3)]
}
