//! Writing requests and selectors in the form in which they are read.

use std::collections::BTreeSet;
use std::fmt;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::{LockAction, LockQuery};
use crate::names::Word;
use crate::request::{Request, Wait};
use crate::selector::Selector;
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
        match selector.names.len() {
            0 => {}
            1 => self.pair("resource", &join(&selector.names))?,
            _ => self.pair("resource", &format!("[{}]", join(&selector.names)))?,
        }
        if let Some(location) = &selector.location {
            self.pair("location", location.as_str())?;
        }
        if !selector.attributes.is_empty() {
            self.pair("attributes", &bracketed(&selector.attributes))?;
        }
        if !selector.entities().is_empty() {
            let patterns: Vec<String> =
                selector.entities().iter().map(|pattern| bracketed(&pattern.attributes)).collect();
            self.pair("entities", &format!("[{}]", patterns.join(",")))?;
        }
        Ok(())
    }

    fn request(&mut self, request: &Request) -> fmt::Result {
        for requirement in request.requirements() {
            if let Some(selector) = requirement.selector() {
                self.selector(selector)?;
            }
        }
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
            self.pair("tag", &format!("{key}={value}"))?;
        }
        match request.wait {
            Wait::Forever => {}
            Wait::No => self.pair("wait", "0")?,
            Wait::UpTo(limit) => self.pair("wait", &HumanDuration(limit).to_string())?,
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
