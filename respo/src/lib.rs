//! A deterministic lease and queue engine for things that only one client may use at a time: test benches,
//! boards, phones, licences, lab instruments.
//!
//! A client asks by name or by query, waits in a fair queue that tells it what is going on, holds a lease
//! for as long as it lives, and loses it when it does not.
//!
//! | module | what is in it | feature |
//! | --- | --- | --- |
//! | [`inventory`], [`selector`], [`request`], [`lease`] | the vocabulary | |
//! | [`engine`] | the state machine: no I/O, no clock, no dice | `engine` |
//! | [`matcher`], [`store`], [`notifier`] | the traits to embed it with | `engine`, but for the matcher |
//! | [`broker`] | the async face: an actor per pool | `broker` |
//! | [`yaml`] | inventories as YAML | `yaml` |
//! | [`Request::from_json`], [`request::text`], [`query`] | the three forms in which clients ask: JSON, a text for command lines, a query string | |
//! | [`wire`] | the JSON that they get | |
//! | `openapi` | schemas of that JSON, for an OpenAPI document | `openapi` |
//! | `conformance` | the suite that every store must pass | `conformance` |
//!
//! `broker`, which brings `engine`, and `yaml` are on by default. Without `broker` the crate builds without tokio;
//! without `engine` it is what clients need.
//!
//! Start with the example of [`broker`]; to drive the engine yourself, with that of [`engine`].

#[cfg(feature = "broker")]
pub mod broker;
pub mod condition;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "engine")]
pub mod engine;
pub mod idempotency;
pub mod inventory;
mod inventory_change;
pub mod lease;
pub mod matcher;
mod names;
#[cfg(feature = "engine")]
pub mod notifier;
#[cfg(feature = "openapi")]
pub mod openapi;
pub mod property;
pub mod query;
pub mod refusal;
pub mod request;
mod resource_id;
mod revision;
pub mod rules;
pub mod selector;
pub mod snapshot;
#[cfg(feature = "engine")]
pub mod store;
mod time;
mod token;
pub mod view;
pub mod wire;
#[cfg(feature = "yaml")]
pub mod yaml;

pub use condition::{Condition, ConditionError};
#[cfg(feature = "engine")]
pub use engine::{Authority, Command, Effects, Engine, Limits, Notice, NoticeKind, Record, Reply};
#[cfg(feature = "engine")]
pub use engine::{Guest, LastUsed, RequestState, SessionId, Standing, State};
pub use idempotency::{IdempotencyKey, IdempotencyKeyError};
pub use inventory::{
    Entity, Inventory, InventoryChange, InventoryError, Resource, ResourceIndex, Stack,
};
pub use lease::{EndReason, Grant, Holding};
pub use matcher::{AttributeMatcher, Matcher};
pub use names::{Label, MAX_NAME_CHARS, MAX_TEXT_CHARS, Name, NameError, Text, Word};
#[cfg(feature = "engine")]
pub use notifier::{LeaseNotifier, NoNotifier};
pub use property::{PropertyError, PropertyPath, PropertyValue, Scalar};
pub use query::{LockAction, LockQuery, QueryError};
pub use refusal::{MAX_LISTED_CANDIDATES, RETRY_AFTER, Refusal, UnmatchedPart};
pub use request::{
    Fence, Hold, MIN_TTL, Priority, PriorityError, Request, RequestId, RequestJsonError,
    Requirement, RequirementError, RequirementTextError, Wait, WaitError, Wanted,
};
pub use revision::Revision;
pub use rules::{Allowance, Rules};
pub use selector::{EntityPattern, Selector};
pub use snapshot::{HeldLease, Snapshot, WaitingRequest};
#[cfg(feature = "engine")]
pub use store::{Batch, InventoryStore, MemoryStore, Recovered, StoreError};
pub use time::{DurationError, HumanDuration, MAX_DURATION, Timestamp, TimestampError};
pub use token::{Token, TokenDigest};
