//! What a pool allows, and how it is fair. Part of the inventory.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::names::Label;
use crate::time::HumanDuration;

/// The rules of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Whether clients may ask for keys that are not in the inventory. Such a resource exists for as long
    /// as it is asked for or held. No.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ephemeral: bool,
    /// How long a request waits before free resources are held back for it while others are still
    /// missing. Zero: at once, so that large requests never starve. Longer: small requests use meanwhile
    /// what would stand idle.
    #[serde(with = "human", skip_serializing_if = "Duration::is_zero")]
    pub hold_back_after: Duration,
    /// How many leases one holder, or one group, may have at a time. A request beyond that waits, and
    /// blocks nobody. No limit.
    #[serde(skip_serializing_if = "Allowance::is_unlimited")]
    pub max_leases: Allowance,
    /// How many resources one holder, or one group, may have in all its leases. No limit.
    #[serde(skip_serializing_if = "Allowance::is_unlimited")]
    pub max_resources: Allowance,
    /// The tag by whose value requests are grouped. `group`.
    #[serde(skip_serializing_if = "is_default_group_tag")]
    pub group_tag: GroupTag,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            ephemeral: false,
            hold_back_after: Duration::ZERO,
            max_leases: Allowance::default(),
            max_resources: Allowance::default(),
            group_tag: GroupTag::default(),
        }
    }
}

/// The name of the tag that says which group a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupTag(pub Label);

impl Default for GroupTag {
    #[expect(clippy::expect_used, reason = "the word is a label")]
    fn default() -> Self {
        Self(Label::new("group").expect("a printable word is a label"))
    }
}

fn is_default_group_tag(tag: &GroupTag) -> bool {
    tag.0.as_str() == "group"
}

/// How much one holder and one group may have at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Allowance {
    /// For all requests with the same `name`; those without one count as one holder. `None`: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_holder: Option<u32>,
    /// For all requests with the same value of the pool's group tag. Those without the tag are not
    /// limited. `None`: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_group: Option<u32>,
}

impl Allowance {
    /// Whether nothing is limited.
    #[must_use]
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }
}

/// Durations as people write them.
mod human {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::HumanDuration;

    pub(super) fn serialize<S: Serializer>(
        duration: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        HumanDuration(*duration).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        HumanDuration::deserialize(deserializer).map(|HumanDuration(duration)| duration)
    }
}
