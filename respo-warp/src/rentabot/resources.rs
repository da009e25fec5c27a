//! `resources` and `resources/{id}`.

use respo::broker::Broker;
use respo::snapshot::{Snapshot, Status};
use respo::{Resource, Timestamp};
use serde::Serialize;
use serde_json::json as document;
use utoipa::ToSchema;
use warp::reply::Response;

use super::Family;
use super::fault::Fault;
use super::input;
use super::terms;
use super::visit::Visit;
use crate::aside::aside;
use crate::problem::json;

/// A resource as rent-a-bot shows it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = RentabotResource)]
pub(super) struct Shown {
    id: u64,
    name: String,
    description: String,
    /// Empty: it is free. Nothing: it is not, and whose it is knows the token.
    #[schema(required)]
    pub(super) lock_token: Option<String>,
    lock_details: String,
    endpoint: String,
    tags: String,
    #[schema(required)]
    pub(super) lock_acquired_at: Option<Timestamp>,
    #[schema(required)]
    pub(super) lock_expires_at: Option<Timestamp>,
    max_lock_duration: u64,
}

impl Shown {
    pub(super) fn new(
        resource: &Resource,
        status: &Status,
        broker: &Broker,
        family: Family,
    ) -> Self {
        let text = |text: &Option<respo::Text>| text.as_ref().map(ToString::to_string);
        let tags: Vec<&str> = resource.attributes.iter().map(AsRef::as_ref).collect();
        // Between tags, rent-a-bot 1.0 has commas; before, it had blanks.
        let separator = if family == Family::Present { "," } else { " " };
        let holding = status.holding();
        Self {
            id: resource.numeric_id(),
            name: resource.name.to_string(),
            description: text(&resource.description).unwrap_or_default(),
            lock_token: matches!(status, Status::Free).then(String::new),
            lock_details: details(status),
            endpoint: text(&resource.endpoint).unwrap_or_default(),
            tags: tags.join(separator),
            lock_acquired_at: holding.map(|holding| holding.since),
            lock_expires_at: holding.and_then(|holding| holding.expires),
            max_lock_duration: terms::longest(broker).as_secs(),
        }
    }
}

/// Who has it, for people.
fn details(status: &Status) -> String {
    let holding = match status {
        Status::Free => return "Resource is available".to_owned(),
        Status::HeldBack(_) => return "Resource is kept for a waiting request".to_owned(),
        Status::Collateral(_) => return "Resource is wired to one that is locked".to_owned(),
        Status::Held(holding) => holding,
    };
    let mut details = "Resource locked".to_owned();
    if let Some(holder) = &holding.holder {
        details.push_str(&format!(" by {holder}"));
    }
    if let Some(description) = &holding.description {
        details.push_str(&format!(": {description}"));
    }
    details
}

pub(super) async fn list(visit: &Visit) -> Result<Response, Fault> {
    let snapshot = visit.broker.snapshot().await;
    let (broker, family) = (visit.broker.clone(), visit.family);
    let listed = aside(move || {
        let resources = snapshot.inventory.resources().iter().zip(&snapshot.statuses);
        let mut shown: Vec<Shown> = resources
            .map(|(resource, status)| Shown::new(resource, status, &broker, family))
            .collect();
        shown.sort_by_key(|shown| shown.id);
        json(&document!({"resources": shown}))
    });
    Ok(listed.await?)
}

pub(super) async fn one(visit: &Visit, id: &str) -> Result<Response, Fault> {
    let id = input::number_in(&["path", "resource_id"], id)?;
    let snapshot = visit.broker.snapshot().await;
    let (resource, status) = find(&snapshot, id).ok_or_else(|| Fault::no_resource(id))?;
    let shown = Shown::new(resource, status, &visit.broker, visit.family);
    Ok(json(&document!({"resource": shown})))
}

/// The resource of this number in the inventory, and how it stands.
pub(super) fn find(snapshot: &Snapshot, id: i64) -> Option<(&Resource, &Status)> {
    let resource = snapshot.inventory.with_numeric_id(u64::try_from(id).ok()?)?;
    let index = snapshot.inventory.index_of(resource.name.as_str())?;
    Some((resource.as_ref(), snapshot.statuses.get(index.as_usize())?))
}
