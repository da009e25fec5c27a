//! Which resources are meant: the words and flags that `lock` and `list` share.

use std::collections::BTreeSet;
use std::str::FromStr;

use clap::Args;
use rpclient::respo::query::LockAction;
use rpclient::respo::{LockQuery, NameError};
use rpclient::{EntityPattern, Label, Name, Selector, Word};

use crate::failure::Failure;

/// The keys that a word may have. `entity` is one pattern, as in the flag of that name.
const KEYS: [&str; 5] = ["resource", "location", "attributes", "entities", "entity"];

/// What the resource must look like. Everything that is said must hold.
#[derive(Debug, Args)]
pub(crate) struct SelectionArguments {
    /// A resource's name, or KEY=VALUE: resource, location, attributes or entities
    #[arg(value_name = "NAME|KEY=VALUE")]
    words: Vec<SelectionWord>,
    /// One of these names; may be repeated
    #[arg(long = "resource", value_name = "NAME")]
    resources: Vec<Name>,
    /// At this location
    #[arg(long, value_name = "LOCATION")]
    location: Option<Label>,
    /// With all of these attributes; may be repeated
    #[arg(long, value_name = "A,B…")]
    attributes: Vec<Words>,
    /// With an entity that has all of these attributes; each repetition asks for another entity
    #[arg(long = "entity", value_name = "A,B…")]
    entities: Vec<Words>,
}

impl SelectionArguments {
    /// What the words and the flags say together.
    pub(crate) fn selector(&self) -> Result<Selector, Failure> {
        let mut selector = Selector::any();
        selector.names.extend(self.resources.iter().cloned());
        selector.location = self.location.clone();
        selector.attributes.extend(self.attributes.iter().flat_map(|words| words.0.clone()));
        let patterns = self
            .entities
            .iter()
            .map(|words| EntityPattern { attributes: words.0.clone(), ..EntityPattern::default() });
        selector = selector.with_entities(patterns);
        for SelectionWord(said) in &self.words {
            let other = match (&selector.location, &said.location) {
                (Some(one), Some(other)) if one != other => {
                    return Err(Failure::usage(format!(
                        "a resource is at one location, not at {one:?} and {other:?}"
                    )));
                }
                (one, other) => one.clone().or_else(|| other.clone()),
            };
            selector.location = other;
            selector.names.extend(said.names.iter().cloned());
            selector.attributes.extend(said.attributes.iter().cloned());
            selector = selector.with_entities(said.entities().iter().cloned());
        }
        Ok(selector)
    }
}

/// One word: what it says about the resource.
#[derive(Debug, Clone)]
struct SelectionWord(Selector);

impl FromStr for SelectionWord {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let Some((key, value)) = word.split_once('=') else {
            let name = Name::new(word).map_err(|error| error.to_string())?;
            return Ok(Self(Selector::named(name)));
        };
        if !KEYS.contains(&key) {
            return Err(format!("{key:?} is not a key; there are {}", KEYS.join(", ")));
        }
        let key = if key == "entity" { "entities" } else { key };
        let query =
            form_urlencoded::Serializer::new(String::new()).append_pair(key, value).finish();
        let query = LockQuery::parse(&query).map_err(|error| error.problem)?;
        match query.action {
            LockAction::Request(request) => {
                let selector = request
                    .requirements()
                    .first()
                    .map(|first| first.selector().cloned().unwrap_or_default());
                Ok(Self(selector.unwrap_or_default()))
            }
            LockAction::Resume(_) => Err(format!("{word:?} says nothing about a resource")),
        }
    }
}

/// Attributes: `a,b`, or `[a,b]` as in a query.
#[derive(Debug, Clone)]
struct Words(BTreeSet<Word>);

impl FromStr for Words {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let inside = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let words = inside.unwrap_or(text).split(',');
        words.map(|word| Word::new(word.trim())).collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        selection: SelectionArguments,
    }

    fn selector(words: &str) -> Result<String, String> {
        let words = std::iter::once("test").chain(words.split_whitespace());
        let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
        let selector = line.selection.selector().map_err(|failure| failure.message)?;
        Ok(selector.to_string())
    }

    #[test]
    fn words_and_flags_say_the_same() {
        let flags = "--resource a --resource b --location office1 --attributes can,lin --entity jtag \
                     --entity arm64,can";
        let words = "a b location=office1 attributes=[can,lin] entity=jtag entity=arm64,can";
        assert_eq!(selector(flags), selector(words));
        assert_eq!(
            selector(words).unwrap(),
            selector(
                "resource=a,b location=office1 attributes=can attributes=lin \
                      entities=[[jtag],[can,arm64]]"
            )
            .unwrap()
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_would_be_right() {
        for (words, hint) in [
            ("colour=red", "there are resource, location"),
            ("bench?", "letters, digits"),
            ("--attributes=,", "must not be empty"),
            ("location=office1 --location office2", "one location"),
        ] {
            let problem = selector(words).unwrap_err();
            assert!(problem.contains(hint), "{words}: {problem}");
        }
    }
}
