//! The messages of the WebSocket at `/ws`: one JSON object in each text message.
//!
//! The client's messages carry a `ref` of its choice, and what the server says about one carries the same.
//! What a client says of a lease that it requested or resumed on the same connection needs no `token`.
//!
//! ```
//! use respo::wire::socket::ClientMessage;
//! let text = r#"{"type":"renew","ref":"a1","id":7,"ttl":"30s"}"#;
//! let message: ClientMessage = serde_json::from_str(text)?;
//! assert_eq!(message.reference(), "a1");
//! assert_eq!(serde_json::to_string(&message)?, text);
//! # Ok::<(), serde_json::Error>(())
//! ```

mod client;
mod server;

pub use client::{ClientMessage, Listed};
pub use server::ServerMessage;

/// The most characters of a `ref`: 64.
pub const MAX_REF_CHARS: usize = 64;
