//! The client library of respo: ask a respod for resources, wait in line for them, hold them.
//!
//! ```no_run
#![doc = include_str!("../examples/wait_in_line.rs")]
//! ```
//!
//! A request may need several things, which are granted together or not at all. Each of them is a
//! [`Requirement`], for which there is a short text form:
//!
//! ```no_run
#![doc = include_str!("../examples/several_at_once.rs")]
//! ```
//!
//! - [`Client`] makes the calls. [`Client::acquire`] is [`Client::request`] for those who do not care
//!   about the line that they wait in. All requests of a client share one WebSocket; where that is refused,
//!   each has a connection of its own.
//! - [`Pending`] is a request that waits, and tells how that goes as [`Notice`]s; [`Lease`] is a request that
//!   was granted. Each ends when it is dropped. Only a request with a *linger* outlives that, for so long
//!   after the client's connection has closed, and one that respod, being away, could not be told of.
//! - [`LeaseWatch`] tells others how a lease stands. That it is lost is told to everyone who asks, whenever
//!   they ask, and by [`Lease::release`] to who has not asked before.
//! - [`Client::create_lease`] leases for a time, without a lasting connection; [`Client::renew`] and the calls
//!   beside it need the id and the token only. [`Client::events`] tells what happens in a pool.
//! - [`Error`] has one variant for each reason that a caller can act on.
//!
//! # When respod is away
//!
//! A connection may break, and respod may be stopped, restarted or crash. A [`Lease`] and a [`Pending`] make
//! another connection then and go on by themselves, with the same id and the same fence: at once, and if
//! that fails, again after growing, random pauses. Meanwhile they are [`LeaseState::Away`] and
//! [`Notice::Away`]. What an attempt meets with decides what becomes of a lease:
//!
//! | respod | the lease |
//! | --- | --- |
//! | takes it up again | is held |
//! | does not know it any more | is lost at once |
//! | is not there: the connection is refused, or answered with 502 or 503 | is held, for however long: nobody is granted the resource before respod is back and has waited for its clients |
//! | does not answer | is lost 11 s after the last sign of respod (2.2 of its heartbeats; 16 s on a lock stream: [`ClientBuilder::silence_limit`]), or a second later where a last attempt is made; with a longer *linger*, that long after it |
//!
//! The last two are safe with a respod that keeps its leases in a durable store, as it does unless told
//! otherwise. A request that waits fares alike; if it was to wait for a limited time, it is given up when
//! that is over.
//!
//! Everything needs a running tokio runtime with its time and I/O drivers. Connections are plain
//! `http://`; proxies named in the environment are not used.

mod asking;
mod backoff;
mod base_url;
mod client;
mod coming_back;
mod connection;
mod deadline;
mod error;
mod event;
mod event_reader;
mod events;
mod idempotency;
mod inventory_calls;
mod lease;
mod lease_calls;
mod lease_end;
mod lease_watch;
mod line_reader;
mod lines;
mod lock_call;
mod pending;
mod release;
mod renewing;
mod resource_calls;
mod setback;
mod socket;
mod stream;

pub use client::{Client, ClientBuilder};
pub use error::{Error, Unmatched, UrlError};
pub use event::Ending;
pub use events::{Events, Watched};
pub use lease::{Lease, LeaseState, LostReason};
pub use lease_calls::{Standing, TokenLease};
pub use lease_watch::LeaseWatch;
pub use pending::{Notice, Pending};
pub use respo::wire::{
    EventId, GrantedLease, GrantedResource, Happening, LeaseOverview, Overview, PendingRequest,
    PooledRequest, PooledResource, PublicEvent, QueuedRequest,
};

pub use respo;
pub use respo::{
    EntityPattern, Fence, Hold, IdempotencyKey, Label, Name, Priority, Request, RequestId,
    Requirement, Resource, Selector, Text, Timestamp, Token, Wait, Word,
};
