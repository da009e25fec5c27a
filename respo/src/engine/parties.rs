//! Which parties have more than one request: of those alone, one request may wait while another has
//! something of a stack.

use std::collections::{BTreeMap, BTreeSet};

use crate::request::RequestId;

/// How many requests each party has, waiting or granted.
#[derive(Debug, Default)]
pub(crate) struct Parties {
    sizes: BTreeMap<RequestId, usize>,
    /// Those with more than one.
    larger: BTreeSet<RequestId>,
}

impl Parties {
    /// A party has one request more.
    pub(crate) fn join(&mut self, party: RequestId) {
        let size = self.sizes.entry(party).or_default();
        *size += 1;
        if *size == 2 {
            self.larger.insert(party);
        }
    }

    /// A party has one request less.
    pub(crate) fn leave(&mut self, party: RequestId) {
        let Some(size) = self.sizes.get_mut(&party) else {
            return;
        };
        *size -= 1;
        if *size == 1 {
            self.larger.remove(&party);
        }
        if *size == 0 {
            self.sizes.remove(&party);
        }
    }

    /// The parties with more than one request.
    pub(crate) fn larger(&self) -> &BTreeSet<RequestId> {
        &self.larger
    }

    /// Whether a party has any request.
    pub(crate) fn is_there(&self, party: RequestId) -> bool {
        self.sizes.contains_key(&party)
    }

    /// Whether a party has more than one request.
    pub(crate) fn is_larger(&self, party: RequestId) -> bool {
        self.larger.contains(&party)
    }
}
