//! Reading the configuration of AVE's broker, another server for the same purpose: its stacks, and the
//! equipment that is in them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::InventoryDocument;
use super::check::Checker;
use super::entries::{DOCUMENT, KeyRule};
use super::node::{Content, Node, Place};
use super::path::{Path, quoted};
use super::problem::{InventoryProblem, InventoryProblems};
use super::words::is_name_char;
use crate::inventory::{MAX_RESOURCES, MAX_STACK_SIZE, MAX_STACKS};
use crate::{Inventory, Label, Name, Resource, Stack, Word};

/// What may identify a piece of equipment, beside its type. Handsets go by the first, all else by the last.
const IDENTITIES: [&str; 3] = ["serial", "imei", "uid"];

const STACKS_REMEDY: &str =
    "write a list of stacks, such as [[{\"type\": \"handset\", \"serial\": \"CB1\"}]]";
const STACK_REMEDY: &str =
    "write a list of profiles, such as [{\"type\": \"relay\", \"uid\": \"a\"}]";
const PROFILE_REMEDY: &str = "write a map such as {\"type\": \"relay\", \"uid\": \"a\"}";

/// Whether a document has the shape of a broker's configuration with stacks: a map without the keys of an
/// inventory, whose `stacks` have maps in them.
pub(super) fn is_configuration(root: &Node) -> bool {
    let Content::Map(pairs) = &*root.content else { return false };
    let has = |wanted: &[&str]| {
        pairs.iter().any(|(key, _)| key.content.literal().is_some_and(|key| wanted.contains(&key)))
    };
    let is_map = |node: &Node| matches!(*node.content, Content::Map(_));
    let has_profiles = |node: &Node| match &*node.content {
        Content::List(items) => items.iter().any(is_map),
        _ => is_map(node),
    };
    let is_stacks = |(key, value): &(Node, Node)| match &*value.content {
        Content::List(stacks) => {
            key.content.literal() == Some("stacks") && stacks.iter().any(has_profiles)
        }
        _ => false,
    };
    !has(DOCUMENT.keys) && !has(&["resources"]) && pairs.iter().any(is_stacks)
}

/// The equipment and the stacks that `root` describes as those of `pool`, or everything that is wrong with it.
pub(super) fn read(
    root: &Node,
    second_document: Option<InventoryProblem>,
    pool: &Label,
) -> Result<InventoryDocument, InventoryProblems> {
    let mut checker = Checker::default();
    let mut equipment = Equipment::default();
    let mut stacks = BTreeSet::new();
    // What else a broker is told, such as its port, is nothing that an inventory has.
    checker.each_entry(&Path::Document, root, KeyRule::Literal, "", |checker, path, entry| {
        if entry.key == "stacks" {
            stacks.extend(checker.stacks_of_profiles(path, entry.value, &mut equipment));
        }
    });
    if let Some(problem) = second_document {
        checker.problems.add_fatal(problem);
    }
    let count = equipment.by_name.len();
    checker.limit(&Path::Document, root.place, count, MAX_RESOURCES, "pieces of equipment");
    let inventory = Inventory::new(equipment.into_resources())
        .and_then(|inventory| inventory.with_stacks(stacks));
    match inventory {
        Ok(inventory) if checker.problems.is_empty() => {
            Ok(InventoryDocument::new(vec![(pool.clone(), inventory)]))
        }
        Ok(_) => Err(checker.problems.into_sorted()),
        Err(error) => {
            // As a rule each mistake has been reported where it stands.
            if checker.problems.is_empty() {
                let path = Path::Document;
                checker.problems.add(&path, root.place, error.to_string(), STACKS_REMEDY);
            }
            Err(checker.problems.into_sorted())
        }
    }
}

/// What has been read, by the name that it gets.
#[derive(Debug, Default)]
struct Equipment {
    by_name: BTreeMap<Name, Piece>,
}

#[derive(Debug)]
struct Piece {
    /// Its type and what identifies it among those of its type.
    identity: (String, String),
    /// Where it was found first.
    place: Place,
    properties: BTreeMap<String, Value>,
}

impl Equipment {
    fn into_resources(self) -> impl Iterator<Item = Resource> {
        self.by_name.into_iter().map(|(name, piece)| Resource {
            // Properties are for holders and administrators; what it is, the lists show as well.
            attributes: Word::new(&piece.identity.0).into_iter().collect(),
            properties: piece.properties,
            ..Resource::new(name)
        })
    }
}

impl Checker {
    /// Reads the stacks that have at least two members. One with a single member says that there is such a
    /// piece of equipment; that a stack is there twice says nothing new.
    fn stacks_of_profiles(
        &mut self,
        path: &Path<'_>,
        node: &Node,
        equipment: &mut Equipment,
    ) -> Vec<Stack> {
        let Content::List(items) = &*node.content else {
            self.wrong_type(path, node, "a list", STACKS_REMEDY);
            return Vec::new();
        };
        self.limit(path, node.place, items.len(), MAX_STACKS, "stacks");
        let mut stacks = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let path = path.item(index);
            let Content::List(profiles) = &*item.content else {
                self.wrong_type(&path, item, "a list", STACK_REMEDY);
                continue;
            };
            if profiles.is_empty() {
                self.problems.add(&path, item.place, "the stack is empty", STACK_REMEDY);
            }
            self.limit(&path, item.place, profiles.len(), MAX_STACK_SIZE, "profiles in a stack");
            let mut first_lines = BTreeMap::new();
            for (index, profile) in profiles.iter().enumerate() {
                let path = path.item(index);
                let Some(name) = self.profile(&path, profile, equipment) else { continue };
                if let Some(line) = first_lines.get(&name) {
                    let problem = format!("{name} is already in the stack, on line {line}");
                    self.problems.add(&path, profile.place, problem, "remove it");
                } else {
                    first_lines.insert(name, profile.place.line);
                }
            }
            if first_lines.len() > 1 {
                stacks.push(Stack(first_lines.into_keys().collect()));
            }
        }
        stacks
    }

    /// Reads a profile into the equipment; the answer is the name of the resource that it becomes.
    fn profile(&mut self, path: &Path<'_>, node: &Node, equipment: &mut Equipment) -> Option<Name> {
        if node.content.is_null() {
            self.wrong_type(path, node, "a map", PROFILE_REMEDY);
            return None;
        }
        let mut properties = BTreeMap::new();
        let mut said: BTreeMap<&str, &Node> = BTreeMap::new();
        self.each_entry(path, node, KeyRule::Text, PROFILE_REMEDY, |checker, path, entry| {
            properties.insert(entry.key.to_owned(), checker.value(path, entry.value));
            said.insert(entry.key, entry.value);
        });
        if !matches!(*node.content, Content::Map(_)) {
            return None;
        }
        let Some(&kind) = said.get("type") else {
            let remedy = "add what it is, such as \"type\": \"handset\"";
            self.problems.add(path, node.place, "the profile has no type", remedy);
            return None;
        };
        let kind = self.plain(&path.key("type"), kind)?;
        let mut keys = IDENTITIES;
        if kind != "handset" {
            keys.reverse();
        }
        let Some((key, id)) = keys.iter().find_map(|key| Some((*key, *said.get(key)?))) else {
            let problem = "the profile has nothing that identifies one piece of equipment";
            let remedy = "add its serial or imei if it is a handset, its uid if not";
            self.problems.add(path, node.place, problem, remedy);
            return None;
        };
        let id = self.plain(&path.key(key), id)?;
        let name = format!("{kind}-{id}");
        let name = name.chars().map(|c| if is_name_char(c) { c } else { '-' }).collect::<String>();
        let name = self.name(path, &name, node.place)?;
        let identity = (kind.to_owned(), id.to_owned());
        let piece = Piece { identity, place: node.place, properties };
        self.add_piece(path, equipment, &name, piece).then_some(name)
    }

    /// Takes note of a piece of equipment, unless another one has its name. What several stacks say of the
    /// same one adds up.
    fn add_piece(
        &mut self,
        path: &Path<'_>,
        equipment: &mut Equipment,
        name: &Name,
        piece: Piece,
    ) -> bool {
        let place = piece.place;
        let Some(known) = equipment.by_name.get_mut(name) else {
            equipment.by_name.insert(name.clone(), piece);
            return true;
        };
        if known.identity != piece.identity {
            let (kind, id) = &known.identity;
            let problem = format!(
                "the resource would be called {name}, as is that of {} {} on line {}",
                quoted(kind),
                quoted(id),
                known.place.line
            );
            let remedy =
                "convert the file without it, and add it to the inventory under another name";
            self.problems.add(path, place, problem, remedy);
            return false;
        }
        for (key, value) in piece.properties {
            match known.properties.get(&key) {
                Some(other) if *other != value => {
                    let problem =
                        format!("{name} has another {} on line {}", quoted(&key), known.place.line);
                    self.problems.add(&path.key(&key), place, problem, "keep one of them");
                }
                _ => {
                    known.properties.insert(key, value);
                }
            }
        }
        true
    }

    /// Reads a text that is not empty; a number as it is written.
    fn plain<'n>(&mut self, path: &Path<'_>, node: &'n Node) -> Option<&'n str> {
        let remedy = "write a text, such as \"a1\"";
        let Some(literal) = node.content.literal() else {
            self.wrong_type(path, node, "a text", remedy);
            return None;
        };
        if literal.trim().is_empty() {
            self.problems.add(path, node.place, "an empty text", remedy);
            return None;
        }
        Some(literal)
    }
}
