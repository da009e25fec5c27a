//! The page: one file, no script, nothing loaded from elsewhere.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use super::words::{command, name_of, prose, schema_words, text};
use crate::routes::operations;

const STYLE: &str = include_str!("page.css");

/// Writes the OpenAPI document as a page.
pub(super) fn render(document: &Value) -> String {
    let operations = in_order(document);
    let tags = document["tags"].as_array().map(Vec::as_slice).unwrap_or_default();
    let info = &document["info"];
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href="data:,";
                title { (text(&info["title"])) ": its HTTP interface" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (text(&info["title"])) " " small { (text(&info["version"])) } }
                    (prose(&info["description"]))
                    p {
                        "The same for programs: " a href="/openapi.json" { "/openapi.json" }
                        ". The resources and who has them: " a href="/" { "/" }
                        ". In the examples, " code { "RESPO" } " is where the server is: "
                        code { "RESPO=http://127.0.0.1:7373" } "."
                    }
                }
                (contents(tags, &operations))
                main {
                    @for tag in tags { (tag_section(tag, &operations)) }
                    (schemas(document))
                }
            }
        }
    };
    page.into_string()
}

/// An operation and where it is.
struct Operation<'d> {
    path: &'d str,
    method: &'d str,
    it: &'d Value,
}

impl Operation<'_> {
    fn id(&self) -> &str {
        text(&self.it["operationId"])
    }

    fn has(&self, tag: &Value) -> bool {
        self.it["tags"][0] == tag["name"]
    }
}

/// Every operation, in the order in which people should read of them.
fn in_order(document: &Value) -> Vec<Operation<'_>> {
    let mut found = Vec::new();
    for (path, item) in map(&document["paths"]) {
        found.extend(map(item).map(|(method, it)| Operation { path, method, it }));
    }
    let order = operations();
    // What is not listed is the same as another under a former path.
    found.sort_by_key(|operation| {
        let place = order.iter().position(|id| *id == operation.id());
        place.unwrap_or(order.len())
    });
    found
}

fn map(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn contents(tags: &[Value], operations: &[Operation<'_>]) -> Markup {
    html! {
        nav {
            @for tag in tags {
                section {
                    h2 { (text(&tag["name"])) }
                    ul {
                        @for one in operations.iter().filter(|one| one.has(tag)) {
                            li {
                                a href={ "#" (one.id()) } { (method(one.method)) " " (path(one.path)) }
                                small { (text(&one.it["summary"])) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn method(method: &str) -> Markup {
    html! { span class={ "method " (method) } { (method.to_uppercase()) } }
}

/// A path, which may be broken after each slash.
fn path(path: &str) -> Markup {
    html! {
        code {
            @for (index, part) in path.split('/').enumerate() {
                @if index > 0 { "/" wbr; }
                @if part.starts_with('{') { var { (part) } } @else { (part) }
            }
        }
    }
}

fn tag_section(tag: &Value, operations: &[Operation<'_>]) -> Markup {
    html! {
        section {
            h2 { (text(&tag["name"])) }
            (prose(&tag["description"]))
            @for one in operations.iter().filter(|one| one.has(tag)) { (operation(one)) }
        }
    }
}

fn operation(one: &Operation<'_>) -> Markup {
    let parameters = list(&one.it["parameters"]);
    html! {
        article id=(one.id()) {
            h3 { a href={ "#" (one.id()) } { (method(one.method)) " " (path(one.path)) } }
            p.summary { (text(&one.it["summary"])) }
            (prose(&one.it["description"]))
            (tokens(&one.it["security"]))
            pre { code { (command(one.method, one.path, one.it)) } }
            @if !parameters.is_empty() {
                h4 { "Parameters" }
                dl { @for one in parameters { (parameter(one)) } }
            }
            @if let Some(body) = one.it.get("requestBody") {
                h4 { "Body" }
                (prose(&body["description"]))
                (content(&body["content"]))
            }
            h4 { "Answers" }
            dl { @for (status, answer) in map(&one.it["responses"]) { (response(status, answer)) } }
        }
    }
}

/// Which token the operation needs.
fn tokens(security: &Value) -> Markup {
    let names = |one: &Value| map(one).next().map(|(name, _)| name.replace('_', " "));
    let may_be_without = list(security).iter().any(|one| map(one).next().is_none());
    let needed: Vec<String> = list(security).iter().filter_map(names).collect();
    html! {
        @if !needed.is_empty() {
            p.token {
                "Needs the " (needed.join(" or the "))
                @if may_be_without { ", where the server was started with one" }
                "."
            }
        }
    }
}

fn parameter(parameter: &Value) -> Markup {
    let place = text(&parameter["in"]);
    html! {
        dt {
            code { (text(&parameter["name"])) }
            @if place != "query" { span.place { (place) } }
            @if parameter["required"] == true && place != "path" { span.place { "required" } }
            span.type { (schema_words(&parameter["schema"])) }
        }
        dd { (prose(&parameter["description"])) }
    }
}

fn response(status: &str, response: &Value) -> Markup {
    let class = if status.starts_with('2') { "status good" } else { "status" };
    let headers: Vec<&String> = map(&response["headers"]).map(|(name, _)| name).collect();
    html! {
        dt { span class=(class) { (status) } }
        dd {
            (prose(&response["description"]))
            @for header in headers { p.type { "Header: " code { (header) } } }
            // All problems are the same in form, and the introduction says which.
            @let bodies = map(&response["content"]).filter(|(kind, _)| *kind != "application/problem+json");
            @for (kind, body) in bodies { (media(kind, body)) }
        }
    }
}

fn content(content: &Value) -> Markup {
    html! { @for (kind, body) in map(content) { (media(kind, body)) } }
}

fn media(kind: &str, body: &Value) -> Markup {
    html! {
        p.type { code { (kind) } " " (schema_words(&body["schema"])) }
        @if let Some(example) = body.get("example") { pre { code { (example_text(example)) } } }
    }
}

fn example_text(example: &Value) -> String {
    example.as_str().map_or_else(|| example.to_string(), str::to_owned)
}

fn schemas(document: &Value) -> Markup {
    html! {
        section {
            h2 { "Types" }
            @for (name, schema) in map(&document["components"]["schemas"]) {
                article id={ "type-" (name) } {
                    h3 { a href={ "#type-" (name) } { (name) } }
                    (schema_body(schema))
                }
            }
        }
    }
}

/// What there is to say of a schema: its keys, or its variants, or what its text looks like.
fn schema_body(schema: &Value) -> Markup {
    let variants = ["oneOf", "anyOf", "allOf"].into_iter().find_map(|key| schema.get(key));
    html! {
        (prose(&schema["description"]))
        @if let Some(variants) = variants {
            @for variant in list(variants) {
                @if name_of(variant).is_some() || variant.get("properties").is_none() {
                    p.type { (schema_words(variant)) }
                } @else {
                    div.variant { (schema_body(variant)) }
                }
            }
        } @else if schema.get("properties").is_some() {
            (keys(schema))
        } @else {
            p.type { (schema_words(schema)) }
        }
    }
}

fn keys(schema: &Value) -> Markup {
    let required = list(&schema["required"]);
    let is_required = |key: &str| required.iter().any(|one| one == key);
    html! {
        dl {
            @for (key, value) in map(&schema["properties"]) {
                dt {
                    code { (key) }
                    @if !is_required(key) { span.place { "optional" } }
                    span.type { (schema_words(value)) }
                }
                dd { (prose(&value["description"])) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_operation_and_every_type_has_a_place_and_every_link_leads_to_one() {
        let document = crate::openapi::of_version("1");
        let page = render(&document);
        for id in operations() {
            assert!(page.contains(&format!("<article id=\"{id}\"")), "{id}");
        }
        let links = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next());
        for link in links {
            assert!(page.contains(&format!("id=\"{link}\"")), "{link} leads nowhere");
        }
        assert!(!page.contains("<script"), "{page}");
    }

    #[test]
    fn nothing_in_a_description_becomes_markup() {
        let evil = "<script>`</code><b>`";
        let document =
            json!({"info": {"title": evil, "description": evil}, "tags": [{"name": evil}]});
        let page = render(&document);
        assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
    }
}
