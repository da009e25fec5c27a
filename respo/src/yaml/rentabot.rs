//! Reading the descriptor of rent-a-bot, another server for the same purpose: what its resources are.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;

use serde_json::Value;

use super::InventoryDocument;
use super::check::Checker;
use super::entries::{DOCUMENT, KeyRule};
use super::node::{Content, Node};
use super::path::Path;
use super::problem::{InventoryProblem, InventoryProblems};
use crate::inventory::{MAX_ATTRIBUTES, MAX_RESOURCES};
use crate::{Inventory, Label, Name, Resource, Text, Word};

/// The keys that rent-a-bot knows of a resource.
const KEYS: [&str; 3] = ["description", "endpoint", "tags"];

const REMEDY: &str = "write a map from each resource's name to its description, endpoint and tags";

/// Whether a document has the shape of a descriptor: a map without the keys of an inventory, from names to
/// maps, of which one at least says something that rent-a-bot knows.
pub(super) fn is_descriptor(root: &Node) -> bool {
    let Content::Map(pairs) = &*root.content else { return false };
    let is_known = |(key, value): &(Node, Node), known: &[&str]| {
        let is_plain = !matches!(*value.content, Content::Map(_));
        is_plain && key.content.literal().is_some_and(|key| known.contains(&key))
    };
    let names_a_pool = pairs
        .iter()
        .any(|(key, _)| key.content.literal().is_some_and(|key| DOCUMENT.keys.contains(&key)));
    let are_maps = pairs
        .iter()
        .all(|(_, value)| matches!(*value.content, Content::Map(_)) || value.content.is_null());
    let says_something = pairs.iter().any(|(_, value)| match &*value.content {
        Content::Map(pairs) => pairs.iter().any(|pair| is_known(pair, &KEYS)),
        _ => false,
    });
    !names_a_pool && are_maps && says_something
}

/// The resources that `root` describes as those of `pool`, or everything that is wrong with it.
pub(super) fn read(
    root: &Node,
    second_document: Option<InventoryProblem>,
    pool: &Label,
) -> Result<InventoryDocument, InventoryProblems> {
    let mut checker = Checker::default();
    let resources = checker.described(root);
    if let Some(problem) = second_document {
        checker.problems.add_fatal(problem);
    }
    let inventory = Inventory::new(resources);
    if let (Err(error), true) = (&inventory, checker.problems.is_empty()) {
        checker.problems.add(&Path::Document, root.place, error.to_string(), REMEDY);
    }
    match inventory {
        Ok(inventory) if checker.problems.is_empty() => {
            Ok(InventoryDocument { pools: vec![(pool.clone(), inventory)], ids_are_places: true })
        }
        _ => Err(checker.problems.into_sorted()),
    }
}

impl Checker {
    fn described(&mut self, root: &Node) -> Vec<Resource> {
        let path = &Path::Document;
        match &*root.content {
            Content::Map(pairs) if pairs.is_empty() => {
                self.problems.add(path, root.place, "the descriptor is empty", REMEDY);
            }
            Content::Map(pairs) => {
                self.limit(path, root.place, pairs.len(), MAX_RESOURCES, "resources");
            }
            // That nothing is there is no mistake elsewhere.
            _ => self.wrong_type(path, root, "a map", REMEDY),
        }
        let mut resources = Vec::new();
        let mut place = 0;
        self.each_entry(path, root, KeyRule::Literal, REMEDY, |checker, path, entry| {
            place += 1;
            let name = checker.name(path, entry.key, entry.key_place);
            let id = NonZeroU32::new(place);
            resources.extend(checker.described_resource(path, name, id, entry.value));
        });
        resources
    }

    fn described_resource(
        &mut self,
        path: &Path<'_>,
        name: Option<Name>,
        id: Option<NonZeroU32>,
        node: &Node,
    ) -> Option<Resource> {
        let mut attributes = BTreeSet::new();
        let (mut description, mut endpoint) = (None, None);
        let mut properties: BTreeMap<String, Value> = BTreeMap::new();
        let remedy = "write a map such as {description: next to the door, tags: \"can,jtag\"}";
        self.each_entry(path, node, KeyRule::Literal, remedy, |checker, path, entry| {
            match entry.key {
                "description" => description = checker.line(path, entry.value),
                "endpoint" => endpoint = checker.line(path, entry.value),
                "tags" => attributes = checker.tags(path, entry.value),
                // rent-a-bot looks at nothing else. Here it is not lost.
                other => {
                    properties.insert(other.to_owned(), checker.value(path, entry.value));
                }
            }
        });
        let described = |name| Resource {
            id,
            attributes,
            description,
            endpoint,
            properties,
            ..Resource::new(name)
        };
        name.map(described)
    }

    /// Reads a text that may have several lines, as one line. An empty one is none.
    fn line(&mut self, path: &Path<'_>, node: &Node) -> Option<Text> {
        if node.content.is_null() {
            return None;
        }
        let remedy = "write a text of at most 1024 characters";
        let Some(literal) = node.content.literal() else {
            self.wrong_type(path, node, "a text", remedy);
            return None;
        };
        let line = literal.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            return None;
        }
        let text = Text::new(line);
        text.map_err(|error| self.problems.add(path, node.place, error.to_string(), remedy)).ok()
    }

    /// Reads tags: one text, or a list of them, each with words between commas or blanks. rent-a-bot 1.0 wants
    /// commas; before, it was blanks. That a word is there twice is no mistake.
    fn tags(&mut self, path: &Path<'_>, node: &Node) -> BTreeSet<Word> {
        let mut words = BTreeSet::new();
        match &*node.content {
            Content::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.tags_in(&path.item(index), item, &mut words);
                }
            }
            content if content.is_null() => {}
            _ => self.tags_in(path, node, &mut words),
        }
        self.limit(path, node.place, words.len(), MAX_ATTRIBUTES, "tags");
        words
    }

    fn tags_in(&mut self, path: &Path<'_>, node: &Node, words: &mut BTreeSet<Word>) {
        let remedy = "write words between commas, such as \"can,jtag\"";
        let Some(literal) = node.content.literal() else {
            return self.wrong_type(path, node, "a text", remedy);
        };
        let separates = |c: char| c == ',' || c.is_whitespace();
        for word in literal.split(separates).filter(|word| !word.is_empty()) {
            match Word::new(word) {
                Ok(word) => {
                    words.insert(word);
                }
                Err(error) => {
                    self.problems.add(path, node.place, error.to_string(), remedy);
                }
            }
        }
    }
}
