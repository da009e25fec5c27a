//! Schemas of what is not derived: strings with a form of their own, and requests as clients send them.
//!
//! They say what the parsers take, as far as a schema can: `tests/openapi_schemas.rs` compares the two. What it cannot
//! say, such as that a duration is at most 366 days long, has a `format`.

mod problem;
mod request;

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::names::{Label, MAX_NAME_CHARS, MAX_TEXT_CHARS, Name, Text, Word};
use crate::request::{Priority, Wait};
use crate::time::{HumanDuration, Timestamp};
use crate::wire::{EventId, ResourceState};

pub use request::LeaseRequest;

/// The `format` of a duration: one that matches the pattern may still be longer than 366 days.
pub const DURATION_FORMAT: &str = "respo-duration";
/// The `format` of a condition, in the Common Expression Language.
pub const CONDITION_FORMAT: &str = "cel";

/// The `format` of a property that is asked for in a query string.
pub const PROPERTY_FORMAT: &str = "respo-property";
/// The `format` of entity patterns in a query string.
pub const ENTITIES_FORMAT: &str = "respo-entities";

/// The schema of `PATH=VALUE` in a query string.
#[derive(Debug, Clone, Copy)]
pub enum PropertyTerm {}

/// The schema of entity patterns in a query string: `[jtag]`, or `[[jtag],[arm64,{slots=4}]]`.
#[derive(Debug, Clone, Copy)]
pub enum EntityPatterns {}

/// The schema of a requirement in text form, as a query string has it.
#[derive(Debug, Clone, Copy)]
pub enum RequirementText {}

/// The schema of a tag in a query string.
#[derive(Debug, Clone, Copy)]
pub enum Tag {}

/// The name of a resource or an entity.
const NAME: &str = "^[A-Za-z0-9._:/-]+$";
/// No white space, no control characters, and nothing that lists and texts are quoted with.
const WORD: &str = "^[^\\u0000-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000,\
                    \\[\\]{}\"'`]+$";
/// No control characters, and not white space alone.
const PRINTABLE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*\
                         [^\\u0000-\\u0020\\u007f-\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]\
                         [^\\u0000-\\u001f\\u007f-\\u009f]*$";
/// Seconds, or numbers with units.
const DURATION: &str = "^([0-9]+|[0-9]+(d|h|m|s|ms|us)( *[0-9]+(d|h|m|s|ms|us))*)$";
/// How long to wait.
const WAIT: &str = "^(forever|[0-9]+|[0-9]+(d|h|m|s|ms|us)( *[0-9]+(d|h|m|s|ms|us))*)$";
/// Two numbers.
const EVENT_ID: &str = "^[0-9]+-[0-9]+$";

type Schemas = Vec<(String, RefOr<Schema>)>;

/// What `T` is, by its name among the components.
fn reference<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

/// Lists `T` among the components.
fn list<T: ToSchema>(schemas: &mut Schemas) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

/// Implements the schema of a type whose name is that of its schema.
macro_rules! schema {
    ($type:ident, $schema:expr) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                $schema.into()
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($type))
            }
        }
    };
}

fn text(description: &str, pattern: &str, longest: usize) -> ObjectBuilder {
    form(description, pattern).min_length(Some(1)).max_length(Some(longest))
}

fn form(description: &str, pattern: &str) -> ObjectBuilder {
    let object = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern));
    object.description(Some(description))
}

fn format(name: &str) -> Option<SchemaFormat> {
    Some(SchemaFormat::Custom(name.to_owned()))
}

schema!(
    Name,
    text("The name of a resource or an entity: letters, digits and `._-:/`.", NAME, MAX_NAME_CHARS)
        .examples(["bench-1"])
);
schema!(
    Word,
    text("An attribute: visible characters other than `,[]{}` and quotes.", WORD, MAX_NAME_CHARS)
        .examples(["can"])
);
schema!(
    Label,
    text(
        "What a pool, a location, a holder or a tag is called: printable characters.",
        PRINTABLE,
        MAX_NAME_CHARS
    )
    .examples(["office1"])
);
schema!(
    Text,
    text("Printable characters on one line.", PRINTABLE, MAX_TEXT_CHARS).examples(["nightly"])
);
schema!(
    Timestamp,
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(format("date-time"))
        .description(Some("RFC 3339, in UTC."))
        .examples(["2026-11-21T08:15:30.250000Z"])
);
schema!(
    HumanDuration,
    form(
        "Seconds (`90`) or units (`500ms`, `30s`, `10m`, `1h30m`, `2d`); at most 366 days.",
        DURATION
    )
    .format(format(DURATION_FORMAT))
    .examples(["30s"])
);
schema!(
    Wait,
    form("`0`: not at all; a duration, at most 366 days; or `forever`.", WAIT)
        .format(format(DURATION_FORMAT))
        .examples(["10m"])
);
schema!(
    Priority,
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(-1000))
        .maximum(Some(1000))
        .description(Some("Who goes first: higher does."))
        .examples([0])
);
schema!(
    EventId,
    form(
        "The place of an event among those of its pool: the server's start, and a number.",
        EVENT_ID
    )
    .examples(["1764316800000000-42"])
);
schema!(
    ResourceState,
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(ResourceState::ALL.map(ResourceState::code)))
        .description(Some("The state of a resource."))
);
schema!(
    PropertyTerm,
    form("`PATH=VALUE`: a property, and what it is to be equal to or to contain.", "^[^=]+=")
        .format(format(PROPERTY_FORMAT))
        .examples(["gsm.operator=GTE"])
);
schema!(
    EntityPatterns,
    form(
        "A list of attributes, and of properties in braces, that an entity has; or a list of such lists, each for an \
         entity of its own.",
        "^.+$"
    )
    .format(format(ENTITIES_FORMAT))
    .examples(["[[arm64],[jtag,{slots=4}]]"])
);
schema!(
    RequirementText,
    form("A requirement in one text: `2 location=office1 +can`.", "^.+$")
        .examples(["2 location=office1 +can"])
);
schema!(Tag, form("`KEY=VALUE`.", "^[^=]+=").examples(["build=88"]));
