//! The numbers of resources, for clients that know resources by number rather than by name.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::inventory::{Inventory, InventoryError, Resource};

/// The smallest number that is derived from a name: larger than any that can be given.
const FIRST_DERIVED: u64 = 1 << 32;
/// One more than the largest number that is derived: up to it, a double, and so JavaScript, has every number.
const END_OF_DERIVED: u64 = 1 << 53;

impl Resource {
    /// Its number: the one that the inventory gives it, from 1 to 2^32 − 1, or else one that is derived
    /// from its name alone, from 2^32 to 2^53 − 1.
    ///
    /// So it is the same in every process, whatever becomes of other resources. The derived one is the
    /// first 8 bytes of the name's SHA-256, as a big-endian number, brought into that range by its
    /// remainder. Two names may share one: in a pool with the most resources that there may be, the odds
    /// are one in two million.
    ///
    /// ```
    /// use respo::{Name, Resource};
    /// let mut bench = Resource::new(Name::new("bench-1")?);
    /// assert_eq!(bench.numeric_id(), 2_788_196_481_476_329);
    /// bench.id = std::num::NonZeroU32::new(7);
    /// assert_eq!(bench.numeric_id(), 7);
    /// # Ok::<(), respo::NameError>(())
    /// ```
    #[must_use]
    pub fn numeric_id(&self) -> u64 {
        if let Some(id) = self.id {
            return id.get().into();
        }
        let digest = Sha256::digest(self.name.as_str().as_bytes());
        let folded = digest.iter().take(8).fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        FIRST_DERIVED + folded % (END_OF_DERIVED - FIRST_DERIVED)
    }
}

impl Inventory {
    /// The resource with this [number](Resource::numeric_id); should two share it, the first by name.
    #[must_use]
    pub fn with_numeric_id(&self, id: u64) -> Option<&Arc<Resource>> {
        let is_given = id < FIRST_DERIVED;
        let mut possible =
            self.resources().iter().filter(|resource| resource.id.is_some() == is_given);
        possible.find(|resource| resource.numeric_id() == id)
    }

    /// The same inventory, but resources that `earlier` has too keep the ids that they have there, and no
    /// other resource gets an id that `earlier` has: where it would, it gets the smallest that is larger
    /// than all ids of both.
    ///
    /// For an inventory whose ids say no more than the places of the resources in their file: a line that
    /// is put in or taken out would else give others the ids of their neighbours.
    #[must_use]
    pub fn keeping_ids_of(&self, earlier: &Self) -> Self {
        let ids = |inventory: &Self| -> BTreeSet<u32> {
            let given = inventory.resources().iter().filter_map(|resource| resource.id);
            given.map(NonZeroU32::get).collect()
        };
        let taken = ids(earlier);
        let mut next = taken.iter().chain(&ids(self)).max().copied().unwrap_or(0);
        let mut resources: Vec<Resource> =
            self.resources().iter().map(|resource| resource.as_ref().clone()).collect();
        // New ones are numbered in the order of their own ids, which is that of the file.
        resources.sort_by_key(|resource| resource.id);
        for resource in &mut resources {
            if let Some(known) = earlier.find(resource.name.as_str()) {
                resource.id = known.id;
            } else if resource.id.is_some_and(|id| taken.contains(&id.get())) {
                // Beyond the last number there is still the derived one.
                next = next.saturating_add(1);
                resource.id = NonZeroU32::new(next).filter(|_| next < u32::MAX);
            }
        }
        let numbered = Self::new(resources).and_then(|new| new.with_stacks(self.stacks().to_vec()));
        // Names and stacks are as before, and ids differ, so there is nothing to refuse.
        numbered.map_or_else(|_| self.clone(), |new| new.with_rules(self.rules().clone()))
    }
}

/// Refuses resources of which two were given the same id.
pub(crate) fn check(resources: &[Arc<Resource>]) -> Result<(), InventoryError> {
    let mut first = BTreeMap::new();
    for resource in resources {
        let Some(id) = resource.id else { continue };
        if let Some(other) = first.insert(id, &resource.name) {
            return Err(InventoryError::DuplicateId(other.clone(), resource.name.clone()));
        }
    }
    Ok(())
}
