//! Which resources are meant: the requirements of `lock`, and the selection of `list`.

use std::collections::BTreeSet;
use std::str::FromStr;

use clap::Args;
use rpclient::respo::{NameError, Requirement, RequirementTextError, Wanted};
use rpclient::{EntityPattern, Label, Name, Selector, Word};

use crate::failure::Failure;
use crate::pointer;

/// What the help calls these flags.
const HEADING: &str = "Of a single requirement";

/// What may be said of a single requirement in flags as well. Everything that is said must hold.
#[derive(Debug, Args)]
pub(crate) struct SelectionFlags {
    /// One of these names; may be repeated
    #[arg(long = "resource", value_name = "NAME", help_heading = HEADING)]
    resources: Vec<Name>,
    /// At this location
    #[arg(long, value_name = "LOCATION", help_heading = HEADING)]
    location: Option<Label>,
    /// With all of these attributes; may be repeated
    #[arg(long, value_name = "A,B…", help_heading = HEADING)]
    attributes: Vec<Words>,
    /// With an entity that has all of these attributes; each repetition asks for another entity
    #[arg(long = "entity", value_name = "A,B…", help_heading = HEADING)]
    entities: Vec<Words>,
}

/// What `list` takes.
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// What they must look like: all words together are one requirement as 'lock' takes it, without a count
    #[arg(value_name = "NAME|KEY=VALUE|+ATTRIBUTE")]
    words: Vec<String>,
    #[command(flatten)]
    flags: SelectionFlags,
}

impl ListArguments {
    /// What the words and the flags say together.
    pub(crate) fn selector(&self) -> Result<Selector, Failure> {
        let requirement = if self.words.is_empty() {
            Requirement::default()
        } else {
            read(&self.words.join(" "), "the selection", "list")?
        };
        let requirement = self.flags.narrow(requirement)?;
        match requirement {
            Requirement { count: 1, wanted: Wanted::Matching(selector), stack: None } => {
                Ok(selector)
            }
            _ => Err(Failure::usage(
                "a list has no count, no keys and no stack: it shows every resource that matches",
            )),
        }
    }
}

/// What the arguments of `lock` and its flags ask for: each argument is a requirement, and without any it is
/// one resource.
pub(crate) fn requirements(
    arguments: &[String],
    flags: &SelectionFlags,
) -> Result<Vec<Requirement>, Failure> {
    match arguments {
        [] => Ok(vec![flags.narrow(Requirement::default())?]),
        [one] => Ok(vec![flags.narrow(read(one, "the requirement", "lock")?)?]),
        several => {
            if let Some(flag) = flags.first_given() {
                return Err(Failure::usage(format!(
                    "{flag} says something of a single requirement, and here are {}; write it into the \
                     one that is meant, as in 'location=office1 +can'",
                    several.len()
                )));
            }
            let numbered = several.iter().zip(1..);
            numbered
                .map(|(text, number): (_, usize)| {
                    read(text, &format!("requirement {number}"), "lock")
                })
                .collect()
        }
    }
}

impl SelectionFlags {
    /// The first flag that says something.
    fn first_given(&self) -> Option<&'static str> {
        let given = [
            ("--resource", !self.resources.is_empty()),
            ("--location", self.location.is_some()),
            ("--attributes", !self.attributes.is_empty()),
            ("--entity", !self.entities.is_empty()),
        ];
        given.into_iter().find_map(|(flag, is_given)| is_given.then_some(flag))
    }

    /// The requirement with what the flags say as well.
    fn narrow(&self, mut requirement: Requirement) -> Result<Requirement, Failure> {
        let Some(flag) = self.first_given() else {
            return Ok(requirement);
        };
        let Wanted::Matching(selector) = &mut requirement.wanted else {
            return Err(Failure::usage(format!(
                "{flag} does not go with a list of keys, which says by itself which ones will do"
            )));
        };
        if !selector.names.is_empty() && !self.resources.is_empty() {
            return Err(Failure::usage(
                "names are given already; one of several is written a,b in place of --resource",
            ));
        }
        selector.names.extend(self.resources.iter().cloned());
        if let (Some(one), Some(other)) = (&selector.location, &self.location)
            && one != other
        {
            return Err(Failure::usage(format!(
                "a resource is at one location, not at {:?} and {:?}",
                one.as_str(),
                other.as_str()
            )));
        }
        selector.location = selector.location.take().or_else(|| self.location.clone());
        selector.attributes.extend(self.attributes.iter().flat_map(|words| words.0.clone()));
        let patterns = self
            .entities
            .iter()
            .map(|words| EntityPattern { attributes: words.0.clone(), ..EntityPattern::default() });
        selector.entities.extend(patterns);
        Ok(requirement)
    }
}

/// Reads a requirement; a mistake is shown where it is.
fn read(text: &str, what: &str, command: &str) -> Result<Requirement, Failure> {
    text.parse().map_err(|RequirementTextError { column, problem }| {
        let place = pointer::below(text, column);
        Failure::usage(format!(
            "cannot read {what}: {problem}\n{place}\n'rpclient {command} --help' shows how it is written"
        ))
    })
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
    struct Lock {
        requirements: Vec<String>,
        #[command(flatten)]
        flags: SelectionFlags,
    }

    #[derive(Parser)]
    struct List {
        #[command(flatten)]
        list: ListArguments,
    }

    fn asked_for(arguments: &[&str]) -> Result<Vec<String>, String> {
        let line = Lock::try_parse_from([&["lock"], arguments].concat());
        let line = line.map_err(|error| error.to_string())?;
        let requirements = requirements(&line.requirements, &line.flags);
        let requirements = requirements.map_err(|failure| failure.message)?;
        Ok(requirements.iter().map(ToString::to_string).collect())
    }

    fn listed(arguments: &[&str]) -> Result<String, String> {
        let line = List::try_parse_from([&["list"], arguments].concat());
        let line = line.map_err(|error| error.to_string())?;
        let selector = line.list.selector().map_err(|failure| failure.message)?;
        Ok(Requirement::one(selector).to_string())
    }

    #[test]
    fn each_argument_is_a_requirement_of_its_own() {
        assert_eq!(asked_for(&["bench-1"]).unwrap(), ["bench-1"]);
        assert_eq!(asked_for(&["bench-1", "bench-2"]).unwrap(), ["bench-1", "bench-2"]);
        assert_eq!(asked_for(&["+relay @s", "2 of a,b,c"]).unwrap(), ["+relay @s", "2 of a,b,c"]);
        assert_eq!(asked_for(&[]).unwrap(), ["1"]);
    }

    #[test]
    fn flags_narrow_the_one_requirement() {
        let flags = ["--location", "office1", "--attributes", "can,lin", "--entity", "jtag"];
        let all = "2 location=office1 +can +lin {jtag} @s";
        assert_eq!(asked_for(&[&["2 @s"], &flags[..]].concat()).unwrap(), [all]);
        assert_eq!(
            asked_for(&[&["2 location=office1 +lin @s"], &flags[..]].concat()).unwrap(),
            [all]
        );
        assert_eq!(asked_for(&["--resource", "b", "--resource", "a"]).unwrap(), ["a,b"]);
        assert_eq!(
            listed(&[&["+usb"], &flags[..]].concat()).unwrap(),
            "location=office1 +can +lin +usb {jtag}"
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_would_be_right() {
        for (arguments, hint) in [
            (&["a", "b", "--location", "office1"][..], "--location says something of a single"),
            (&["a", "--resource", "b"], "written a,b"),
            (&["1 of a,b", "--entity", "jtag"], "--entity does not go with a list of keys"),
            (&["location=office1", "--location", "office2"], "one location"),
            (&["--attributes=,"], "must not be empty"),
            (&["", "b"], "cannot read requirement 1: it is empty"),
        ] {
            let problem = asked_for(arguments).unwrap_err();
            assert!(problem.contains(hint), "{arguments:?}: {problem}");
        }
        for words in [&["2", "+can"][..], &["1", "of", "a,b"], &["@s"]] {
            let problem = listed(words).unwrap_err();
            assert!(problem.contains("no count, no keys and no stack"), "{words:?}: {problem}");
        }
    }

    #[test]
    fn a_mistake_is_shown_where_it_is() {
        assert_eq!(
            asked_for(&["bench-1", "location=office1 2"]).unwrap_err(),
            "cannot read requirement 2: a count comes first; a resource of this name is written \
             resource=2\n  location=office1 2\n                   ^\n'rpclient lock --help' shows how \
             it is written"
        );
        let problem = listed(&["location=office1", "b?"]).unwrap_err();
        assert!(problem.starts_with("cannot read the selection: "), "{problem}");
        assert!(problem.contains("\n  location=office1 b?\n                   ^\n"), "{problem}");
    }

    #[test]
    fn words_of_a_list_are_one_selection() {
        assert_eq!(listed(&[]).unwrap(), "1");
        assert_eq!(listed(&["location=office1", "+can"]).unwrap(), "location=office1 +can");
        assert_eq!(listed(&["attributes=can,lin"]).unwrap(), "+can +lin");
        assert_eq!(listed(&["where=name", "==", "'a'"]).unwrap(), "where=name == 'a'");
    }
}
