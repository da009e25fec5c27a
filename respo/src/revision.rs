//! The revisions of a pool's inventory.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A revision of a pool's inventory that a store has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revision {
    /// Its number, from 1 on.
    pub revision: u64,
    /// When it was put in force.
    pub at: Timestamp,
    /// How many resources it has.
    pub resources: u64,
}
