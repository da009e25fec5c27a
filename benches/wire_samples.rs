//! What servers and clients say, for reading and writing.

use std::sync::Arc;

use respo::wire::socket::{ClientMessage, ServerMessage};
use respo::wire::{Event, GrantedLease, PoolOverview};
use respo::{Fence, Grant, Label, Request, RequestId, Timestamp, Token};

use crate::driver::Driver;
use crate::lab::{lab, request};

fn pool_name() -> Label {
    Label::new("lab").expect("a valid name")
}

/// A lease of one board, with its properties.
///
/// # Panics
/// Never.
#[must_use]
pub fn granted() -> GrantedLease {
    let request: Arc<Request> = request("resource=board-1&entities=[[linux],[arm64],[jtag]]");
    let board = lab(2).find("board-1").cloned().expect("it is in the inventory");
    let grant = Grant {
        id: RequestId(7),
        fence: Fence(7),
        resources: vec![vec![board]],
        since: Timestamp::from_micros(1),
        expires: None,
    };
    GrantedLease::new(pool_name(), &Token::from_random([1; 16]), &grant, &request)
}

/// The line that grants a lease.
#[must_use]
pub fn granted_line() -> Event {
    Event::Granted { lease: granted() }
}

/// The message that grants a lease.
#[must_use]
pub fn granted_message() -> ServerMessage {
    ServerMessage::Granted { reference: "a1".to_owned(), lease: granted() }
}

/// The line that tells the hundredth of those who wait where it is, with as many candidates as are listed.
///
/// # Panics
/// Never.
#[must_use]
pub fn queued_line() -> Event {
    let mut driver = Driver::new(lab(100));
    let any = request("");
    let ids: Vec<RequestId> = (0..200).map(|_| driver.submit(&any)).collect();
    let queued = driver.engine.snapshot().queued(ids[199]);
    Event::Queued { request: queued.expect("it waits") }
}

/// The overview of a pool of so many resources, half of them held.
#[must_use]
pub fn overview(resources: usize) -> PoolOverview {
    let mut driver = Driver::new(lab(resources));
    for n in 0..resources / 2 {
        driver.submit(&request(&format!("resource=board-{n}&name=ci-{n}")));
    }
    driver.engine.snapshot().overview(&pool_name())
}

/// A request as a WebSocket client makes it.
pub const REQUEST_MESSAGE: &str = r#"{"type":"request","ref":"a1","request":{"requirements":[{"attributes":["can"],"location":"office1"}],"name":"ci-88"}}"#;

/// The same, read.
///
/// # Panics
/// Never.
#[must_use]
pub fn read_message(text: &str) -> ClientMessage {
    serde_json::from_str(text).expect("a message of the protocol")
}
