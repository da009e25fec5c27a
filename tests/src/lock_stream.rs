//! A client of `POST /lock` over HTTP/1.1: a connection and the events that come down it.

use std::net::SocketAddr;

use respo::EndReason;
use respo::wire::{Event, GrantedLease, QueuedRequest};
use serde_json::Value;

use crate::connection::Connection;
use crate::notices;
use crate::reply::{Head, Reply};

/// The stream that answers `POST /lock`.
#[derive(Debug)]
pub struct LockStream {
    /// The connection itself, for tests that do something to it.
    pub connection: Connection,
    /// The head of the response.
    pub head: Head,
    lines: Lines,
}

/// Splits what has come of a body into lines.
#[derive(Debug, Default)]
pub struct Lines {
    pending: Vec<u8>,
}

impl Lines {
    /// Takes the next piece of the body.
    pub fn push(&mut self, piece: &[u8]) {
        self.pending.extend_from_slice(piece);
    }

    /// The next whole line, without its end.
    pub fn pop(&mut self) -> Option<String> {
        let end = self.pending.iter().position(|byte| *byte == b'\n')?;
        let line: Vec<u8> = self.pending.drain(..=end).collect();
        Some(String::from_utf8(line).expect("UTF-8").trim_end().to_owned())
    }
}

impl LockStream {
    /// Asks for a lease with this query string; a refusal is returned as the reply that it is.
    pub async fn open(address: SocketAddr, query: &str) -> Result<Self, Reply> {
        let mut connection = Connection::open(address).await;
        connection.request("POST", &format!("/lock?{query}")).await;
        Self::on(connection).await
    }

    /// Reads the answer to a `POST /lock` that was sent on `connection`.
    pub async fn on(mut connection: Connection) -> Result<Self, Reply> {
        let head = connection.head().await;
        if head.status != 200 {
            let body = connection.body().await;
            return Err(Reply { head, body });
        }
        Ok(Self::after_head(connection, head))
    }

    /// The stream behind a head that says `200`.
    #[must_use]
    pub fn after_head(connection: Connection, head: Head) -> Self {
        Self { connection, head, lines: Lines::default() }
    }

    /// The next line as JSON; `None` when the stream has ended.
    pub async fn next_json(&mut self) -> Option<Value> {
        loop {
            if let Some(line) = self.lines.pop() {
                let json = serde_json::from_str(&line);
                return Some(json.unwrap_or_else(|error| panic!("no JSON ({error}): {line:?}")));
            }
            let piece = self.connection.piece().await?;
            self.lines.push(&piece);
        }
    }

    /// The next event; `None` when the stream has ended.
    pub async fn next_event(&mut self) -> Option<Event> {
        let json = self.next_json().await?;
        Some(serde_json::from_value(json.clone()).unwrap_or_else(|e| panic!("{e}: {json}")))
    }

    /// The next event other than a heartbeat; `None` when the stream has ended.
    pub async fn next_notice(&mut self) -> Option<Event> {
        notices::next(async || self.next_event().await).await
    }

    /// The next notice, which must be `queued`.
    pub async fn expect_queued(&mut self) -> QueuedRequest {
        notices::queued(async || self.next_event().await).await
    }

    /// Waits through `queued` for `granted`.
    pub async fn expect_granted(&mut self) -> GrantedLease {
        notices::granted(async || self.next_event().await).await
    }

    /// Waits through `queued` and `draining` for `ended`, after which nothing may follow.
    pub async fn expect_ended(&mut self) -> EndReason {
        loop {
            match self.next_notice().await {
                Some(Event::Ended { reason, .. }) => {
                    assert_eq!(self.next_json().await, None, "nothing follows ended");
                    return reason;
                }
                Some(Event::Queued { .. } | Event::Draining { .. }) => {}
                other => panic!("expected ended, got {other:?}"),
            }
        }
    }

    /// Waits through `queued` for `restarting`, after which nothing may follow, and returns its grace in
    /// seconds.
    pub async fn expect_restarting(&mut self) -> u64 {
        loop {
            match self.next_notice().await {
                Some(Event::Restarting { grace_seconds }) => {
                    assert_eq!(self.next_json().await, None, "nothing follows restarting");
                    return grace_seconds;
                }
                Some(Event::Queued { .. }) => {}
                other => panic!("expected restarting, got {other:?}"),
            }
        }
    }

    /// Waits for the end of the stream, whatever comes before.
    pub async fn until_end(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next_event().await {
            events.push(event);
        }
        events
    }

    /// Ends the connection with a FIN.
    pub fn close(self) {
        self.connection.close();
    }

    /// Ends the connection with a RST.
    pub fn reset(self) {
        self.connection.reset();
    }
}
