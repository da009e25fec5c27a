//! The JSON Schema of the format, for editors and for checks in other languages.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::Value;

use super::shape::{AttributesShape, DocumentShape, StackShape};
use crate::inventory::{MAX_ATTRIBUTES, MAX_STACK_SIZE};
use crate::names::{MAX_NAME_CHARS, MAX_TEXT_CHARS};
use crate::{HumanDuration, Label, MAX_DURATION, Name, Text, Word};

/// White space that is not a control character, as inside of a bracketed character class.
const SPACES: &str = r"\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000";
/// Control characters, likewise.
const CONTROLS: &str = r"\u0000-\u001f\u007f-\u009f";
/// Control characters that are white space, likewise.
const CONTROL_SPACES: &str = r"\u0009-\u000d\u0085";
/// What no attribute has in it beside these, likewise.
const PUNCTUATION: &str = r#",\[\]{}"'`"#;

/// The JSON Schema (draft 2020-12) of an inventory.
///
/// It accepts what [`InventoryDocument::parse`](super::InventoryDocument::parse) accepts and
/// refuses what that refuses, except for what a schema cannot say: repeated keys, pools of the same
/// name, attributes that are repeated or too many in one text, stacks of resources that are not there or
/// that are the same in another order, durations in units that are too long, merge keys, and the bounds of
/// the document as a whole. The file `docs/inventory.schema.json` is what it returns.
#[must_use]
pub fn json_schema() -> Value {
    // A key that need not be written need not be there.
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    generator.into_root_schema_for::<DocumentShape<'_>>().to_value()
}

/// The schema of a text that may be written as a number or a boolean too.
fn text_schema(description: &str, most: usize, pattern: &str) -> Schema {
    json_schema!({
        "description": description,
        "type": ["string", "number", "boolean"],
        "minLength": 1,
        "maxLength": most,
        "pattern": pattern,
    })
}

/// The length is in it because it is used as a pattern for keys too.
fn name_pattern() -> String {
    format!("^[A-Za-z0-9._:/-]{{1,{MAX_NAME_CHARS}}}$")
}

/// Printable characters, one of them visible.
fn printable_pattern() -> String {
    format!("^[^{CONTROLS}]*[^{CONTROLS}{SPACES}][^{CONTROLS}]*$")
}

impl JsonSchema for Name {
    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": name_pattern() })
    }
}

impl JsonSchema for Word {
    fn schema_name() -> Cow<'static, str> {
        "Attribute".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        text_schema(
            "1–128 visible characters other than commas, brackets, braces and quotes.",
            MAX_NAME_CHARS,
            &format!("^[^{CONTROLS}{SPACES}{PUNCTUATION}]+$"),
        )
    }
}

impl JsonSchema for Label {
    fn schema_name() -> Cow<'static, str> {
        "Label".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        text_schema("1–128 printable characters.", MAX_NAME_CHARS, &printable_pattern())
    }
}

impl JsonSchema for Text {
    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let description = "1–1024 printable characters on one line.";
        text_schema(description, MAX_TEXT_CHARS, &printable_pattern())
    }
}

impl JsonSchema for AttributesShape<'_> {
    fn schema_name() -> Cow<'static, str> {
        "Attributes".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let gap = format!("[,{SPACES}{CONTROL_SPACES}]");
        let word = format!("[^{CONTROLS}{SPACES}{PUNCTUATION}]{{1,{MAX_NAME_CHARS}}}");
        json_schema!({
            "description": "A list, or one text of words between spaces or commas.",
            "anyOf": [
                {
                    "type": "array",
                    "items": generator.subschema_for::<Word>(),
                    "maxItems": MAX_ATTRIBUTES,
                    "uniqueItems": true,
                },
                {
                    "type": ["string", "number", "boolean"],
                    "pattern": format!("^{gap}*({word}({gap}+{word})*{gap}*)?$"),
                },
            ],
        })
    }
}

impl JsonSchema for StackShape<'_> {
    fn schema_name() -> Cow<'static, str> {
        "Stack".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The names of 2–64 resources of the pool.",
            "type": "array",
            "items": {
                // A resource may be called 1.
                "type": ["string", "number", "boolean"],
                "pattern": name_pattern(),
            },
            "minItems": 2,
            "maxItems": MAX_STACK_SIZE,
            "uniqueItems": true,
        })
    }
}

impl JsonSchema for HumanDuration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let gap = format!("[{SPACES}{CONTROL_SPACES}]*");
        json_schema!({
            "description": "Seconds (90) or units (500ms, 30s, 10m, 1h30m, 2d), at most 366 days.",
            "anyOf": [
                { "type": "integer", "minimum": 0, "maximum": MAX_DURATION.as_secs() },
                {
                    "type": "string",
                    "pattern": format!("^{gap}([0-9]+|([0-9]+(d|h|m|s|ms|us){gap})+){gap}$"),
                },
            ],
        })
    }
}
