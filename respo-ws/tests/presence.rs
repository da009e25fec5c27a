//! When what a client has ends, on a clock of the test's own.

// A panic is how a test reports.
#![allow(clippy::unwrap_used)]

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use respo::broker::{Broker, Pools};
use respo::{Inventory, Label, Name, Request, Resource, Selector};
use respo_ws::{Api, serve};
use tokio::io::DuplexStream;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;

use futures_util::{SinkExt, StreamExt};

async fn broker() -> Broker {
    let bench = Resource::new(Name::new("bench-1").unwrap());
    let inventory = Inventory::new([bench]).unwrap();
    Broker::builder(Label::new("lab").unwrap(), inventory).start().await.unwrap()
}

/// A client that holds the bench, on a connection that nothing tells of but its bytes.
async fn holder(broker: &Broker) -> WebSocketStream<DuplexStream> {
    let (client, server) = tokio::io::duplex(1024);
    let api = Arc::new(Api::new(Pools::new([broker.clone()])));
    tokio::spawn(serve(api, server, Vec::new(), pending(), pending()));
    let mut client = WebSocketStream::from_raw_socket(client, Role::Client, None).await;
    let request = r#"{"type":"request","ref":"a","request":{"requirements":[{}]}}"#;
    client.send(Message::text(request)).await.unwrap();
    loop {
        let said = client.next().await.unwrap().unwrap();
        if said.to_text().unwrap().contains(r#""event":"granted""#) {
            return client;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_silent_client_holds_ends_after_three_intervals_however_long_the_goodbye_takes() {
    let broker = broker().await;
    let client = holder(&broker).await;
    let begun = Instant::now();
    // The client has been heard last at the beginning, and reads no more, the goodbye included.
    let waiter = broker.session();
    waiter.acquire(Request::one(Selector::any())).await.unwrap();
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(14) && waited < Duration::from_secs(16), "{waited:?}");
    drop(client);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_answers_pings_keeps_what_it_holds() {
    let broker = broker().await;
    let mut client = holder(&broker).await;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        let frame = client.next().await.unwrap().unwrap();
        assert!(matches!(frame, Message::Ping(_)), "{frame:?}");
        client.flush().await.unwrap();
    }
    assert!(broker.snapshot().await.is_leased("bench-1"));
}
