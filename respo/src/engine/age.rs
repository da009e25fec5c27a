//! Which of several resources is granted: the one whose last grant lies furthest back.

use crate::inventory::ResourceIndex;
use crate::names::Name;
use crate::request::Fence;

/// The place of a resource in the order of last use: the smaller, the longer ago it was granted.
///
/// Resources that were never granted come first. Among them, those of the inventory do, in its order, and
/// then the others by name: the order is a function of the durable state.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Age {
    fence: Fence,
    /// The name, of a resource that is not in the inventory.
    outside: Option<Name>,
    index: ResourceIndex,
}

impl Age {
    pub(crate) fn new(fence: Fence, outside: Option<Name>, index: ResourceIndex) -> Self {
        Self { fence, outside, index }
    }

    /// The resource.
    pub(crate) fn index(&self) -> ResourceIndex {
        self.index
    }
}
