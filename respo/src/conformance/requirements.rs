//! What random histories ask for.

use std::collections::BTreeSet;

use serde_json::json;

use super::good;
use super::history::{History, RESOURCES, resource_name};
use crate::names::{Label, Name, Word};
use crate::property::{PropertyPath, PropertyValue, WantedProperties};
use crate::request::{Requirement, Wanted};
use crate::selector::{EntityPattern, Selector};

/// The most requirements that a random request has.
const REQUIREMENTS: u64 = 3;

impl History {
    /// What a request needs.
    pub(super) fn requirements(&mut self) -> Vec<Requirement> {
        if self.choose(3) > 0 {
            self.several_requirements()
        } else {
            vec![Requirement::one(self.any_or_named())]
        }
    }

    fn any_or_named(&mut self) -> Selector {
        let name = resource_name(self.choose(RESOURCES));
        if self.choose(2) == 0 { Selector::any() } else { Selector::named(name) }
    }

    fn several_requirements(&mut self) -> Vec<Requirement> {
        let count = 1 + self.choose(REQUIREMENTS);
        (0..count).map(|place| self.requirement(place)).collect()
    }

    fn requirement(&mut self, place: u64) -> Requirement {
        let wanted = match self.choose(3) {
            0 => Wanted::Matching(self.any_or_named()),
            1 => Wanted::Matching(self.selector()),
            _ => Wanted::Keys(self.keys(place)),
        };
        let most = match &wanted {
            Wanted::Keys(keys) => keys.len() as u64,
            Wanted::Matching(_) => 3,
        };
        let count = 1 + self.choose(most.min(3)) as u16;
        let stack = match self.choose(4) {
            0 => Some(good(Label::new("s"), "a label")),
            1 => Some(good(Label::new("the other, \"s\""), "a label")),
            _ => None,
        };
        Requirement { count, wanted, stack }
    }

    /// Keys for the requirement at this place: no key may be in two of them. Some are names of resources.
    fn keys(&mut self, place: u64) -> BTreeSet<Name> {
        let key = |number: u64| good(Name::new(format!("key-{number}")), "a name");
        let number = |index: u64| place + REQUIREMENTS * index;
        let mut keys = BTreeSet::from([key(number(self.choose(2)))]);
        for index in 0..RESOURCES / REQUIREMENTS {
            if self.choose(2) == 0 {
                keys.insert(key(number(index)));
            }
            if self.choose(3) == 0 {
                keys.insert(resource_name(number(index)));
            }
        }
        keys
    }

    /// What some of the resources of [`samples`](super::samples) are.
    fn selector(&mut self) -> Selector {
        let word = |word: &'static str| good(Word::new(word), "a word");
        let mut selector = Selector::any();
        if self.choose(2) == 0 {
            selector.attributes = [word("can")].into();
        }
        if self.choose(3) == 0 {
            selector.properties = self.properties();
        }
        if self.choose(3) == 0 {
            let attributes = [word("arm64")].into();
            selector.entities.push(EntityPattern { attributes, properties: self.properties() });
        }
        selector
    }

    fn properties(&mut self) -> WantedProperties {
        let wanted = [
            ("text", json!("a 'quoted' \"text\" with \\, \n and \u{0}")),
            ("no", json!(false)),
            ("nothing", json!(null)),
            ("whole", json!(1)),
            ("tenths", json!(0.1 + 0.2)),
            ("list", json!(["two", 1])),
            ("largest", json!(u64::MAX)),
        ];
        let mut properties = WantedProperties::new();
        for (path, value) in wanted {
            if self.choose(4) == 0 {
                let path = good(PropertyPath::new(path), "a path");
                properties.insert(path, good(PropertyValue::of(&value), "a value"));
            }
        }
        properties
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Request;

    #[test]
    fn random_requests_are_valid_and_ask_for_everything_that_there_is() {
        let mut history = History::new(7);
        let mut seen: BTreeSet<&'static str> = BTreeSet::new();
        for _ in 0..1_000 {
            let request = Request::new(history.several_requirements()).unwrap();
            let labels = request.requirements().iter().filter_map(|one| one.stack.as_ref());
            let labels: BTreeSet<&Label> = labels.collect();
            for one in request.requirements() {
                let selector = one.selector();
                let keys = match &one.wanted {
                    Wanted::Keys(keys) => keys.len(),
                    Wanted::Matching(_) => 0,
                };
                for (is_there, what) in [
                    (request.requirements().len() > 1, "several requirements"),
                    (one.count > 1, "a count"),
                    (keys > usize::from(one.count), "some of several keys"),
                    (labels.len() > 1, "two stacks"),
                    (selector.is_some_and(|it| !it.properties.is_empty()), "properties"),
                    (
                        selector.is_some_and(|it| {
                            it.entities.iter().any(|pattern| !pattern.properties.is_empty())
                        }),
                        "properties of an entity",
                    ),
                ] {
                    seen.extend(is_there.then_some(what));
                }
            }
        }
        assert_eq!(seen.len(), 6, "{seen:?}");
    }
}
