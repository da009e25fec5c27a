//! `GET /openapi.json`: what the routes take and answer, as an OpenAPI 3.1 document.
//!
//! It is made of the descriptions beside the handlers and of the schemas beside the types. What the
//! derivation cannot say is added here: which problems an operation may be answered with, from the list
//! of their codes, and that a key that may be left out is left out rather than `null`. The schema of the
//! inventory is the one that editors use.

mod inventory;
mod nulls;
mod problems;
mod prose;

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json as document};
use warp::reply::Response;

use crate::api::Api;
use crate::body;
use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::{Problem, json};
use crate::routes::described;

/// What is the same for every server: everything but its version.
static DOCUMENT: LazyLock<Value> = LazyLock::new(make);

const ABOUT: &str = "\
respo gives one client at a time exclusive use of a shared resource: a test bench, a board, a licence, a lab phone. \
Clients ask by name or by what a resource is like, wait in a fair queue, and hold a lease.

Every error is an RFC 9457 problem document (`application/problem+json`) with a stable `code`. Whoever may try again \
is told when by `Retry-After`. Wherever there is `GET`, there is `HEAD`. Readers ignore keys that they do not know: \
later versions may add some. A key that has nothing to say is left out.";

/// This document
///
/// What each path takes and answers, for programs that make clients, tests or pages of it.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "Server",
    responses((status = 200, description = "An OpenAPI 3.1 document.", body = Object)),
)]
pub(crate) async fn show_openapi_document(
    api: Arc<Api>,
    mut call: Call,
) -> Result<Response, Problem> {
    Parameters::parse(&call.query, &[])?;
    body::expect_none(&api, &mut call).await?;
    Ok(json(&of_version(&api.version)))
}

/// The document of a server of this version.
pub(crate) fn of_version(version: &str) -> Value {
    let mut document = DOCUMENT.clone();
    document["info"]["version"] = version.into();
    document
}

fn make() -> Value {
    let mut document = serde_json::to_value(described()).unwrap_or_else(|error| {
        tracing::error!(%error, "failed to write the OpenAPI document");
        Value::Null
    });
    document["info"] = document!({
        "title": "respo",
        "description": ABOUT,
        "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
    });
    document["tags"] = document!([
        {"name": "Leases", "description": "Asking for resources, holding them, and giving them back."},
        {"name": "Resources", "description": "What there is, who has it, and who waits for it."},
        {"name": "Inventory", "description": "What the pools consist of."},
        {"name": "Server", "description": "How the server is, and what it can do."},
        {
            "name": "rent-a-bot",
            "description": "What rent-a-bot's clients call; see `docs/rentabot.md`. What they say beyond it is passed \
                over, and what is not done is told in rent-a-bot's words.",
        },
    ]);
    document["components"]["securitySchemes"] = document!({
        "lease_token": {
            "type": "http", "scheme": "bearer", "description": "The token of the request or lease.",
        },
        "administrator_token": {
            "type": "http", "scheme": "bearer",
            "description": "The administrator's token, where the server was started with one.",
        },
    });
    inventory::add(&mut document);
    for (path, method, operation) in operations(&mut document) {
        problems::describe(path, method, operation);
    }
    nulls::remove(&mut document);
    prose::mend(&mut document);
    document
}

/// Every operation, with its path and its method, which is in lower case.
fn operations(document: &mut Value) -> impl Iterator<Item = (&str, &str, &mut Value)> {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let operations = item.as_object_mut().into_iter().flatten();
        operations.map(|(method, operation)| (path.as_str(), method.as_str(), operation))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn everything_that_is_referred_to_is_there_and_nothing_else() {
        let document = of_version("1");
        let mut referred = BTreeSet::new();
        references(&document, &mut referred);
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let there: BTreeSet<String> =
            schemas.keys().map(|name| format!("#/components/schemas/{name}")).collect();
        assert_eq!(referred, there);
    }

    #[test]
    fn every_operation_has_a_name_a_summary_a_tag_that_is_explained_and_known_problems() {
        let mut document = of_version("1");
        let tags = document["tags"].clone();
        let tags: Vec<&Value> = tags.as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
        for (path, method, operation) in operations(&mut document) {
            assert!(operation["operationId"].is_string(), "{method} {path}");
            assert!(operation["summary"].is_string(), "{operation}");
            assert!(tags.contains(&&operation["tags"][0]), "{operation}");
            assert!(operation.get("x-problems").is_none(), "{operation}");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{parameter}");
            }
        }
    }
}
