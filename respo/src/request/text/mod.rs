//! The text form of one requirement, for command lines: `2 location=office1 +can`.
//!
//! Between its terms there are blanks. In the order in which they are written:
//!
//! | term | meaning |
//! | --- | --- |
//! | `2` | how many, if it comes first; 1 if nothing is said; alone, that many of anything |
//! | `2 of a,b,c` | how many of these keys, which need not be in the inventory where the pool allows it |
//! | `bench-1`, `bench-1,bench-2` | of this name, or of one of these |
//! | `location=office1` | at this location |
//! | `+can` | with this attribute; may be repeated |
//! | `{arm64 +odd=word platform=android}` | with an entity that has these attributes and properties; may be repeated, and each is matched by an entity of its own. An attribute with `=` in it or `+` before it is written with one more `+` |
//! | `slots=4`, `gsm.operator=GTE` | with this property; may be repeated |
//! | `@label` | everything in the request that has the same label comes from one stack |
//! | `where=size(entities) > 1` | this is true of it; it takes the rest of the text |
//!
//! The keys of the query string ([`LOCK_PARAMETERS`](crate::query::LOCK_PARAMETERS)) that belong to one
//! requirement may be written, too: `count=2`, `resource=[a,b]`, `attributes=[can,lin]`,
//! `entities=[[jtag],[arm64]]`, `property=slots=4`, `keys=a,b`, `stack=label`. Every other `KEY=VALUE` is a
//! property. One whose path is one of these keys is written `properties.location=…`.
//!
//! A property is compared with what its value looks like: `true`, `false`, `null`, a number as JSON has them,
//! or a text. `[a,b]` is a list that it must contain. `"1.10"` in double quotes is a text. Texts, locations
//! and labels with blanks, quotes, brackets or braces in them, and paths with anything in them but letters,
//! digits and `._-:/`, are written in double quotes, as JSON strings.
//!
//! Ten examples, and the JSON that each is equal to:
//!
//! | text | JSON |
//! | --- | --- |
//! | `bench-1` | `{"resource":"bench-1"}` |
//! | `bench-1,bench-2` | `{"resource":["bench-1","bench-2"]}` |
//! | `3` | `{"count":3}` |
//! | `2 location=office1 +can` | `{"count":2,"location":"office1","attributes":["can"]}` |
//! | `2 of phone-1,phone-2,phone-3` | `{"count":2,"keys":["phone-1","phone-2","phone-3"]}` |
//! | `relay-1 @cell` | `{"resource":"relay-1","stack":"cell"}` |
//! | `{arm64 jtag} {gsm.operator=GTE}` | `{"entities":[{"attributes":["arm64","jtag"]},{"properties":{"gsm.operator":"GTE"}}]}` |
//! | `location="Büro 1" circuits=[a,b]` | `{"location":"Büro 1","properties":{"circuits":["a","b"]}}` |
//! | `properties.count=4 firmware="1.10" ready=true` | `{"properties":{"count":4,"firmware":"1.10","ready":true}}` |
//! | `+can where=size(entities) > 1` | `{"attributes":["can"],"where":"size(entities) > 1"}` |
//!
//! What is printed is canonical, and reads back equal. A mistake says where it is:
//!
//! ```
//! use respo::Requirement;
//! let requirement: Requirement = "stack=cell {jtag}   attributes=can location=office1".parse()?;
//! assert_eq!(requirement.to_string(), "location=office1 +can {jtag} @cell");
//! let error = "location=office1 2".parse::<Requirement>().unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "column 18: a count comes first; a resource of this name is written resource=2",
//! );
//! # Ok::<(), respo::RequirementTextError>(())
//! ```

mod property;
mod read;
mod scan;
mod write;

use std::fmt;
use std::str::FromStr;

use scan::{Mistake, Scanner};

use super::Requirement;
use crate::property::{PropertyPath, PropertyValue};

pub(in crate::request) use property::path_of;

/// Why a text is not a requirement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {problem}")]
pub struct RequirementTextError {
    /// Where the mistake is, in characters, counted from 1.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl FromStr for Requirement {
    type Err = RequirementTextError;

    fn from_str(text: &str) -> Result<Self, RequirementTextError> {
        read::requirement(text).map_err(|Mistake { at, problem }| {
            let column = text.get(..at).map_or(1, |before| before.chars().count() + 1);
            RequirementTextError { column, problem }
        })
    }
}

/// The canonical text form.
impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&write::requirement(self))
    }
}

/// Reads `PATH=VALUE` from a text that has nothing else in it.
pub(super) fn property_term(text: &str) -> Result<(PropertyPath, PropertyValue), String> {
    let mut scanner = Scanner::new(text);
    scanner.skip_blanks();
    let read = property::read(&mut scanner).and_then(|property| {
        scanner.skip_blanks();
        match scanner.peek() {
            None => Ok(property),
            Some(_) => scanner.mistake(property::ODD),
        }
    });
    read.map_err(|mistake| mistake.problem)
}

/// `PATH=VALUE`, as [`property_term`] reads it.
pub(crate) fn written_property(path: &PropertyPath, value: &PropertyValue) -> String {
    property::Written(path, value).to_string()
}
