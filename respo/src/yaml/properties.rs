//! Reading the free-form properties of a resource or an entity as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::check::Checker;
use super::entries::KeyRule;
use super::load::tag_problem;
use super::node::{Content, Meaning, Node};
use super::path::{Path, quoted};

impl Checker {
    pub(super) fn properties(&mut self, path: &Path<'_>, node: &Node) -> BTreeMap<String, Value> {
        let mut properties = BTreeMap::new();
        let remedy = "write a map such as {socket: \"127.0.0.1:4567\"}";
        self.each_entry(path, node, KeyRule::Text, remedy, |checker, path, entry| {
            let value = checker.value(path, entry.value);
            properties.insert(entry.key.to_owned(), value);
        });
        properties
    }

    /// Recursion is bounded: the tree is at most [`MAX_DEPTH`](super::MAX_DEPTH) deep.
    pub(super) fn value(&mut self, path: &Path<'_>, node: &Node) -> Value {
        match &*node.content {
            Content::Scalar(text, meaning) => match meaning {
                Meaning::Null => Value::Null,
                Meaning::Boolean(boolean) => Value::Bool(*boolean),
                Meaning::Number(number) => Value::Number(number.clone()),
                Meaning::Text => Value::String(text.to_string()),
                Meaning::NotFinite => {
                    let remedy = format!("write a finite number, or a text: {}", quoted(text));
                    self.problems.add(path, node.place, "a number that is not finite", remedy);
                    Value::Null
                }
            },
            Content::List(items) => {
                let items = items.iter().enumerate();
                items.map(|(index, item)| self.value(&path.item(index), item)).collect()
            }
            Content::Map(_) => {
                let mut map = Map::new();
                self.each_entry(path, node, KeyRule::Text, "", |checker, path, entry| {
                    let value = checker.value(path, entry.value);
                    map.insert(entry.key.to_owned(), value);
                });
                Value::Object(map)
            }
            Content::Tagged(tag) => {
                let (problem, remedy) = tag_problem(tag);
                self.problems.add(path, node.place, problem, remedy);
                Value::Null
            }
        }
    }
}
