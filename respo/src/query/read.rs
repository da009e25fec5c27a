//! Reading a query string.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{LOCK_PARAMETERS, LockAction, LockQuery, QueryError, pairs, tag};
use crate::names::{Label, Text};
use crate::request::draft::{Draft, REQUIREMENT_PARAMETERS, once, parse};
use crate::request::{
    Hold, MAX_REQUIREMENTS, MAX_TAGS, Priority, Request, Requirement, RequirementError, Wait,
};
use crate::selector::Selector;
use crate::time::HumanDuration;
use crate::token::Token;

/// Reads what `POST /lock` is asked for.
pub(super) fn lock_query(query: &str) -> Result<LockQuery, QueryError> {
    let mut parser = Parser::default();
    pairs::each(query, |key, value| parser.take(key, value))?;
    parser.finish()
}

/// What has been read so far. Scalars are `None` until they are given.
#[derive(Default)]
struct Parser {
    /// The requirement that the parameters for one say.
    draft: Draft,
    /// The requirements in text form.
    requirements: Vec<Requirement>,
    pool: Option<Label>,
    resume: Option<Token>,
    priority: Option<Priority>,
    description: Option<Text>,
    holder: Option<Label>,
    tags: BTreeMap<Label, Text>,
    wait: Option<Wait>,
    linger: Option<Duration>,
    max_duration: Option<Duration>,
    /// The first parameter that says something of the one requirement.
    requirement_parameter: Option<String>,
    /// The first parameter other than `pool` and `resume`, which may not stand beside `resume`.
    request_parameter: Option<String>,
}

impl Parser {
    fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        if !matches!(key, "pool" | "resume") {
            self.request_parameter.get_or_insert_with(|| key.to_owned());
        }
        match key {
            "requirement" => self.take_requirement(value),
            "priority" => once(&mut self.priority, parse(value)?),
            "description" => once(&mut self.description, parse(value)?),
            "name" => once(&mut self.holder, parse(value)?),
            "tag" => self.take_tag(value),
            "wait" => once(&mut self.wait, parse(value)?),
            "linger" => once(&mut self.linger, parse::<HumanDuration>(value)?.0),
            "max_duration" => once(&mut self.max_duration, positive(parse(value)?)?),
            "pool" => once(&mut self.pool, parse(value)?),
            "resume" => once(&mut self.resume, parse_token(value)?),
            _ if REQUIREMENT_PARAMETERS.contains(&key) => self.take_of_one(key, value),
            _ => {
                Err(format!("there is none of this name; there are {}", LOCK_PARAMETERS.join(", ")))
            }
        }
    }

    fn take_of_one(&mut self, key: &str, value: &str) -> Result<(), String> {
        if !self.requirements.is_empty() {
            return Err(
                "it does not go with requirement, which says everything of one in its own text"
                    .to_owned(),
            );
        }
        self.requirement_parameter.get_or_insert_with(|| key.to_owned());
        self.draft.take(key, value)
    }

    fn take_requirement(&mut self, value: &str) -> Result<(), String> {
        if let Some(parameter) = &self.requirement_parameter {
            return Err(format!(
                "it does not go with {parameter}; write that into the text of a requirement"
            ));
        }
        let number = self.requirements.len() + 1;
        if number > MAX_REQUIREMENTS {
            return Err(format!("a request has at most {MAX_REQUIREMENTS} requirements"));
        }
        let requirement = value.parse::<Requirement>();
        self.requirements.push(requirement.map_err(|error| of_requirement(number, &error))?);
        Ok(())
    }

    fn take_tag(&mut self, value: &str) -> Result<(), String> {
        let (key, text) = tag::read(value)?;
        if self.tags.insert(key.clone(), text).is_some() {
            return Err(format!("the tag {key} is given twice"));
        }
        if self.tags.len() > MAX_TAGS {
            return Err(format!("a request has at most {MAX_TAGS} tags"));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<LockQuery, QueryError> {
        let pool = self.pool.take();
        let action = match (self.resume.take(), self.request_parameter.take()) {
            (Some(_), Some(parameter)) => {
                let problem =
                    "it does not go with resume, which takes up an earlier request as it is";
                return Err(QueryError { parameter, problem: problem.to_owned() });
            }
            (Some(token), None) => LockAction::Resume(token),
            (None, _) => LockAction::Request(self.request()?),
        };
        Ok(LockQuery { pool, action })
    }

    fn request(self) -> Result<Request, QueryError> {
        let mut request = if self.requirements.is_empty() {
            one(self.draft, self.requirement_parameter)?
        } else {
            Request::new(self.requirements).map_err(|error| {
                let problem = match error.requirement {
                    Some(number) => of_requirement(number, &error),
                    None => error.problem,
                };
                QueryError { parameter: "requirement".to_owned(), problem }
            })?
        };
        request.priority = self.priority.unwrap_or_default();
        request.description = self.description;
        request.holder = self.holder;
        request.tags = self.tags;
        request.wait = self.wait.unwrap_or_default();
        request.hold = Hold::Connection { linger: self.linger.unwrap_or_default() };
        request.max_duration = self.max_duration;
        Ok(request)
    }
}

/// The request for the one requirement that was said. If it cannot be, its first parameter is blamed, or
/// its keys.
fn one(draft: Draft, parameter: Option<String>) -> Result<Request, QueryError> {
    let of_keys = draft.has_keys();
    let request = draft.finish().and_then(|requirement| {
        Request::new(vec![requirement]).map_err(|RequirementError { problem, .. }| problem)
    });
    request.map_err(|problem| {
        let parameter = if of_keys { "keys".to_owned() } else { parameter.unwrap_or_default() };
        QueryError { parameter, problem }
    })
}

fn of_requirement(number: usize, error: &dyn std::error::Error) -> String {
    format!("requirement {number}: {error}")
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

/// The parameters that say what one resource must look like: those of the query-string form of a [`Selector`].
pub const SELECTOR_PARAMETERS: [&str; 7] =
    ["resource", "location", "attributes", "entity_properties", "entities", "property", "where"];

impl std::str::FromStr for Selector {
    type Err = QueryError;

    /// Parses the query-string form; any parameter that does not belong to a selector is refused.
    fn from_str(query: &str) -> Result<Self, QueryError> {
        let mut draft = Draft::default();
        pairs::each(query, |key, value| {
            if SELECTOR_PARAMETERS.contains(&key) {
                draft.take(key, value)
            } else {
                Err(format!("a selector has {}", SELECTOR_PARAMETERS.join(", ")))
            }
        })?;
        Ok(draft.into_selector())
    }
}
