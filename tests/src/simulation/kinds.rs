//! Which kinds of requests and pools are generated.

/// What clients ask for, and what pools are like, beyond one resource that matches a selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds {
    /// Several requirements, and several resources for one.
    pub several: bool,
    /// So many of a list of keys; and pools in which keys need not be in the inventory.
    pub keys: bool,
    /// Stacks in the inventory, and labels in requests.
    pub stacks: bool,
    /// Limits for holders and groups, and times before free resources are held back.
    pub rules: bool,
    /// Requests with a ttl, and with keys; leases that are renewed, extended, given back in part, passed on and
    /// shared.
    pub terms: bool,
}

impl Kinds {
    /// One resource that matches a selector.
    pub const PLAIN: Self =
        Self { several: false, keys: false, stacks: false, rules: false, terms: false };
    /// Everything.
    pub const ALL: Self =
        Self { several: true, keys: true, stacks: true, rules: true, terms: true };
    /// What the engine can do.
    pub const CURRENT: Self = Self::ALL;
}
