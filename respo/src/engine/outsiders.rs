//! Resources that are not in the inventory: keys that clients ask for, and what was retired.
//!
//! Such a resource is there while it is asked for or held, and has an index behind those of the inventory.

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::ResourceIndex;
use crate::names::Name;

#[derive(Debug)]
struct Outsider {
    name: Name,
    /// How many sets of candidates it is in, and one more while it is held.
    uses: usize,
}

/// The resources that are not in the inventory.
#[derive(Debug, Default)]
pub(crate) struct Outsiders {
    /// How many resources the inventory has.
    first: u32,
    slots: Vec<Option<Outsider>>,
    vacant: BTreeSet<u32>,
    by_name: BTreeMap<Name, ResourceIndex>,
}

impl Outsiders {
    /// None yet, behind an inventory of this size.
    pub(crate) fn behind(inventory: usize) -> Self {
        // An inventory has at most 100,000 resources.
        Self { first: u32::try_from(inventory).unwrap_or(u32::MAX), ..Self::default() }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(crate) fn find(&self, name: &Name) -> Option<ResourceIndex> {
        self.by_name.get(name).copied()
    }

    pub(crate) fn name(&self, index: ResourceIndex) -> Option<&Name> {
        self.slots.get(self.slot(index)?)?.as_ref().map(|outsider| &outsider.name)
    }

    /// All of them, in the order of their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Name, ResourceIndex)> {
        self.by_name.iter().map(|(name, index)| (name, *index))
    }

    /// One more use of a name, which comes into being if need be.
    pub(crate) fn acquire(&mut self, name: &Name) -> ResourceIndex {
        if let Some(index) = self.find(name) {
            if let Some(outsider) = self.slot(index).and_then(|slot| self.slots[slot].as_mut()) {
                outsider.uses += 1;
            }
            return index;
        }
        let outsider = Outsider { name: name.clone(), uses: 1 };
        let slot = match self.vacant.pop_first() {
            Some(slot) => slot,
            None => {
                self.slots.push(None);
                // There are far fewer than fit into 32 bits: what is asked for is bounded.
                u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.slots[slot as usize] = Some(outsider);
        let index = ResourceIndex(self.first.saturating_add(slot));
        self.by_name.insert(name.clone(), index);
        index
    }

    /// One use less. True if it is gone now.
    pub(crate) fn release(&mut self, index: ResourceIndex) -> bool {
        let Some(slot) = self.slot(index) else {
            return false;
        };
        let Some(outsider) = self.slots.get_mut(slot).and_then(Option::as_mut) else {
            return false;
        };
        outsider.uses -= 1;
        if outsider.uses > 0 {
            return false;
        }
        if let Some(gone) = self.slots[slot].take() {
            self.by_name.remove(&gone.name);
        }
        self.vacant.insert(index.0 - self.first);
        true
    }

    fn slot(&self, index: ResourceIndex) -> Option<usize> {
        index.0.checked_sub(self.first).map(|slot| slot as usize)
    }
}
