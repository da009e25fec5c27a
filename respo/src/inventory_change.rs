//! What a new inventory changes.

use serde::{Deserialize, Serialize};

use crate::inventory::Inventory;
use crate::names::Name;

/// How one revision of an inventory differs from the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InventoryChange {
    /// In the new one only.
    pub added: Vec<Name>,
    /// In the old one only, and free.
    pub removed: Vec<Name>,
    /// In both, but not the same.
    pub changed: Vec<Name>,
    /// In the old one only, and leased: they stay with their holders and go when the leases end.
    pub retired: Vec<Name>,
    /// Whether the stacks or the rules are others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rules: bool,
}

impl InventoryChange {
    /// What changes from `old` to `new`, where `leased` says whether a resource is held now.
    #[must_use]
    pub fn between(old: &Inventory, new: &Inventory, leased: impl Fn(&Name) -> bool) -> Self {
        let rules = old.stacks() != new.stacks() || old.rules() != new.rules();
        let mut change = Self { rules, ..Self::default() };
        for resource in old.resources() {
            match new.find(resource.name.as_str()) {
                Some(same) if same == resource => {}
                Some(_) => change.changed.push(resource.name.clone()),
                None if leased(&resource.name) => change.retired.push(resource.name.clone()),
                None => change.removed.push(resource.name.clone()),
            }
        }
        for resource in new.resources() {
            if old.find(resource.name.as_str()).is_none() {
                change.added.push(resource.name.clone());
            }
        }
        change
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.changed.is_empty()
            && self.retired.is_empty()
            && !self.rules
    }
}
