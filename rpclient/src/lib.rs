//! The client library of respo: ask a respod for a resource, wait in line for it, hold it.
//!
//! ```no_run
//! use std::time::Duration;
//! use rpclient::{Client, Name, Notice, Request, Selector, Wait};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new("http://127.0.0.1:7373")?;
//! let mut request = Request::one(Selector::named(Name::new("bench-1")?));
//! request.wait = Wait::UpTo(Duration::from_secs(600));
//!
//! let mut pending = client.request(&request).await?;
//! while let Some(notice) = pending.next().await {
//!     if let Notice::Queued(place) = notice {
//!         println!("place {} of {}", place.position, place.of);
//!     }
//! }
//! let mut lease = pending.granted().await?;
//! println!("holding {}", lease.resource().name);
//!
//! // The work is stopped where it stands if the lease is lost.
//! lease.while_held(tokio::time::sleep(Duration::from_secs(60))).await?;
//! lease.release().await?;
//! # Ok(())
//! # }
//! ```
//!
//! - [`Client`] makes the calls. [`Client::acquire`] is [`Client::request`] for those who do not care
//!   about the line that they wait in.
//! - [`Pending`] is a request that waits; [`Lease`] is a request that was granted. Each ends when it is
//!   dropped, since its connection closes then. Only a request with a *linger* outlives that.
//! - [`Error`] has one variant for each reason that a caller can act on.
//!
//! Everything needs a running tokio runtime with its time and I/O drivers. Connections are plain
//! `http://`; proxies named in the environment are not used.

mod base_url;
mod client;
mod connection;
mod error;
mod event;
mod lease;
mod lines;
mod pending;
mod stream;

pub use client::{Client, ClientBuilder};
pub use error::{Error, Unmatched, UrlError};
pub use event::Ending;
pub use lease::{Lease, LeaseState, LostReason};
pub use pending::{Notice, Pending};

pub use respo;
pub use respo::{
    EntityPattern, Fence, Hold, Label, Name, Priority, Request, RequestId, Resource, Selector,
    Text, Token, Wait, Word,
};
