//! Walking a map: its keys must be texts, each of them there once, and known where they are fixed.

use std::collections::BTreeMap;

use super::check::Checker;
use super::load::tag_problem;
use super::node::{Content, Meaning, Node, Place};
use super::path::{Path, quoted};

/// A map with fixed keys.
#[derive(Debug)]
pub(super) struct Shape {
    /// What it describes: "a pool".
    pub(super) noun: &'static str,
    pub(super) keys: &'static [&'static str],
    /// Whether the key that it stands under is its name.
    is_named_by_key: bool,
}

pub(super) const DOCUMENT: Shape =
    Shape { noun: "an inventory", keys: &["pool", "pools"], is_named_by_key: false };
pub(super) const POOL: Shape = Shape {
    noun: "a pool",
    keys: &[
        "name",
        "resources",
        "stacks",
        "ephemeral",
        "hold_back_after",
        "max_leases",
        "max_resources",
        "group_tag",
    ],
    is_named_by_key: false,
};
pub(super) const ALLOWANCE: Shape =
    Shape { noun: "a limit", keys: &["per_holder", "per_group"], is_named_by_key: false };
pub(super) const RESOURCE: Shape = Shape {
    noun: "a resource",
    keys: &[
        "attributes",
        "tags",
        "location",
        "description",
        "endpoint",
        "properties",
        "entities",
        "id",
    ],
    is_named_by_key: true,
};
pub(super) const ENTITY: Shape =
    Shape { noun: "an entity", keys: &["attributes", "tags", "properties"], is_named_by_key: true };

const SHAPES: [&Shape; 5] = [&DOCUMENT, &POOL, &ALLOWANCE, &RESOURCE, &ENTITY];

/// Which keys a map may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum KeyRule {
    /// Any single value; a number or a boolean is taken as it is written.
    Literal,
    /// Texts only.
    Text,
}

/// One pair of a map.
#[derive(Debug)]
pub(super) struct Entry<'n> {
    pub(super) key: &'n str,
    pub(super) key_place: Place,
    pub(super) value: &'n Node,
}

impl Checker {
    /// Visits every pair of a map whose key is a text, in the order of the file, and reports the
    /// others. A key that is there again is reported and visited. Nothing is an empty map.
    pub(super) fn each_entry<'n>(
        &mut self,
        path: &Path<'_>,
        node: &'n Node,
        rule: KeyRule,
        remedy: &str,
        mut visit: impl FnMut(&mut Self, &Path<'_>, &Entry<'n>),
    ) {
        let pairs = match &*node.content {
            Content::Map(pairs) => pairs,
            content if content.is_null() => return,
            _ => return self.wrong_type(path, node, "a map", remedy),
        };
        let mut first_places: BTreeMap<&str, Place> = BTreeMap::new();
        for (key_node, value) in pairs {
            let Some(key) = self.key(path, key_node, rule) else {
                continue;
            };
            let path = path.key(key);
            let key_place = key_node.place;
            if let Some(first) = first_places.get(key) {
                let problem = format!("the key is already on line {}", first.line);
                self.problems.add(&path, key_place, problem, "keep one of them");
            } else {
                first_places.insert(key, key_place);
            }
            visit(self, &path, &Entry { key, key_place, value });
        }
    }

    /// The text of a key, if it is one.
    fn key<'n>(&mut self, path: &Path<'_>, node: &'n Node, rule: KeyRule) -> Option<&'n str> {
        let content = &*node.content;
        let Some(literal) = content.literal() else {
            let (problem, remedy) = match content {
                Content::Tagged(tag) => tag_problem(tag),
                _ => (format!("{} as a key", content.kind()), "write a text as the key"),
            };
            self.problems.add(path, node.place, problem, remedy);
            return None;
        };
        if literal == "<<" {
            let remedy = "write its keys out, or use an alias (*name) for a whole value";
            let problem = "merge keys (<<) are not supported";
            self.problems.add(&path.key(literal), node.place, problem, remedy);
            return None;
        }
        let is_text = matches!(content, Content::Scalar(_, Meaning::Text));
        if rule == KeyRule::Text && !is_text {
            let problem = format!("{} as a key", content.kind());
            let remedy = format!("put it in quotes: {}", quoted(literal));
            self.problems.add(&path.key(literal), node.place, problem, remedy);
            return None;
        }
        Some(literal)
    }

    /// Reports a value of the wrong type.
    pub(super) fn wrong_type(
        &mut self,
        path: &Path<'_>,
        node: &Node,
        expected: &str,
        remedy: &str,
    ) {
        if let Content::Tagged(tag) = &*node.content {
            let (problem, remedy) = tag_problem(tag);
            return self.problems.add(path, node.place, problem, remedy);
        }
        let problem = format!("{} where {expected} is expected", node.content.kind());
        self.problems.add(path, node.place, problem, remedy);
    }

    /// Reports a key that is not among those of `shape`; the answer is the one that it resembles.
    pub(super) fn unknown_key(
        &mut self,
        path: &Path<'_>,
        entry: &Entry<'_>,
        shape: &Shape,
    ) -> Option<&'static str> {
        let key = entry.key;
        let similar = most_similar(key, shape.keys);
        let owner = SHAPES.iter().find(|other| other.keys.contains(&key));
        let all = shape.keys.join(", ");
        let noun = shape.noun;
        let remedy = if let Some(similar) = similar {
            format!("did you mean {similar}?")
        } else if key == "name" && shape.is_named_by_key {
            format!("remove it: {noun} is called by the key that it stands under")
        } else if let Some(owner) = owner {
            format!("it belongs in {}; the keys of {noun} are {all}", owner.noun)
        } else {
            format!("the keys of {noun} are {all}")
        };
        self.problems.add(path, entry.key_place, format!("{noun} has no such key"), remedy);
        similar
    }
}

/// The known key that `key` was most likely meant to be.
fn most_similar(key: &str, known: &[&'static str]) -> Option<&'static str> {
    // No known key is this long, and comparing takes the product of the lengths.
    if key.len() > 32 {
        return None;
    }
    let key = key.to_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&key, known);
    let nearest = known.iter().copied().min_by_key(|known| distance(known))?;
    (distance(nearest) <= nearest.len() / 3).then_some(nearest)
}
