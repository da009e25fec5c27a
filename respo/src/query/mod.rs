//! The query-string form of selectors and requests: what `POST /lock?…` takes.
//!
//! ```
//! use respo::LockQuery;
//! let query = LockQuery::parse("location=office1&attributes=[can,lin]&entities=[[jtag],[arm64]]&wait=10m")?;
//! assert_eq!(query.to_string(), "location=office1&attributes=[can,lin]&entities=[[arm64],[jtag]]&wait=10m");
//! let error = LockQuery::parse("colour=red").unwrap_err();
//! assert_eq!(error.parameter, "colour");
//! # Ok::<(), respo::QueryError>(())
//! ```

mod write;

pub(crate) use write::bracketed;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use crate::inventory::MAX_ENTITIES;
use crate::names::{Label, NameError, Text};
use crate::request::{Hold, MAX_TAGS, Request, Wait};
use crate::selector::{EntityPattern, MAX_SELECTOR_ITEMS, Selector};
use crate::time::HumanDuration;
use crate::token::Token;

/// Every parameter of `POST /lock`.
pub const LOCK_PARAMETERS: [&str; 14] = [
    "resource",
    "location",
    "attributes",
    "entity_properties",
    "entities",
    "priority",
    "description",
    "name",
    "tag",
    "wait",
    "linger",
    "max_duration",
    "pool",
    "resume",
];

/// A parameter that cannot be taken, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("parameter {parameter:?}: {problem}")]
pub struct QueryError {
    /// The parameter's name, as it was given.
    pub parameter: String,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

/// What `POST /lock` is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockQuery {
    /// The pool, if named.
    pub pool: Option<Label>,
    /// A new request, or the token of an earlier one.
    pub action: LockAction,
}

/// What a lock query wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LockAction {
    /// To make this request.
    Request(Request),
    /// To go on with the request of this token.
    Resume(Token),
}

impl LockQuery {
    /// Parses a query string, without its `?`.
    ///
    /// # Errors
    /// [`QueryError`] names the first parameter that is unknown, given twice where one value is
    /// expected, or has no valid value.
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        let mut parser = Parser::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            parser
                .take(&key, &value)
                .map_err(|problem| QueryError { parameter: key.into_owned(), problem })?;
        }
        parser.finish()
    }
}

/// What has been read so far. Scalars are `None` until they are given.
#[derive(Default)]
struct Parser {
    selector: Selector,
    entities: Vec<EntityPattern>,
    pool: Option<Label>,
    resume: Option<Token>,
    priority: Option<crate::Priority>,
    description: Option<Text>,
    holder: Option<Label>,
    tags: BTreeMap<Label, Text>,
    wait: Option<Wait>,
    linger: Option<Duration>,
    max_duration: Option<Duration>,
    /// The first parameter other than `pool` and `resume`, which may not stand beside `resume`.
    request_parameter: Option<String>,
}

impl Parser {
    fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        if value.contains(char::REPLACEMENT_CHARACTER) {
            return Err("its value is not UTF-8".to_owned());
        }
        if !matches!(key, "pool" | "resume") && self.request_parameter.is_none() {
            self.request_parameter = Some(key.to_owned());
        }
        match key {
            "resource" => {
                let names = list(value)?;
                if names.is_empty() {
                    return Err(EMPTY.to_owned());
                }
                extend(&mut self.selector.names, names, name_problem)
            }
            "location" => once(&mut self.selector.location, parse(value)?),
            "attributes" => extend(&mut self.selector.attributes, list(value)?, name_problem),
            "entity_properties" | "entities" => self.take_patterns(value),
            "priority" => once(&mut self.priority, parse(value)?),
            "description" => once(&mut self.description, parse(value)?),
            "name" => once(&mut self.holder, parse(value)?),
            "tag" => self.take_tag(value),
            "wait" => once(&mut self.wait, parse_wait(value)?),
            "linger" => once(&mut self.linger, parse::<HumanDuration>(value)?.0),
            "max_duration" => once(&mut self.max_duration, positive(parse(value)?)?),
            "pool" => once(&mut self.pool, parse(value)?),
            "resume" => once(&mut self.resume, parse_token(value)?),
            _ => {
                Err(format!("there is none of this name; there are {}", LOCK_PARAMETERS.join(", ")))
            }
        }
    }

    fn take_patterns(&mut self, value: &str) -> Result<(), String> {
        for words in list_of_lists(value)? {
            let mut pattern = EntityPattern::default();
            extend(&mut pattern.attributes, words, name_problem)?;
            self.entities.push(pattern);
        }
        if self.entities.len() > MAX_ENTITIES {
            return Err(format!("at most {MAX_ENTITIES} entity patterns"));
        }
        Ok(())
    }

    fn take_tag(&mut self, value: &str) -> Result<(), String> {
        let (key, text) = value.split_once('=').ok_or("a tag is written KEY=VALUE")?;
        let (key, text): (Label, Text) = (parse(key)?, parse(text)?);
        if self.tags.insert(key.clone(), text).is_some() {
            return Err(format!("the tag {key} is given twice"));
        }
        if self.tags.len() > MAX_TAGS {
            return Err(format!("a request has at most {MAX_TAGS} tags"));
        }
        Ok(())
    }

    fn finish(self) -> Result<LockQuery, QueryError> {
        let action = match (self.resume, self.request_parameter) {
            (Some(_), Some(parameter)) => {
                let problem =
                    "it does not go with resume, which takes up an earlier request as it is";
                return Err(QueryError { parameter, problem: problem.to_owned() });
            }
            (Some(token), None) => LockAction::Resume(token),
            (None, _) => {
                let mut request = Request::one(self.selector.with_entities(self.entities));
                request.priority = self.priority.unwrap_or_default();
                request.description = self.description;
                request.holder = self.holder;
                request.tags = self.tags;
                request.wait = self.wait.unwrap_or_default();
                request.hold = Hold::Connection { linger: self.linger.unwrap_or_default() };
                request.max_duration = self.max_duration;
                LockAction::Request(request)
            }
        };
        Ok(LockQuery { pool: self.pool, action })
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), String> {
    if place.is_some() {
        return Err("it is given twice; it takes one value".to_owned());
    }
    *place = Some(value);
    Ok(())
}

fn parse<T: std::str::FromStr<Err: fmt::Display>>(value: &str) -> Result<T, String> {
    value.parse().map_err(|error: T::Err| error.to_string())
}

fn name_problem(item: &str, error: &NameError) -> String {
    format!("{item:?}: {error}")
}

fn extend<T: Ord + std::str::FromStr<Err = NameError>>(
    set: &mut BTreeSet<T>,
    items: Vec<&str>,
    problem: fn(&str, &NameError) -> String,
) -> Result<(), String> {
    for item in items {
        set.insert(item.parse().map_err(|error| problem(item, &error))?);
    }
    if set.len() > MAX_SELECTOR_ITEMS {
        return Err(format!("at most {MAX_SELECTOR_ITEMS} values"));
    }
    Ok(())
}

fn parse_wait(value: &str) -> Result<Wait, String> {
    if value == "forever" {
        return Ok(Wait::Forever);
    }
    match parse::<HumanDuration>(value) {
        Ok(HumanDuration(Duration::ZERO)) => Ok(Wait::No),
        Ok(HumanDuration(limit)) => Ok(Wait::UpTo(limit)),
        Err(problem) => Err(format!("{problem}, or \"forever\"")),
    }
}

fn positive(duration: HumanDuration) -> Result<Duration, String> {
    if duration.0.is_zero() {
        return Err("it must be longer than nothing".to_owned());
    }
    Ok(duration.0)
}

fn parse_token(value: &str) -> Result<Token, String> {
    if value.len() != 32 || !value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("a token has 32 hexadecimal digits".to_owned());
    }
    Ok(Token::presented(value))
}

/// A list from a script that has nothing in it must not lease just anything.
const EMPTY: &str = "it is empty; leave it out, or say what is wanted";

/// `[a,b]`, `["a","b"]` or `a,b`. Quotes are dropped: no name or attribute contains one.
fn list(value: &str) -> Result<Vec<&str>, String> {
    let value = value.trim();
    let inner = match value.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').ok_or("a list that starts with '[' ends with ']'")?,
        None if value.is_empty() => {
            return Err(EMPTY.to_owned());
        }
        None => value,
    };
    if inner.trim().is_empty() {
        return Ok(Vec::new());
    }
    if inner.contains(['[', ']']) {
        return Err("a list of words is expected, such as [a,b], not a list of lists".to_owned());
    }
    Ok(inner.split(',').map(unquote).collect())
}

fn unquote(item: &str) -> &str {
    let item = item.trim();
    ['"', '\'']
        .iter()
        .find_map(|&quote| item.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(item)
}

/// `[[a,b],[c]]`, or one list.
fn list_of_lists(value: &str) -> Result<Vec<Vec<&str>>, String> {
    let value = value.trim();
    let Some(inner) = value.strip_prefix('[').map(str::trim_start).filter(|v| v.starts_with('['))
    else {
        let one = list(value)?;
        return Ok(if one.is_empty() { Vec::new() } else { vec![one] });
    };
    let mut rest = inner
        .strip_suffix(']')
        .ok_or("a list of lists is written [[a,b],[c]]; the last ']' is missing")?
        .trim();
    let mut lists = Vec::new();
    loop {
        let end = rest.find(']').ok_or("a list of lists is written [[a,b],[c]]")?;
        lists.push(list(&rest[..=end])?);
        rest = rest[end + 1..].trim_start();
        if rest.is_empty() {
            return Ok(lists);
        }
        rest = rest
            .strip_prefix(',')
            .map(str::trim_start)
            .filter(|rest| rest.starts_with('['))
            .ok_or("a list of lists is written [[a,b],[c]]")?;
    }
}

impl std::str::FromStr for Selector {
    type Err = QueryError;

    /// Parses the query-string form; any parameter that does not belong to a selector is refused.
    fn from_str(query: &str) -> Result<Self, QueryError> {
        let mut parser = Parser::default();
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            let taken = match key.as_ref() {
                "resource" | "location" | "attributes" | "entity_properties" | "entities" => {
                    parser.take(&key, &value)
                }
                _ => Err("a selector has resource, location, attributes and entities".to_owned()),
            };
            taken.map_err(|problem| QueryError { parameter: key.into_owned(), problem })?;
        }
        Ok(parser.selector.with_entities(parser.entities))
    }
}
