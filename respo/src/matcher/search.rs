//! Looking through many resources for those that satisfy a selector, at a bounded cost.

use super::{MAX_CONDITION_COST, matches, matches_without_condition};
use crate::inventory::Resource;
use crate::selector::Selector;

/// Looks at resources, in the inventory or not, one after the other. What the selector's condition costs for all
/// of them together is bounded by [`MAX_CONDITION_COST`].
///
/// ```
/// use respo::matcher::Search;
/// use respo::{Name, Resource, Selector};
/// let selector: Selector = "where=name.startsWith('bench')".parse()?;
/// let mut search = Search::new(&selector);
/// assert_eq!(search.takes(&Resource::new(Name::new("bench-1")?)), Ok(true));
/// assert_eq!(search.takes(&Resource::new(Name::new("phone-1")?)), Ok(false));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Search<'s> {
    selector: &'s Selector,
    /// What may still be spent on conditions.
    left: u64,
}

/// The condition of a selector is too expensive for so many resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is too expensive for so many resources; ask for a location or attributes as well, so that it need \
     not look at so many, or leave out loops"
)]
pub struct TooExpensive;

impl<'s> Search<'s> {
    /// For what satisfies `selector`.
    #[must_use]
    pub fn new(selector: &'s Selector) -> Self {
        Self { selector, left: MAX_CONDITION_COST }
    }

    /// Whether `resource` satisfies the selector.
    ///
    /// # Errors
    /// [`TooExpensive`] once the condition has cost as much as it may; what was found before is not all that
    /// there is.
    pub fn takes(&mut self, resource: &Resource) -> Result<bool, TooExpensive> {
        let Some(condition) = &self.selector.condition else {
            return Ok(matches(self.selector, resource));
        };
        if !matches_without_condition(self.selector, resource) {
            return Ok(false);
        }
        // Where one evaluation is too expensive by itself, there is none.
        let cost = condition.cost(resource).unwrap_or(1);
        self.left = self.left.checked_sub(cost).ok_or(TooExpensive)?;
        Ok(super::satisfies(condition, resource))
    }
}
