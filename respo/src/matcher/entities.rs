//! Which entity serves which pattern of a selector.

use crate::inventory::{Entity, Resource};
use crate::names::Name;
use crate::property::has_properties;
use crate::selector::{EntityPattern, Selector};

/// The name of the entity that serves each of the selector's entity patterns, in the order of the patterns.
///
/// Each pattern has an entity of its own. Where there are several ways, the first pattern gets the first
/// entity, by name, with which the others can still be served; then the second pattern, and so on.
/// Empty if there are no patterns, or they cannot all be served.
///
/// ```
/// use respo::matcher::pairing;
/// use respo::{Entity, EntityPattern, Name, Resource, Selector, Word};
///
/// let jtag = || [Word::new("jtag").unwrap()].into();
/// let mut bench = Resource::new(Name::new("bench-1").unwrap());
/// bench.entities.insert(Name::new("dut").unwrap(), Entity { attributes: jtag(), ..Entity::default() });
/// bench.entities.insert(Name::new("aux").unwrap(), Entity::default());
///
/// let any_and_jtag = [EntityPattern::default(), EntityPattern { attributes: jtag(), ..EntityPattern::default() }];
/// let names = pairing(&Selector::any().with_entities(any_and_jtag), &bench);
/// assert_eq!(names, [Name::new("aux").unwrap(), Name::new("dut").unwrap()]);
/// ```
#[must_use]
pub fn pairing(selector: &Selector, resource: &Resource) -> Vec<Name> {
    let Some(mut matching) = Matching::find(selector.entities(), resource) else {
        return Vec::new();
    };
    (0..selector.entities().len()).for_each(|pattern| matching.settle(pattern));
    let names: Vec<&Name> = resource.entities.keys().collect();
    matching.serves().into_iter().map(|entity| names[entity].clone()).collect()
}

/// Whether each pattern can be given an entity of its own.
pub(super) fn suffice(patterns: &[EntityPattern], resource: &Resource) -> bool {
    patterns.is_empty() || Matching::find(patterns, resource).is_some()
}

fn suits(pattern: &EntityPattern, entity: &Entity) -> bool {
    pattern.attributes.is_subset(&entity.attributes)
        && has_properties(&pattern.properties, &entity.properties)
}

/// Entities for all patterns: a maximum bipartite matching by augmenting paths (Berge 1957; Kuhn's form of
/// the Hungarian method, 1955).
struct Matching {
    /// By pattern, then by entity in the order of names.
    suits: Vec<Vec<bool>>,
    /// Which pattern has the entity.
    taken_by: Vec<Option<usize>>,
}

impl Matching {
    /// `None` if not every pattern can have an entity.
    fn find(patterns: &[EntityPattern], resource: &Resource) -> Option<Self> {
        if patterns.len() > resource.entities.len() {
            return None;
        }
        let row = |pattern: &EntityPattern| -> Vec<bool> {
            resource.entities.values().map(|entity| suits(pattern, entity)).collect()
        };
        let mut rows = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            let row = row(pattern);
            if !row.contains(&true) {
                return None;
            }
            rows.push(row);
        }
        let mut matching = Self { suits: rows, taken_by: vec![None; resource.entities.len()] };
        (0..patterns.len()).all(|pattern| matching.serve(pattern)).then_some(matching)
    }

    /// Gives `pattern` an entity, moving others to theirs where needed.
    fn serve(&mut self, pattern: usize) -> bool {
        let mut seen = vec![false; self.taken_by.len()];
        self.augment(pattern, &mut seen)
    }

    /// Each call marks an entity as seen, so the depth is bounded by the number of entities.
    fn augment(&mut self, pattern: usize, seen: &mut [bool]) -> bool {
        for entity in 0..self.taken_by.len() {
            if !self.suits[pattern][entity] || seen[entity] {
                continue;
            }
            seen[entity] = true;
            let free = match self.taken_by[entity] {
                None => true,
                Some(other) => self.augment(other, seen),
            };
            if free {
                self.taken_by[entity] = Some(pattern);
                return true;
            }
        }
        false
    }

    /// Gives `pattern` the first entity with which the patterns after it can still be served, and those
    /// before it keep theirs. Every pattern has an entity before and after.
    fn settle(&mut self, pattern: usize) {
        for entity in 0..self.taken_by.len() {
            let holder = self.taken_by[entity];
            if holder == Some(pattern) {
                return;
            }
            if !self.suits[pattern][entity] || holder.is_some_and(|holder| holder < pattern) {
                continue;
            }
            let before = self.taken_by.clone();
            let own = before.iter().position(|taken_by| *taken_by == Some(pattern));
            own.into_iter().for_each(|own| self.taken_by[own] = None);
            self.taken_by[entity] = Some(pattern);
            // What is settled is not to be moved.
            let mut seen: Vec<bool> =
                self.taken_by.iter().map(|by| by.is_some_and(|by| by <= pattern)).collect();
            if holder.is_none_or(|holder| self.augment(holder, &mut seen)) {
                return;
            }
            self.taken_by = before;
        }
    }

    /// The entity of each pattern.
    fn serves(&self) -> Vec<usize> {
        let mut pairs: Vec<(usize, usize)> = self
            .taken_by
            .iter()
            .enumerate()
            .filter_map(|(entity, pattern)| pattern.map(|pattern| (pattern, entity)))
            .collect();
        pairs.sort_unstable();
        pairs.into_iter().map(|(_, entity)| entity).collect()
    }
}
