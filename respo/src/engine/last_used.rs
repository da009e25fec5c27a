//! When each resource was last granted.

use std::collections::BTreeMap;
use std::fmt;

use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;

use crate::names::Name;
use crate::request::Fence;

/// The fence of each resource's newest grant, by name: the smaller, the longer ago it was granted.
///
/// It is looked up and never gone through, so that nothing can depend on the order that it has inside.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct LastUsed(HashMap<Name, Fence, FxBuildHasher>);

impl LastUsed {
    /// The fence of a resource's newest grant, if it is known.
    #[must_use]
    pub fn of(&self, name: &Name) -> Option<Fence> {
        self.0.get(name).copied()
    }

    /// A resource is granted.
    pub(crate) fn set(&mut self, name: &Name, fence: Fence) {
        match self.0.get_mut(name) {
            Some(last) => *last = fence,
            None => {
                self.0.insert(name.clone(), fence);
            }
        }
    }

    pub(crate) fn forget(&mut self, name: &Name) {
        self.0.remove(name);
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&Name) -> bool) {
        self.0.retain(|name, _| keep(name));
    }

    /// All of them, in the order of the names.
    #[must_use]
    pub fn sorted(&self) -> BTreeMap<&Name, Fence> {
        self.0.iter().map(|(name, fence)| (name, *fence)).collect()
    }
}

impl FromIterator<(Name, Fence)> for LastUsed {
    fn from_iter<I: IntoIterator<Item = (Name, Fence)>>(uses: I) -> Self {
        Self(uses.into_iter().collect())
    }
}

impl fmt::Debug for LastUsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.sorted()).finish()
    }
}
