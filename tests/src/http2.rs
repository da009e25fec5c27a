//! A client that speaks HTTP/2 with prior knowledge, and can reset one stream of a connection.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::Request;
use respo::wire::{Event, GrantedLease, QueuedRequest};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::deadline::within;
use crate::lock_stream::Lines;
use crate::notices;

/// An HTTP/2 connection.
#[derive(Debug)]
pub struct Http2 {
    address: SocketAddr,
    requests: SendRequest<Bytes>,
    connection: JoinHandle<()>,
}

/// A request that has been sent, perhaps without its end.
#[derive(Debug)]
pub struct Http2Request {
    response: ResponseFuture,
    sending: SendStream<Bytes>,
}

/// One stream of an HTTP/2 connection, with the head of its response.
#[derive(Debug)]
pub struct Http2Stream {
    /// The status of the response.
    pub status: u16,
    sending: SendStream<Bytes>,
    receiving: RecvStream,
    lines: Lines,
}

impl Http2 {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        let stream = within("the connection", TcpStream::connect(address)).await.expect("connects");
        let (requests, connection) =
            within("the handshake", h2::client::handshake(stream)).await.expect("speaks HTTP/2");
        let connection = tokio::spawn(async move {
            // How the connection ends is what the tests are about: the streams tell.
            if let Err(error) = connection.await {
                eprintln!("the HTTP/2 connection ended: {error}");
            }
        });
        Self { address, requests, connection }
    }

    /// Sends a request; with `complete` its stream is ended, without there may be a body to come.
    pub async fn start(&mut self, method: &str, target: &str, complete: bool) -> Http2Request {
        let uri = format!("http://{}{target}", self.address);
        let request = Request::builder().method(method).uri(uri).body(()).expect("a request");
        let mut requests =
            within("room for a stream", self.requests.clone().ready()).await.expect("room");
        let (response, sending) =
            requests.send_request(request, complete).expect("the request goes out");
        Http2Request { response, sending }
    }

    /// Sends a whole request and waits for the head of its response.
    pub async fn send(&mut self, method: &str, target: &str) -> Http2Stream {
        self.start(method, target, true).await.response().await
    }

    /// Sends `POST /lock` with this query.
    pub async fn lock(&mut self, query: &str) -> Http2Stream {
        self.send("POST", &format!("/lock?{query}")).await
    }

    /// Drops the connection without a word on the level of HTTP/2.
    pub fn close(self) {
        // The task owns the socket.
        self.connection.abort();
    }
}

impl Http2Request {
    /// Ends the request, without a body.
    pub fn complete(&mut self) {
        self.sending.send_data(Bytes::new(), true).expect("the stream can be ended");
    }

    /// Waits for the head of the response.
    pub async fn response(self) -> Http2Stream {
        let response = within("the response", self.response).await.expect("a response");
        let status = response.status().as_u16();
        let receiving = response.into_body();
        Http2Stream { status, sending: self.sending, receiving, lines: Lines::default() }
    }

    /// Sends RST_STREAM: the request is over, the connection is not.
    pub fn reset(mut self) {
        self.sending.send_reset(Reason::CANCEL);
    }
}

impl Http2Stream {
    /// The next line; `None` when the stream has ended.
    pub async fn next_line(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.lines.pop() {
                return Some(line);
            }
            let piece = within("the next line", self.receiving.data()).await?.ok()?;
            self.lines.push(&piece);
            let freed = self.receiving.flow_control().release_capacity(piece.len());
            freed.expect("the window opens again");
        }
    }

    /// The next event; `None` when the stream has ended.
    pub async fn next_event(&mut self) -> Option<Event> {
        let line = self.next_line().await?;
        Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")))
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

    /// Sends RST_STREAM: the request is over, the connection is not.
    pub fn reset(mut self) {
        self.sending.send_reset(Reason::CANCEL);
    }
}
