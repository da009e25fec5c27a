//! A request as clients send it in a body: what [`Request::from_json`] takes.

use std::borrow::Cow;

use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, Object, ObjectBuilder, OneOfBuilder,
    RefBuilder, Type,
};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::{CONDITION_FORMAT, Schemas, format, list, reference};
use crate::condition::MAX_CONDITION_CHARS;
use crate::inventory::MAX_ENTITIES;
use crate::names::{Label, Name, Text, Word};
use crate::property::{MAX_PROPERTIES, MAX_PROPERTY_CHARS, PropertyValue};
use crate::request::{
    MAX_KEYS, MAX_REQUESTED, MAX_REQUIREMENTS, MAX_TAGS, Priority, Request, Requirement, Wait,
};
use crate::selector::{EntityPattern, MAX_SELECTOR_ITEMS};
use crate::time::HumanDuration;

/// Keys with dots between them.
const PATH: &str = "^[^.]+(\\.[^.]+)*$";

/// A map with these keys and no others.
fn closed(description: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
        .description(Some(description))
}

/// A list of `T`, of at most so many.
fn list_of<T: ToSchema>(most: usize) -> ArrayBuilder {
    ArrayBuilder::new().items(reference::<T>()).max_items(Some(most))
}

/// One `T`, or a list of at least so many, and at most so many.
fn one_or_many<T: ToSchema>(least: usize, most: usize) -> AnyOfBuilder {
    let list = list_of::<T>(most).min_items((least > 0).then_some(least));
    AnyOfBuilder::new().item(reference::<T>()).item(list)
}

/// The schema of a request for a lease that is kept by being renewed: that of a [`Request`], with `ttl` in the place of
/// `linger`.
#[derive(Debug, Clone, Copy)]
pub enum LeaseRequest {}

impl ToSchema for LeaseRequest {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("LeaseRequest")
    }

    fn schemas(schemas: &mut Schemas) {
        Request::schemas(schemas);
    }
}

impl PartialSchema for LeaseRequest {
    fn schema() -> RefOr<Schema> {
        request("ttl")
    }
}

impl ToSchema for Request {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Request")
    }

    fn schemas(schemas: &mut Schemas) {
        list::<Requirement>(schemas);
        list::<Priority>(schemas);
        list::<Text>(schemas);
        list::<Label>(schemas);
        list::<Wait>(schemas);
        list::<HumanDuration>(schemas);
    }
}

impl PartialSchema for Request {
    fn schema() -> RefOr<Schema> {
        request("linger")
    }
}

/// A request, with the key that says what keeps its lease alive.
fn request(hold: &str) -> RefOr<Schema> {
    let requirements = list_of::<Requirement>(MAX_REQUIREMENTS).min_items(Some(1));
    let tags = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property_names(Some(named(Label::schema())))
        .additional_properties(Some(AdditionalProperties::RefOr(reference::<Text>())))
        .max_properties(Some(MAX_TAGS))
        .description(Some("Free-form keys and values."));
    let example = serde_json::json!({"requirements": [{"resource": "bench-1"}], "name": "ci-88"});
    closed("What is asked for: granted all together, or not at all.")
        .property("requirements", requirements)
        .required("requirements")
        .property("priority", reference::<Priority>())
        .property("description", reference::<Text>())
        .property("name", reference::<Label>())
        .property("tags", tags)
        .property("wait", reference::<Wait>())
        .property(hold, reference::<HumanDuration>())
        .property("max_duration", reference::<HumanDuration>())
        .examples([example])
        .into()
}

/// The schema itself, where there is no place for a reference.
fn named(schema: RefOr<Schema>) -> Schema {
    match schema {
        RefOr::T(schema) => schema,
        RefOr::Ref(_) => Object::new().into(),
    }
}

impl ToSchema for Requirement {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Requirement")
    }

    fn schemas(schemas: &mut Schemas) {
        list::<Name>(schemas);
        list::<Label>(schemas);
        list::<Word>(schemas);
        list::<EntityPattern>(schemas);
        list::<PropertyValue>(schemas);
    }
}

impl PartialSchema for Requirement {
    fn schema() -> RefOr<Schema> {
        let condition = ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(MAX_CONDITION_CHARS))
            .format(format(CONDITION_FORMAT))
            .description(Some(
                "An expression that is true of it, in the Common Expression Language.",
            ));
        let matching = some_resources("So many resources that match.")
            .property("resource", one_or_many::<Name>(1, MAX_SELECTOR_ITEMS))
            .property("location", reference::<Label>())
            .property("attributes", one_or_many::<Word>(0, MAX_SELECTOR_ITEMS))
            .property("entities", list_of::<EntityPattern>(MAX_ENTITIES))
            .property("properties", wanted_properties())
            .property("where", condition)
            .examples([serde_json::json!({"count": 1, "attributes": ["can"]})]);
        let of_keys = some_resources("So many resources of a list of keys.")
            .property("keys", one_or_many::<Name>(1, MAX_KEYS))
            .required("keys")
            .examples([serde_json::json!({"count": 1, "keys": ["phone-1", "phone-2"]})]);
        let either = OneOfBuilder::new().item(matching).item(of_keys);
        either
            .description(Some("Some resources: of those that match, or of a list of keys."))
            .into()
    }
}

/// What both kinds of requirement have.
fn some_resources(description: &str) -> ObjectBuilder {
    let count = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(MAX_REQUESTED as f64))
        .description(Some("How many; 1 if it is left out."));
    let stack = "Everything in the request that has the same label comes from one stack.";
    let stack =
        RefBuilder::new().ref_location_from_schema_name(Label::name()).description(Some(stack));
    closed(description).property("count", count).property("stack", stack.build())
}

impl ToSchema for EntityPattern {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("EntityPattern")
    }

    fn schemas(schemas: &mut Schemas) {
        list::<Word>(schemas);
        list::<PropertyValue>(schemas);
    }
}

impl PartialSchema for EntityPattern {
    fn schema() -> RefOr<Schema> {
        closed("What one entity must look like; each pattern is matched by an entity of its own.")
            .property("attributes", one_or_many::<Word>(0, MAX_SELECTOR_ITEMS))
            .property("properties", wanted_properties())
            .into()
    }
}

/// A map of properties that are asked for.
fn wanted_properties() -> ObjectBuilder {
    let path = form_of_path();
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property_names(Some(path))
        .additional_properties(Some(AdditionalProperties::RefOr(reference::<PropertyValue>())))
        .max_properties(Some(MAX_PROPERTIES))
        .description(Some("Properties by path: maps in maps are the same as paths with dots."))
}

fn form_of_path() -> Schema {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(PATH))
        .max_length(Some(MAX_PROPERTY_CHARS))
        .into()
}

impl ToSchema for PropertyValue {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("WantedProperty")
    }
}

impl PartialSchema for PropertyValue {
    fn schema() -> RefOr<Schema> {
        let list = ArrayBuilder::new().items(scalar(AnyOfBuilder::new()));
        let list = list.max_items(Some(MAX_SELECTOR_ITEMS));
        scalar(AnyOfBuilder::new())
            .item(list)
            .item(wanted_properties().min_properties(Some(1)))
            .description(Some(
                "A text, a number, `true`, `false` or `null` to be equal to; a list of these to be contained; or a \
                 map of properties further down.",
            ))
            .into()
    }
}

fn scalar(any: AnyOfBuilder) -> AnyOfBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String);
    any.item(text.max_length(Some(MAX_PROPERTY_CHARS)))
        .item(ObjectBuilder::new().schema_type(Type::Number))
        .item(ObjectBuilder::new().schema_type(Type::Boolean))
        .item(ObjectBuilder::new().schema_type(Type::Null))
}
