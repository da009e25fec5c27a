//! `GET /v1/events`: what happens in a pool, as server-sent events.
//!
//! A task of its own writes them, so that the client's departure is noticed even while the HTTP server waits for
//! the client to read. A client that reads too slowly misses some, and is told so: what happened waits in the
//! pool, which keeps the newest, and not here.

use std::convert::Infallible;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use respo::Label;
use respo::broker::{Broker, EventItem, Events};
use respo::wire::{EventId, PublicEvent};
use tokio::sync::mpsc;
use warp::Reply;
use warp::http::header::{CONTENT_TYPE, HeaderName};
use warp::http::{HeaderMap, HeaderValue, Method};
use warp::reply::Response;

use crate::api::Api;
use crate::body;
use crate::call::Call;
use crate::parameters::Parameters;
use crate::peer::Disconnected;
use crate::problem::{Kind, Problem};

/// How many pieces of the stream may wait to be sent.
const PIECES_AHEAD: usize = 4;

/// How many events are in one piece at most.
const PIECE: usize = 64;

/// How long a client waits before it connects again, in milliseconds.
const RETRY: u64 = 1000;

/// What happens in a pool, as it happens
///
/// Server-sent events: each has an id, a name and, as JSON, what happened. A client that comes back says with
/// `Last-Event-ID`, as browsers do, or with `after` which one it has seen, and is told what came after it. `missed` says
/// that some can no longer be told.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "Resources",
    params(
        ("pool" = Option<Label>, Query, description = "Where, if there are several pools."),
        ("after" = Option<EventId>, Query, description = "What came after this event, too."),
        ("Last-Event-ID" = Option<String>, Header, description = "The same; it goes before."),
    ),
    responses((
        status = 200,
        description = "Events, until the client leaves. The `data` of each is a `PublicEvent`.",
        body = PublicEvent,
        content_type = "text/event-stream"
    )),
    extensions(("x-problems" = json!(["pool_required", "no_such_pool"]))),
)]
pub(crate) async fn stream_events(api: Arc<Api>, mut call: Call) -> Result<Response, Problem> {
    let parameters = Parameters::parse(&call.query, &["pool", "after"])?;
    let after: Option<EventId> = parameters.parsed("after")?;
    // A browser that comes back says where it was in the header, and calls the same URL as before.
    let after = last_event_id(&call.headers)?.or(after);
    body::expect_none(&api, &mut call).await?;
    let broker = api.pools.select(parameters.value("pool"))?;
    let (pieces, mut receiver) = mpsc::channel::<Bytes>(PIECES_AHEAD);
    if call.method != Method::HEAD {
        let events = broker.events(after);
        let stream = EventStream { broker: broker.clone(), events, heartbeat: api.heartbeat };
        tokio::spawn(stream.run(pieces, call.disconnected()));
    }
    let body = stream::poll_fn(move |cx| {
        receiver.poll_recv(cx).map(|piece| piece.map(Ok::<_, Infallible>))
    });
    let mut response = warp::reply::stream(body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // Asks a reverse proxy to pass on each event as it comes.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<EventId>, Problem> {
    let Some(value) = headers.get("last-event-id") else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let parse = |text: &str| {
        text.parse()
            .map_err(|error| Problem::new(Kind::Malformed, format!("Last-Event-ID: {error}")))
    };
    // Empty is what a client has that has seen no id.
    if text.is_empty() { Ok(None) } else { parse(text).map(Some) }
}

struct EventStream {
    broker: Broker,
    events: Events,
    /// The longest silence.
    heartbeat: Duration,
}

impl EventStream {
    async fn run(mut self, pieces: mpsc::Sender<Bytes>, disconnected: Disconnected) {
        tokio::select! {
            () = self.tell(&pieces) => {}
            () = disconnected.wait() => {}
            () = pieces.closed() => {}
        }
        tracing::debug!(pool = self.broker.pool().as_str(), "a stream of events has ended");
    }

    /// Tells everything until the pool stops or the client does not listen any more.
    async fn tell(&mut self, pieces: &mpsc::Sender<Bytes>) {
        // An id alone is no event: it says from where to go on, should nothing happen on this connection.
        let mut piece = format!("retry: {RETRY}\nid: {}\n\n", self.events.last());
        while pieces.send(Bytes::from(std::mem::take(&mut piece))).await.is_ok() {
            match tokio::time::timeout(self.heartbeat, self.events.next()).await {
                Err(_) if self.is_over() => return,
                Err(_) => piece.push_str(": heartbeat\n\n"),
                Ok(None) => return,
                Ok(Some(item)) => {
                    self.write(&item, &mut piece);
                    for _ in 1..PIECE {
                        let Some(item) = self.events.try_next() else { break };
                        self.write(&item, &mut piece);
                    }
                }
            }
        }
    }

    /// Whether the server waits for its clients to leave.
    fn is_over(&self) -> bool {
        self.broker.is_draining()
    }

    fn write(&self, item: &EventItem, to: &mut String) {
        let (name, data) = match item {
            EventItem::Happened(event) => (event.what.code(), serde_json::to_string(event)),
            EventItem::Missed => {
                let pool = serde_json::json!({ "pool": self.broker.pool() });
                ("missed", serde_json::to_string(&pool))
            }
        };
        let id = match item {
            EventItem::Happened(event) => event.id,
            EventItem::Missed => self.events.last(),
        };
        let written = match data {
            // JSON has no line breaks of its own.
            Ok(data) => writeln!(to, "id: {id}\nevent: {name}\ndata: {data}\n").is_ok(),
            Err(_) => false,
        };
        if !written {
            tracing::error!(%id, "failed to write an event");
        }
    }
}

#[cfg(test)]
mod tests {
    use respo::broker::MAX_EVENTS;
    use respo::{Hold, Inventory, Label, Name, Request, Resource, Selector};

    use super::*;

    /// As many events as fit ahead of a client that does not read.
    const AHEAD: usize = (PIECES_AHEAD + 1) * PIECE;

    #[tokio::test]
    async fn a_client_that_does_not_read_costs_a_bounded_memory_and_is_told_that_it_missed_some() {
        let bench = Resource::new(Name::new("bench-1").unwrap());
        let inventory = Inventory::new([bench]).unwrap();
        let broker = Broker::builder(Label::new("lab").unwrap(), inventory).start().await.unwrap();
        let mut request = Request::one(Selector::any());
        request.hold = Hold::Ttl { ttl: Duration::from_secs(3600) };
        let ticket = broker.session().submit(request).await.unwrap();
        let (id, token) = (ticket.id(), ticket.token().clone());

        let (pieces, mut receiver) = mpsc::channel(PIECES_AHEAD);
        let events = broker.events(None);
        let heartbeat = Duration::from_secs(3600);
        let stream = EventStream { broker: broker.clone(), events, heartbeat };
        let running = tokio::spawn(stream.run(pieces, Disconnected::never()));
        for _ in 0..MAX_EVENTS + 2 * AHEAD {
            broker.allow(id, &token, Label::new("bob").unwrap()).await.unwrap();
        }
        let mut told = 0;
        let missed = loop {
            let piece = receiver.recv().await.expect("one more piece");
            let piece = String::from_utf8(piece.to_vec()).unwrap();
            let blocks: Vec<&str> = piece.split("\n\n").collect();
            if let Some(missed) = blocks.iter().find(|block| block.contains("event: missed")) {
                break (*missed).to_owned();
            }
            told += blocks.iter().filter(|block| block.contains("event: ")).count();
        };
        assert!(told <= AHEAD, "{told} events were kept for it");
        assert!(missed.contains("data: {\"pool\":\"lab\"}"), "{missed}");
        broker.allow(id, &token, Label::new("carol").unwrap()).await.unwrap();
        let next = receiver.recv().await.expect("what happens next");
        assert!(String::from_utf8_lossy(&next).contains("carol"));
        drop(receiver);
        running.await.unwrap();
    }
}
