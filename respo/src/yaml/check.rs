//! Checks what a document says, from the pools down to the entities, and collects every mistake.

use std::collections::{BTreeMap, BTreeSet};

use super::InventoryDocument;
use super::entries::{DOCUMENT, ENTITY, Entry, KeyRule, POOL, RESOURCE};
use super::load::empty_document;
use super::node::{Content, Node, Place};
use super::numbers::Ids;
use super::path::Path;
use super::problem::{InventoryProblem, InventoryProblems, Problems};
use super::stacks::Suggestions;
use crate::inventory::{MAX_ENTITIES, MAX_RESOURCES};
use crate::{Entity, Inventory, Label, Name, Resource, Rules, Text};

const NO_POOL: &str = "there is no pool";
const POOL_REMEDY: &str = "write a map with the pool's name and its resources";

/// Walks a document in the order of the file and takes note of its mistakes.
///
/// What it reads on the way is complete only if there were none.
#[derive(Debug, Default)]
pub(super) struct Checker {
    pub(super) problems: Problems,
    pub(super) suggestions: Suggestions,
}

/// The pools that `root` describes, or everything that is wrong with it.
pub(super) fn check(
    root: &Node,
    second_document: Option<InventoryProblem>,
) -> Result<InventoryDocument, InventoryProblems> {
    if root.content.is_null() {
        let mut problems = vec![empty_document()];
        problems.extend(second_document);
        return Err(InventoryProblems(problems));
    }
    let mut checker = Checker::default();
    let pools = checker.document(root);
    if let Some(problem) = second_document {
        checker.problems.add_fatal(problem);
    }
    if checker.problems.is_empty() {
        Ok(InventoryDocument { pools, ids_are_places: false })
    } else {
        Err(checker.problems.into_sorted())
    }
}

/// The mistakes of what may be meant as a descriptor of rent-a-bot or as AVE's stacks: what would make it one is
/// said too.
pub(super) fn naming_others(mut problems: InventoryProblems) -> InventoryProblems {
    for problem in problems.0.iter_mut().filter(|problem| problem.problem == NO_POOL) {
        problem.remedy.push_str(
            "; a descriptor of rent-a-bot has the names of resources there, each with a map of its \
             description, endpoint and tags; a configuration of AVE's broker has `stacks` there, lists of \
             profiles with a type",
        );
    }
    problems
}

impl Checker {
    fn document(&mut self, root: &Node) -> Vec<(Label, Inventory)> {
        let path = &Path::Document;
        let mut pools = Vec::new();
        let mut pool_names = BTreeMap::new();
        let mut said: Option<&str> = None;
        let mut is_misspelt = false;
        self.each_entry(path, root, KeyRule::Literal, POOL_REMEDY, |checker, path, entry| {
            if DOCUMENT.keys.contains(&entry.key) {
                checker.one_of_two(path, entry, &mut said);
            }
            match entry.key {
                "pool" => pools.extend(checker.pool(path, entry.value, &mut pool_names)),
                "pools" => pools.extend(checker.pools(path, entry.value, &mut pool_names)),
                _ => is_misspelt |= checker.unknown_key(path, entry, &DOCUMENT).is_some(),
            }
        });
        let is_map = matches!(&*root.content, Content::Map(_));
        if is_map && said.is_none() && !is_misspelt {
            self.problems.add(path, root.place, NO_POOL, "add `pool:` at the top");
        }
        pools
    }

    /// Reports a key if the other one of its pair has been seen.
    fn one_of_two<'n>(&mut self, path: &Path<'_>, entry: &Entry<'n>, seen: &mut Option<&'n str>) {
        match *seen {
            Some(other) if other != entry.key => {
                let problem = format!("{other} is given as well");
                let remedy = format!("keep either {other} or {}", entry.key);
                self.problems.add(path, entry.key_place, problem, remedy);
            }
            _ => *seen = Some(entry.key),
        }
    }

    fn pools(
        &mut self,
        path: &Path<'_>,
        node: &Node,
        names: &mut BTreeMap<Label, Place>,
    ) -> Vec<(Label, Inventory)> {
        let Content::List(items) = &*node.content else {
            self.wrong_type(path, node, "a list", "write a list with a map for each pool");
            return Vec::new();
        };
        if items.is_empty() {
            self.problems.add(path, node.place, "there is no pool in the list", POOL_REMEDY);
        }
        let items = items.iter().enumerate();
        items.filter_map(|(index, item)| self.pool(&path.item(index), item, names)).collect()
    }

    fn pool(
        &mut self,
        path: &Path<'_>,
        node: &Node,
        names: &mut BTreeMap<Label, Place>,
    ) -> Option<(Label, Inventory)> {
        let mut pool_name = None;
        let mut is_named = false;
        let mut resources = Vec::new();
        let mut rules = Rules::default();
        // Stacks are looked at when all resources are known, which may come later in the file.
        let (mut described, mut wired) = (Vec::new(), Vec::new());
        self.each_entry(path, node, KeyRule::Literal, POOL_REMEDY, |checker, path, entry| {
            match entry.key {
                "name" => {
                    is_named = true;
                    let remedy = "write what the pool is called, such as \"test benches\"";
                    let name = checker.text(path, entry.value, remedy, |text| Label::new(text));
                    pool_name = name.map(|name| (name, entry.value.place));
                }
                "resources" => {
                    resources = checker.resources(path, entry.value);
                    described.push(entry.value);
                }
                "stacks" => wired.push(entry.value),
                _ if checker.rule(path, entry, &mut rules) => {}
                _ => is_named |= checker.unknown_key(path, entry, &POOL) == Some("name"),
            }
        });
        let content = &*node.content;
        if !is_named && (content.is_null() || matches!(content, Content::Map(_))) {
            let remedy = "add `name:` with what the pool is called";
            self.problems.add(path, node.place, "the pool has no name", remedy);
        }
        if let Some((name, place)) = &pool_name {
            self.unique_name(&path.key("name"), name, *place, names);
        }
        let stacks = self.stacks(&path.key("stacks"), &wired, &described);
        match Inventory::new(resources).and_then(|inventory| inventory.with_stacks(stacks)) {
            Ok(inventory) => pool_name.map(|(name, _)| (name, inventory.with_rules(rules))),
            // As a rule each mistake has been reported where it stands.
            Err(_) if !self.problems.is_empty() => None,
            Err(error) => {
                self.problems.add(path, node.place, error.to_string(), "change the resources");
                None
            }
        }
    }

    fn unique_name(
        &mut self,
        path: &Path<'_>,
        name: &Label,
        place: Place,
        names: &mut BTreeMap<Label, Place>,
    ) {
        if let Some(first) = names.get(name) {
            let problem = format!("the pool on line {} has the same name", first.line);
            self.problems.add(path, place, problem, "give each pool a name of its own");
        } else {
            names.insert(name.clone(), place);
        }
    }

    fn resources(&mut self, path: &Path<'_>, node: &Node) -> Vec<Resource> {
        if let Content::Map(pairs) = &*node.content {
            self.limit(path, node.place, pairs.len(), MAX_RESOURCES, "resources");
        }
        let (mut resources, mut ids) = (Vec::new(), Ids::default());
        let remedy = "write a map from each resource's name to what it is";
        self.each_entry(path, node, KeyRule::Literal, remedy, |checker, path, entry| {
            let name = checker.name(path, entry.key, entry.key_place);
            resources.extend(checker.resource(path, name, entry.value, &mut ids));
        });
        resources
    }

    fn resource(
        &mut self,
        path: &Path<'_>,
        name: Option<Name>,
        node: &Node,
        ids: &mut Ids,
    ) -> Option<Resource> {
        let mut attributes = BTreeSet::new();
        let mut attributes_key = None;
        let (mut id, mut location, mut description, mut endpoint) = (None, None, None, None);
        let (mut properties, mut entities) = (BTreeMap::new(), BTreeMap::new());
        let remedy = "write a map such as {location: office1, attributes: [can]}, or nothing";
        self.each_entry(path, node, KeyRule::Literal, remedy, |checker, path, entry| {
            let value = entry.value;
            match entry.key {
                "attributes" | "tags" => {
                    checker.one_of_two(path, entry, &mut attributes_key);
                    attributes = checker.attributes(path, value);
                }
                "location" => {
                    let remedy = "write one location, such as \"office1\"";
                    location = checker.text(path, value, remedy, |text| Label::new(text));
                }
                "description" => {
                    let remedy = "write one line of text";
                    description = checker.text(path, value, remedy, |text| Text::new(text));
                }
                "endpoint" => {
                    let remedy = "write one address, such as \"https://bench-1.example\"";
                    endpoint = checker.text(path, value, remedy, |text| Text::new(text));
                }
                "properties" => properties = checker.properties(path, value),
                "entities" => entities = checker.entities(path, value),
                "id" => id = checker.id(path, value, ids),
                _ => {
                    checker.unknown_key(path, entry, &RESOURCE);
                }
            }
        });
        // A resource whose name is a mistake has been checked all the same.
        name.map(|name| Resource {
            name,
            id,
            location,
            attributes,
            description,
            endpoint,
            properties,
            entities,
        })
    }

    fn entities(&mut self, path: &Path<'_>, node: &Node) -> BTreeMap<Name, Entity> {
        if let Content::Map(pairs) = &*node.content {
            self.limit(path, node.place, pairs.len(), MAX_ENTITIES, "entities");
        }
        let mut entities = BTreeMap::new();
        let remedy = "write a map from each entity's name to what it is";
        self.each_entry(path, node, KeyRule::Literal, remedy, |checker, path, entry| {
            let name = checker.name(path, entry.key, entry.key_place);
            let entity = checker.entity(path, entry.value);
            entities.extend(name.map(|name| (name, entity)));
        });
        entities
    }

    fn entity(&mut self, path: &Path<'_>, node: &Node) -> Entity {
        let mut entity = Entity::default();
        let mut attributes_key = None;
        let remedy = "write a map such as {attributes: [can]}, or nothing";
        self.each_entry(path, node, KeyRule::Literal, remedy, |checker, path, entry| {
            match entry.key {
                "attributes" | "tags" => {
                    checker.one_of_two(path, entry, &mut attributes_key);
                    entity.attributes = checker.attributes(path, entry.value);
                }
                "properties" => entity.properties = checker.properties(path, entry.value),
                _ => {
                    checker.unknown_key(path, entry, &ENTITY);
                }
            }
        });
        entity
    }
}
