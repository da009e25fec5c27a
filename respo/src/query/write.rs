//! Writing requests and selectors in the form in which they are read.

use std::collections::BTreeSet;
use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::{LockAction, LockQuery, tag};
use crate::names::{Name, Word};
use crate::request::text::written_property;
use crate::request::{Request, Requirement, Wait, Wanted};
use crate::selector::{EntityPattern, Selector};
use crate::time::HumanDuration;

/// What must be escaped in a query. Brackets and commas stay readable.
const ESCAPED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'+')
    .add(b'<')
    .add(b'>')
    .add(b'\'');

/// Writes `key=value` pairs, escaped, with `&` between them.
struct QueryWriter<'f, 'g> {
    to: &'f mut fmt::Formatter<'g>,
    first: bool,
}

impl QueryWriter<'_, '_> {
    fn pair(&mut self, key: &str, value: &str) -> fmt::Result {
        if !std::mem::take(&mut self.first) {
            self.to.write_str("&")?;
        }
        write!(self.to, "{key}={}", utf8_percent_encode(value, ESCAPED))
    }

    fn selector(&mut self, selector: &Selector) -> fmt::Result {
        self.names("resource", &selector.names)?;
        if let Some(location) = &selector.location {
            self.pair("location", location.as_str())?;
        }
        if !selector.attributes.is_empty() {
            self.pair("attributes", &bracketed(&selector.attributes))?;
        }
        if !selector.entities().is_empty() {
            let patterns: Vec<String> = selector.entities().iter().map(pattern).collect();
            self.pair("entities", &format!("[{}]", patterns.join(",")))?;
        }
        for (path, value) in &selector.properties {
            self.pair("property", &written_property(path, value))?;
        }
        match &selector.condition {
            None => Ok(()),
            Some(condition) => self.pair("where", condition.as_str()),
        }
    }

    fn names(&mut self, key: &str, names: &BTreeSet<Name>) -> fmt::Result {
        match names.len() {
            0 => Ok(()),
            1 => self.pair(key, &join(names)),
            _ => self.pair(key, &format!("[{}]", join(names))),
        }
    }

    fn requirement(&mut self, requirement: &Requirement) -> fmt::Result {
        if requirement.count != 1 {
            self.pair("count", &requirement.count.to_string())?;
        }
        match &requirement.wanted {
            Wanted::Matching(selector) => self.selector(selector)?,
            Wanted::Keys(keys) => self.names("keys", keys)?,
        }
        match &requirement.stack {
            None => Ok(()),
            Some(stack) => self.pair("stack", stack.as_str()),
        }
    }

    /// One requirement as parameters, several as a text each.
    fn requirements(&mut self, requirements: &[Requirement]) -> fmt::Result {
        match requirements {
            [one] => self.requirement(one),
            several => several
                .iter()
                .try_for_each(|requirement| self.pair("requirement", &requirement.to_string())),
        }
    }

    fn request(&mut self, request: &Request) -> fmt::Result {
        self.requirements(request.requirements())?;
        if request.priority.value() != 0 {
            self.pair("priority", &request.priority.to_string())?;
        }
        if let Some(description) = &request.description {
            self.pair("description", description.as_str())?;
        }
        if let Some(holder) = &request.holder {
            self.pair("name", holder.as_str())?;
        }
        for (key, value) in &request.tags {
            self.pair("tag", &tag::written(key, value))?;
        }
        if request.wait != Wait::Forever {
            self.pair("wait", &request.wait.to_string())?;
        }
        if !request.linger().is_zero() {
            self.pair("linger", &HumanDuration(request.linger()).to_string())?;
        }
        match request.max_duration {
            None => Ok(()),
            Some(limit) => self.pair("max_duration", &HumanDuration(limit).to_string()),
        }
    }
}

fn join<T: AsRef<str>>(items: &BTreeSet<T>) -> String {
    items.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(",")
}

/// `[a,b]`: how attributes are written in a query and in messages.
pub(crate) fn bracketed(words: &BTreeSet<Word>) -> String {
    format!("[{}]", join(words))
}

/// `[jtag,{gsm.operator=GTE}]`: how an entity pattern is written in a query and in messages.
fn pattern(pattern: &EntityPattern) -> String {
    let words = pattern.attributes.iter().map(ToString::to_string);
    let properties = pattern.properties.iter();
    let properties =
        properties.map(|(path, value)| format!("{{{}}}", written_property(path, value)));
    format!("[{}]", words.chain(properties).collect::<Vec<_>>().join(","))
}

impl fmt::Display for LockQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut writer = QueryWriter { to: f, first: true };
        match &self.action {
            LockAction::Request(request) => writer.request(request)?,
            LockAction::Resume(token) => writer.pair("resume", token.reveal())?,
        }
        match &self.pool {
            None => Ok(()),
            Some(pool) => writer.pair("pool", pool.as_str()),
        }
    }
}

/// The query-string form, such as `location=office1&attributes=[can]`; nothing for any resource.
impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        QueryWriter { to: f, first: true }.selector(self)
    }
}
