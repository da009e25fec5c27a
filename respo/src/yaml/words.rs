//! Reading texts and attributes.

use std::collections::{BTreeMap, BTreeSet};

use super::check::Checker;
use super::node::{Content, Node, Place};
use super::path::{Path, quoted};
use crate::inventory::MAX_ATTRIBUTES;
use crate::names::{Name, NameError, Word};

impl Checker {
    /// Reads one text, such as a location; a number or boolean as it is written.
    pub(super) fn text<T>(
        &mut self,
        path: &Path<'_>,
        node: &Node,
        remedy: &str,
        read: impl Fn(&str) -> Result<T, NameError>,
    ) -> Option<T> {
        let Some(literal) = node.content.literal() else {
            self.wrong_type(path, node, "a text", remedy);
            return None;
        };
        match read(literal) {
            Ok(text) => Some(text),
            Err(error) => {
                self.problems.add(path, node.place, error.to_string(), remedy);
                None
            }
        }
    }

    /// Reads the key of a resource or an entity.
    pub(super) fn name(&mut self, path: &Path<'_>, key: &str, place: Place) -> Option<Name> {
        match Name::new(key) {
            Ok(name) => Some(name),
            Err(error) => {
                let near: String =
                    key.trim().chars().map(|c| if is_name_char(c) { c } else { '-' }).collect();
                let remedy = match Name::new(&near) {
                    Ok(name) if name.as_str().contains(|c: char| c.is_ascii_alphanumeric()) => {
                        format!("write {name}, for example")
                    }
                    _ => "write a name such as bench-1".to_owned(),
                };
                self.problems.add(path, place, error.to_string(), remedy);
                None
            }
        }
    }

    /// Reads attributes: a list, or one text of words between spaces or commas.
    pub(super) fn attributes(&mut self, path: &Path<'_>, node: &Node) -> BTreeSet<Word> {
        match &*node.content {
            Content::List(items) => self.attribute_list(path, node, items),
            content => match content.literal() {
                Some(literal) => self.attribute_text(path, node, literal),
                None if content.is_null() => BTreeSet::new(),
                None => {
                    self.wrong_type(path, node, "a list", "write a list such as [can, jtag]");
                    BTreeSet::new()
                }
            },
        }
    }

    fn attribute_list(&mut self, path: &Path<'_>, node: &Node, items: &[Node]) -> BTreeSet<Word> {
        self.limit(path, node.place, items.len(), MAX_ATTRIBUTES, "attributes");
        let mut first_lines: BTreeMap<Word, u32> = BTreeMap::new();
        for (index, item) in items.iter().enumerate() {
            let path = path.item(index);
            let remedy = "write one word, such as jtag";
            let Some(word) = self.text(&path, item, remedy, |text| Word::new(text)) else {
                continue;
            };
            if let Some(line) = first_lines.get(&word) {
                let problem =
                    format!("{} is already in the list, on line {line}", quoted(word.as_str()));
                self.problems.add(&path, item.place, problem, "remove it");
            } else {
                first_lines.insert(word, item.place.line);
            }
        }
        first_lines.into_keys().collect()
    }

    fn attribute_text(&mut self, path: &Path<'_>, node: &Node, text: &str) -> BTreeSet<Word> {
        let mut words = BTreeSet::new();
        let mut count = 0;
        for text in text.split(|c: char| c.is_whitespace() || c == ',').filter(|t| !t.is_empty()) {
            count += 1;
            match Word::new(text) {
                Ok(word) if words.contains(&word) => {
                    let problem = format!("{} is there twice", quoted(text));
                    self.problems.add(path, node.place, problem, "remove one of them");
                }
                Ok(word) => {
                    words.insert(word);
                }
                Err(error) => {
                    let remedy = "write words between spaces or commas, such as \"can, jtag\"";
                    self.problems.add(path, node.place, error.to_string(), remedy);
                }
            }
        }
        self.limit(path, node.place, count, MAX_ATTRIBUTES, "attributes");
        words
    }

    /// Reports more of something than allowed.
    pub(super) fn limit(
        &mut self,
        path: &Path<'_>,
        place: Place,
        count: usize,
        most: usize,
        what: &str,
    ) {
        if count > most {
            let problem = format!("{count} {what} are more than the {most} allowed");
            self.problems.add(path, place, problem, format!("keep at most {most}"));
        }
    }
}

/// Whether a name may have this character in it.
pub(super) fn is_name_char(c: char) -> bool {
    let mut buffer = [0; 4];
    Name::new(c.encode_utf8(&mut buffer)).is_ok()
}
