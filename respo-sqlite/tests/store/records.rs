//! Records, and committing them.

use std::sync::Arc;

use respo::{
    Batch, EndReason, Fence, Inventory, InventoryStore, Label, Name, Record, Request, RequestId,
    Resource, Selector, Text, Timestamp, Token,
};
use respo_sqlite::SqliteStore;

pub(crate) fn pool(name: &str) -> Label {
    Label::new(name).unwrap()
}

/// So many seconds after midnight of 2026-11-22.
pub(crate) fn at(seconds: f64) -> Timestamp {
    let midnight: Timestamp = "2026-11-22T00:00:00Z".parse().unwrap();
    midnight.after(std::time::Duration::from_secs_f64(seconds))
}

/// A request by somebody, for something, with a tag.
pub(crate) fn request() -> Request {
    let mut request = Request::one(Selector::any());
    request.holder = Some(Label::new("ci-88").unwrap());
    request.description = Some(Text::new("nightly").unwrap());
    request.tags = [(Label::new("build").unwrap(), Text::new("4711").unwrap())].into();
    request
}

pub(crate) fn token(id: u64) -> Token {
    Token::from_random(u128::from(id).to_be_bytes())
}

pub(crate) fn queued(id: u64, seconds: f64) -> Record {
    Record::Queued {
        party: RequestId(1),
        id: RequestId(id),
        request: Arc::new(request()),
        token: token(id).digest(),
        made_with: None,
        at: at(seconds),
    }
}

/// Grants bench-1.
pub(crate) fn granted(id: u64, fence: u64, seconds: f64) -> Record {
    let resources = vec![vec![Name::new("bench-1").unwrap()]];
    Record::Granted {
        id: RequestId(id),
        fence: Fence(fence),
        resources,
        at: at(seconds),
        expires: None,
    }
}

pub(crate) fn ended(id: u64, reason: EndReason, seconds: f64) -> Record {
    Record::Ended { id: RequestId(id), reason, at: at(seconds) }
}

/// An inventory of bench-1 alone, with this description.
pub(crate) fn replaced(revision: u64, description: &str, seconds: f64) -> Record {
    let mut bench = Resource::new(Name::new("bench-1").unwrap());
    bench.description = Some(Text::new(description).unwrap());
    let inventory = Arc::new(Inventory::new([bench]).unwrap());
    Record::InventoryReplaced { revision, inventory, at: at(seconds) }
}

pub(crate) async fn commit(store: &SqliteStore, name: &str, records: Vec<Record>) {
    store.commit(Batch { pool: pool(name), records }).await.unwrap();
}
