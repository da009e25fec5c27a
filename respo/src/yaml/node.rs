//! A YAML document as a tree whose every node knows where it stands in the file.

use std::rc::Rc;

use serde_json::Number;

/// A place in the file, both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) line: u32,
    pub(super) column: u32,
}

/// A value and where it is used. The uses of an anchor share its content.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) content: Rc<Content>,
}

/// What a value is.
#[derive(Debug)]
pub(super) enum Content {
    /// A single value as it is written, without quotes, and what that means.
    Scalar(Box<str>, Meaning),
    /// Values one after the other.
    List(Vec<Node>),
    /// Keys and values in the order of the file; keys may be anything and may repeat.
    Map(Vec<(Node, Node)>),
    /// A value whose tag is not supported: the tag.
    Tagged(String),
}

/// What a single value means by the YAML 1.2 core schema.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meaning {
    /// Nothing, `~` or `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number that JSON can hold.
    Number(Number),
    /// `.inf` or `.nan`, which JSON cannot hold.
    NotFinite,
    /// Any other text, or one in quotes.
    Text,
}

impl Content {
    /// What kind of value it is, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(_, Meaning::Null) => "nothing",
            Self::Scalar(_, Meaning::Boolean(_)) => "a boolean",
            Self::Scalar(_, Meaning::Number(_) | Meaning::NotFinite) => "a number",
            Self::Scalar(_, Meaning::Text) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Tagged(_) => "a tagged value",
        }
    }

    /// The text of a single value as it is written, whatever it means; `None` for nothing.
    pub(super) fn literal(&self) -> Option<&str> {
        match self {
            Self::Scalar(_, Meaning::Null) => None,
            Self::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// Whether nothing is said.
    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Scalar(_, Meaning::Null))
    }
}
