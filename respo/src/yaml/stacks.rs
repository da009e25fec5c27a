//! Reading which resources are wired together.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Checker;
use super::node::{Content, Node};
use super::path::{Path, quoted};
use crate::inventory::{MAX_STACK_SIZE, MAX_STACKS};
use crate::{Name, Stack};

/// What comparing names may cost for one document, in pairs of characters. Whoever has very many names, or
/// mistakes in them, is not told what the last of them resemble.
const COMPARISONS: usize = 10_000_000;

const STACKS_REMEDY: &str = "write a list of stacks, such as [[phone-1, relay-1]]";
const STACK_REMEDY: &str = "name two or more resources, such as [phone-1, relay-1]";

impl Checker {
    /// Reads `lists` of stacks of the resources that are the keys of the maps in `described`.
    pub(super) fn stacks(
        &mut self,
        path: &Path<'_>,
        lists: &[&Node],
        described: &[&Node],
    ) -> Vec<Stack> {
        if lists.is_empty() {
            return Vec::new();
        }
        // Those with a mistake in them, too: it has been reported where it is.
        let known: BTreeSet<&str> = described.iter().copied().flat_map(keys).collect();
        let mut first_lines = BTreeMap::new();
        for list in lists {
            match &*list.content {
                Content::List(items) => {
                    self.limit(path, list.place, items.len(), MAX_STACKS, "stacks");
                    for (index, item) in items.iter().enumerate() {
                        self.stack(&path.item(index), item, &known, &mut first_lines);
                    }
                }
                content if content.is_null() => {}
                _ => self.wrong_type(path, list, "a list", STACKS_REMEDY),
            }
        }
        first_lines.into_keys().collect()
    }

    fn stack(
        &mut self,
        path: &Path<'_>,
        node: &Node,
        known: &BTreeSet<&str>,
        first_lines: &mut BTreeMap<Stack, u32>,
    ) {
        let items = match &*node.content {
            Content::List(items) => items.as_slice(),
            content if content.is_null() => &[],
            _ => return self.wrong_type(path, node, "a list", STACK_REMEDY),
        };
        if items.len() < 2 {
            let problem = format!("{} in a stack of at least 2 resources", items.len());
            self.problems.add(path, node.place, problem, STACK_REMEDY);
        }
        self.limit(path, node.place, items.len(), MAX_STACK_SIZE, "resources in a stack");
        let members = self.members(path, items, known);
        if members.len() < items.len() {
            // Nobody knows what it was to be.
            return;
        }
        let stack = Stack(members);
        if let Some(line) = first_lines.get(&stack) {
            let problem = format!("the stack on line {line} has the same resources");
            self.problems.add(path, node.place, problem, "remove one of them");
        } else {
            first_lines.insert(stack, node.place.line);
        }
    }

    fn members(
        &mut self,
        path: &Path<'_>,
        items: &[Node],
        known: &BTreeSet<&str>,
    ) -> BTreeSet<Name> {
        let mut first_lines: BTreeMap<&str, u32> = BTreeMap::new();
        for (index, item) in items.iter().enumerate() {
            let path = path.item(index);
            let Some(name) = item.content.literal() else {
                self.wrong_type(&path, item, "a text", "write the name of a resource");
                continue;
            };
            if let Some(line) = first_lines.get(name) {
                let problem = format!("{} is already in the stack, on line {line}", quoted(name));
                self.problems.add(&path, item.place, problem, "remove it");
            } else if known.contains(name) {
                first_lines.insert(name, item.place.line);
            } else {
                // One that is no name is a mistake itself, and said where it stands.
                let is_name = |near: &&str| Name::new(*near).is_ok();
                let remedy = match self.suggestions.nearest(name, known).filter(is_name) {
                    Some(near) => format!("did you mean {near}?"),
                    None => "name a resource of this pool, or add it to its resources".to_owned(),
                };
                let problem = format!("the pool has no resource {}", quoted(name));
                self.problems.add(&path, item.place, problem, remedy);
            }
        }
        first_lines.into_keys().filter_map(|name| Name::new(name).ok()).collect()
    }
}

/// The keys of a map, as far as they are texts.
fn keys(node: &Node) -> impl Iterator<Item = &str> {
    let pairs = match &*node.content {
        Content::Map(pairs) => pairs.as_slice(),
        _ => &[],
    };
    pairs.iter().filter_map(|(key, _)| key.content.literal())
}

/// Finds the name that one was most likely meant to be, as long as that costs little.
#[derive(Debug, Default)]
pub(super) struct Suggestions {
    /// How many pairs of characters have been compared.
    compared: usize,
}

impl Suggestions {
    fn nearest<'k>(&mut self, name: &str, known: &BTreeSet<&'k str>) -> Option<&'k str> {
        let wanted = name.to_lowercase();
        let mut nearest: Option<(usize, &str)> = None;
        for known in known.iter().copied() {
            let most = known.len().min(wanted.len()) / 3;
            // They differ by at least as much as their lengths do.
            let may_be_near = known.len().abs_diff(wanted.len()) <= most;
            let cost = if may_be_near { known.len().saturating_mul(wanted.len()) } else { 1 };
            self.compared = self.compared.saturating_add(cost);
            if self.compared > COMPARISONS {
                return None;
            }
            if !may_be_near {
                continue;
            }
            let distance = strsim::osa_distance(&wanted, &known.to_lowercase());
            if distance <= most && nearest.is_none_or(|(least, _)| distance < least) {
                nearest = Some((distance, known));
            }
        }
        nearest.map(|(_, known)| known)
    }
}
