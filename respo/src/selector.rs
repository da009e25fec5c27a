//! What one resource must look like to serve a requirement.

use std::collections::BTreeSet;

use crate::condition::Condition;
use crate::names::{Label, Name, Word};
use crate::property::WantedProperties;

/// The most names or attributes that one selector may have. It has at most as many entity patterns as a
/// resource has entities.
pub const MAX_SELECTOR_ITEMS: usize = 256;

/// What one entity must look like: it has at least these attributes and properties.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct EntityPattern {
    /// Every one of them must be among the entity's attributes. None: any entity will do.
    pub attributes: BTreeSet<Word>,
    /// Every one of them must be among the entity's properties.
    pub properties: WantedProperties,
}

/// What one resource must look like. Everything that is said must hold; an empty selector takes any.
///
/// Selectors are values: two that ask for the same thing in the same order are equal, and the engine
/// then computes their candidates once and lets their requests share one queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Selector {
    /// One of these names; none means any name.
    pub names: BTreeSet<Name>,
    /// At this location.
    pub location: Option<Label>,
    /// With all of these attributes.
    pub attributes: BTreeSet<Word>,
    /// Each pattern is matched by an entity of its own. Whoever is granted the resource is told which, in
    /// this order.
    pub entities: Vec<EntityPattern>,
    /// With all of these properties.
    pub properties: WantedProperties,
    /// This is true of it.
    pub condition: Option<Condition>,
}

impl Selector {
    /// Any resource.
    #[must_use]
    pub fn any() -> Self {
        Self::default()
    }

    /// The resource of this name.
    #[must_use]
    pub fn named(name: Name) -> Self {
        Self { names: BTreeSet::from([name]), ..Self::default() }
    }

    /// The same, with these entity patterns after those that it has.
    #[must_use]
    pub fn with_entities(mut self, patterns: impl IntoIterator<Item = EntityPattern>) -> Self {
        self.entities.extend(patterns);
        self
    }

    /// The entity patterns.
    #[must_use]
    pub fn entities(&self) -> &[EntityPattern] {
        &self.entities
    }
}
