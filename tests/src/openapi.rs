//! The OpenAPI document, as a program reads it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::daemon::Daemon;

/// An operation that is described.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its name.
    pub id: String,
    /// Its path, with the names in braces of what is open in it.
    pub path: String,
    /// Its method, in upper case.
    pub method: String,
    /// Everything else.
    pub description: Value,
}

impl Daemon {
    /// The document that it serves.
    pub async fn openapi(&self) -> Value {
        self.get("/openapi.json").await.expect_status(200).json()
    }

    /// Every operation that it describes.
    pub async fn described(&self) -> Vec<Operation> {
        let document = self.openapi().await;
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().expect("the paths") {
            for (method, description) in item.as_object().expect("a path's methods") {
                operations.push(Operation {
                    id: description["operationId"].as_str().expect("a name").to_owned(),
                    path: path.clone(),
                    method: method.to_uppercase(),
                    description: description.clone(),
                });
            }
        }
        operations
    }
}

impl Operation {
    /// The statuses that it may be answered with, each with the types of body that it may have.
    #[must_use]
    pub fn answers(&self) -> BTreeMap<u16, Vec<String>> {
        let answers = self.description["responses"].as_object().expect("the responses");
        let types = |answer: &Value| {
            let types = answer["content"].as_object().into_iter().flatten();
            types.map(|(media_type, _)| media_type.clone()).collect()
        };
        let status = |status: &String| status.parse().expect("a status");
        answers.iter().map(|(code, answer)| (status(code), types(answer))).collect()
    }

    /// Whether it belongs to this group.
    #[must_use]
    pub fn has_tag(&self, tag: &str) -> bool {
        self.description["tags"].as_array().into_iter().flatten().any(|one| one == tag)
    }

    /// Whether the token of a lease is good for something with it.
    #[must_use]
    pub fn takes_lease_token(&self) -> bool {
        let ways = self.description["security"].as_array();
        ways.into_iter().flatten().any(|way| way.get("lease_token").is_some())
    }
}
