//! What several tests share.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

pub mod history;
pub mod parsers;
#[cfg(feature = "broker")]
pub mod pool;
pub mod requests;
#[cfg(feature = "broker")]
pub mod toy_store;
