//! Reading a requirement from its text form.

use std::collections::BTreeSet;

use super::property::{self, expect_end, is_plain};
use super::scan::{Mistake, Scanner};
use crate::names::Word;
use crate::request::draft::{
    Draft, REQUIREMENT_PARAMETERS, insert_property, parse_count, parse_item,
};
use crate::request::requirement::{self, Requirement};
use crate::selector::{EntityPattern, MAX_SELECTOR_ITEMS};

/// Reads one requirement.
pub(super) fn requirement(text: &str) -> Result<Requirement, Mistake> {
    let mut reader = Reader { scanner: Scanner::new(text), draft: Draft::default() };
    reader.scanner.skip_blanks();
    if reader.scanner.peek().is_none() {
        return reader.scanner.mistake("it is empty; any one resource is written 1");
    }
    reader.count()?;
    loop {
        reader.scanner.skip_blanks();
        if reader.scanner.peek().is_none() {
            break;
        }
        reader.term()?;
    }
    let of_all = |problem| Mistake { at: 0, problem };
    let requirement = reader.draft.finish().map_err(of_all)?;
    requirement::check(std::slice::from_ref(&requirement))
        .map_err(|error| of_all(error.problem))?;
    Ok(requirement)
}

struct Reader<'t> {
    scanner: Scanner<'t>,
    draft: Draft,
}

impl<'t> Reader<'t> {
    /// A number that comes first, and the keys that it may be of.
    fn count(&mut self) -> Result<(), Mistake> {
        let at = self.scanner.at();
        if !is_number(self.next_word()) {
            return Ok(());
        }
        let count = parse_count(self.scanner.take_word());
        count
            .and_then(|count| self.draft.count(count))
            .map_err(|problem| Mistake { at, problem })?;
        self.scanner.skip_blanks();
        if self.next_word() != "of" {
            return Ok(());
        }
        self.scanner.take_word();
        self.scanner.skip_blanks();
        if self.scanner.peek().is_none() {
            return self.scanner.mistake("after 'of' there is a list of keys, as in 2 of a,b,c");
        }
        self.listed("keys")
    }

    fn next_word(&self) -> &'t str {
        self.scanner.rest().split(char::is_whitespace).next().unwrap_or_default()
    }

    fn term(&mut self) -> Result<(), Mistake> {
        let at = self.scanner.at();
        match self.scanner.peek() {
            Some('{') => self.pattern(),
            Some('+') => {
                self.scanner.take('+');
                let attribute = parse_item::<Word>(self.scanner.take_word());
                let taken =
                    attribute.and_then(|word| self.draft.attributes(BTreeSet::from([word])));
                taken.map_err(|problem| Mistake { at, problem })
            }
            Some('@') => {
                self.scanner.take('@');
                self.label("stack")
            }
            Some('"') => self.property(at),
            _ => {
                let word = self.scanner.take_while(|c| c != '=' && !c.is_whitespace());
                let has_value = self.scanner.peek() == Some('=');
                self.scanner.go_back_to(at);
                if has_value { self.key_and_value(word) } else { self.names(word) }
            }
        }
    }

    fn names(&mut self, word: &str) -> Result<(), Mistake> {
        if is_number(word) {
            return self.scanner.mistake(format!(
                "a count comes first; a resource of this name is written resource={word}"
            ));
        }
        if word == "of" {
            return self.scanner.mistake(
                "'of' comes after a count, as in 2 of a,b,c; a resource of this name is written \
                 resource=of",
            );
        }
        self.listed("resource")
    }

    fn key_and_value(&mut self, key: &str) -> Result<(), Mistake> {
        let start = self.scanner.at();
        let value = start + key.len() + 1;
        match key {
            "location" | "stack" => {
                self.scanner.go_back_to(value);
                self.label(key)
            }
            "where" => {
                self.scanner.go_back_to(value);
                let taken = self.draft.take(key, self.scanner.take_rest());
                taken.map_err(|problem| Mistake { at: value, problem })
            }
            "property" => self.property(value),
            _ if REQUIREMENT_PARAMETERS.contains(&key) => {
                self.scanner.go_back_to(value);
                self.listed(key)
            }
            _ if key.starts_with(PROPERTIES) => self.property(start + PROPERTIES.len()),
            _ => self.property(start),
        }
    }

    /// Reads what belongs to `key` and may be a list.
    fn listed(&mut self, key: &str) -> Result<(), Mistake> {
        let at = self.scanner.at();
        let mistake = |problem: String| Mistake { at, problem };
        let value = self.scanner.take_bracketed()?;
        if key == "resource" && self.draft.has_names() {
            return Err(mistake(
                "names are given already; one of several is written a,b, and an attribute +can"
                    .to_owned(),
            ));
        }
        if value.ends_with(',') {
            return Err(mistake(
                "a list such as a,b has no blanks in it, and no comma at its end".to_owned(),
            ));
        }
        self.draft.take(key, value).map_err(mistake)
    }

    /// Reads a text that may be in quotes.
    fn label(&mut self, key: &str) -> Result<(), Mistake> {
        let at = self.scanner.at();
        let label = if self.scanner.peek() == Some('"') {
            self.scanner.take_quoted()?
        } else {
            self.scanner.take_while(is_plain).to_owned()
        };
        expect_end(&self.scanner, None)?;
        self.draft.take(key, &label).map_err(|problem| Mistake { at, problem })
    }

    /// Reads a property of the resource that begins at `start`.
    fn property(&mut self, start: usize) -> Result<(), Mistake> {
        self.scanner.go_back_to(start);
        let (path, value) = property::read(&mut self.scanner)?;
        expect_end(&self.scanner, None)?;
        self.draft.property(path, value).map_err(|problem| Mistake { at: start, problem })
    }

    fn pattern(&mut self) -> Result<(), Mistake> {
        let start = self.scanner.at();
        let mistake = |problem: String| Mistake { at: start, problem };
        self.scanner.take('{');
        let mut pattern = EntityPattern::default();
        loop {
            self.scanner.skip_blanks();
            match self.scanner.peek() {
                None => return Err(mistake("the braces that begin here do not end".to_owned())),
                Some('}') => break,
                Some(_) => self.pattern_term(&mut pattern)?,
            }
        }
        self.scanner.take('}');
        expect_end(&self.scanner, None)?;
        self.draft.entity(pattern).map_err(mistake)
    }

    fn pattern_term(&mut self, pattern: &mut EntityPattern) -> Result<(), Mistake> {
        let at = self.scanner.at();
        let mistake = |problem: String| Mistake { at, problem };
        let marked = self.scanner.take('+');
        let is_property = !marked && {
            let word = self.scanner.take_while(|c| c != '=' && !c.is_whitespace() && c != '}');
            let is_property = word.starts_with('"') || self.scanner.peek() == Some('=');
            self.scanner.go_back_to(at);
            is_property
        };
        if is_property {
            let (path, value) = property::read(&mut self.scanner)?;
            insert_property(&mut pattern.properties, path, value).map_err(mistake)?;
        } else {
            let word = self.scanner.take_while(|c| !c.is_whitespace() && c != '}');
            pattern.attributes.insert(parse_item(word).map_err(mistake)?);
            if pattern.attributes.len() > MAX_SELECTOR_ITEMS {
                return Err(mistake(format!("at most {MAX_SELECTOR_ITEMS} attributes")));
            }
        }
        expect_end(&self.scanner, Some('}'))
    }
}

/// What may stand before the path of a property, to tell it from another key.
pub(super) const PROPERTIES: &str = "properties.";

/// Whether a word is read as a count where it comes first.
pub(super) fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}
