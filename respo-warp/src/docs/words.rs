//! Schemas and calls in a few words.

use maud::{Markup, html};
use serde_json::Value;

/// The text, or nothing.
pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Paragraphs, in which what stands in backquotes is code.
pub(super) fn prose(value: &Value) -> Markup {
    html! {
        @for paragraph in text(value).split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
            p {
                @for (index, part) in paragraph.split('`').enumerate() {
                    @if index % 2 == 1 { code { (part) } } @else { (part) }
                }
            }
        }
    }
}

/// The name of the component that a schema refers to.
pub(super) fn name_of(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.rsplit('/').next()
}

/// What a schema says, in one line.
pub(super) fn schema_words(schema: &Value) -> Markup {
    if let Some(name) = name_of(schema) {
        return html! { a href={ "#type-" (name) } { (name) } };
    }
    for (key, between) in [("oneOf", " or "), ("anyOf", " or "), ("allOf", " with ")] {
        if let Some(Value::Array(choices)) = schema.get(key) {
            return html! {
                @for (index, choice) in choices.iter().enumerate() {
                    @if index > 0 { (between) }
                    (schema_words(choice))
                }
            };
        }
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        return html! {
            @for (index, value) in values.iter().enumerate() {
                @if index > 0 { " " }
                code { (literal(value)) }
            }
        };
    }
    typed(schema)
}

/// What a schema with a type says.
fn typed(schema: &Value) -> Markup {
    let type_name = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect::<Vec<_>>().join(" or "),
        one => text(one).to_owned(),
    };
    html! {
        @if type_name == "array" {
            "list of " (schema_words(&schema["items"]))
        } @else if type_name == "object" {
            "map"
            @if schema["additionalProperties"].is_object() { " of " (schema_words(&schema["additionalProperties"])) }
        } @else if type_name.is_empty() {
            "anything"
        } @else {
            (type_name)
        }
        @for bound in bounds(schema) { ", " (bound) }
        @if let Some(pattern) = schema["pattern"].as_str() { ", " code.pattern { (pattern) } }
    }
}

/// How long, how large and of which form it may be.
fn bounds(schema: &Value) -> Vec<String> {
    let range = |least: &str, most: &str, unit: &str| {
        let bound = |key: &str| schema.get(key).map(literal);
        match (bound(least), bound(most)) {
            (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
            // That a number may not be negative goes without saying where it counts something.
            (Some(least), None) if least != "0" => Some(format!("at least {least}{unit}")),
            (None, Some(most)) => Some(format!("at most {most}{unit}")),
            _ => None,
        }
    };
    let format = schema["format"].as_str().filter(|format| !format.starts_with("int"));
    [
        range("minLength", "maxLength", " characters"),
        range("minItems", "maxItems", " of them"),
        range("minProperties", "maxProperties", " keys"),
        range("minimum", "maximum", ""),
        format.map(str::to_owned),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn literal(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The call with curl.
pub(super) fn command(method: &str, path: &str, operation: &Value) -> String {
    let mut words = vec!["curl".to_owned()];
    let body =
        operation["requestBody"]["content"].as_object().and_then(|kinds| kinds.iter().next());
    if method != "get" && (body.is_none() || method != "post") {
        words.push(format!("-X {}", method.to_uppercase()));
    }
    let needs_token = operation["security"][0].as_object().is_some_and(|one| !one.is_empty());
    if needs_token {
        words.push("-H \"Authorization: Bearer $TOKEN\"".to_owned());
    }
    match body {
        Some((kind, _)) if kind == "application/json" => {
            words.push("--json @request.json".to_owned())
        }
        Some((kind, _)) => {
            words.push(format!("-H 'Content-Type: {kind}' --data-binary @inventory.yaml"))
        }
        None => {}
    }
    words.push(format!("\"$RESPO{}\"", filled(path, operation)));
    words.join(" ")
}

/// The path, with examples in the place of what its template leaves open.
fn filled(path: &str, operation: &Value) -> String {
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut path = path.to_owned();
    for parameter in parameters.iter().filter(|one| one["in"] == "path") {
        if let Some(example) = parameter.get("example") {
            path = path.replace(&format!("{{{}}}", text(&parameter["name"])), &literal(example));
        }
    }
    path
}
