//! respo over WebSocket: translates between the messages of [`respo::wire::socket`] and a respo broker.
//!
//! One connection is one client with many requests: it asks, takes up, gives back, and is told what becomes
//! of each. The crate holds no policy: it reads, asks a [`respo::broker::Broker`], and writes down the
//! answer. `docs/protocol.md` describes what is said.
//!
//! [`serve`] takes a stream on which the WebSocket handshake has been done, over TCP, TLS or anything else:
//! whoever runs the HTTP server does that, with [`accept_key`], and tells when the client has left.
//!
//! ```
//! use std::sync::Arc;
//!
//! use respo::broker::{Broker, Pools};
//! use respo::{Inventory, Label, Name, Resource};
//! use respo_ws::{Api, serve};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let inventory = Inventory::new([Resource::new(Name::new("bench-1")?)])?;
//! let broker = Broker::builder(Label::new("lab")?, inventory).start().await?;
//! let api = Arc::new(Api::new(Pools::new([broker])));
//!
//! let (client, server) = tokio::io::duplex(4096);
//! let serving = tokio::spawn(async move {
//!     // Nothing tells of the client's departure but the stream, and the server never stops.
//!     let never = std::future::pending;
//!     serve(api, server, Vec::new(), never(), never()).await;
//! });
//! drop(client);
//! serving.await?;
//! # Ok(())
//! # }
//! ```

mod api;
mod closing;
mod commands;
mod connection;
mod conversation;
mod followed;
mod heard;
mod lease;
mod limits;
mod lists;
mod outgoing;
mod reading;
mod refused;
mod subscription;
mod watched;
mod wire;

pub use api::Api;
pub use connection::serve;
pub use limits::{MAX_MESSAGE, MAX_OUTGOING, MAX_SUBSCRIPTIONS, MAX_UNANSWERED, SILENT_INTERVALS};

/// What `Sec-WebSocket-Accept` answers to this `Sec-WebSocket-Key`.
///
/// ```
/// // The example of RFC 6455, section 1.3.
/// assert_eq!(respo_ws::accept_key(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
#[must_use]
pub fn accept_key(key: &[u8]) -> String {
    tokio_tungstenite::tungstenite::handshake::derive_accept_key(key)
}
