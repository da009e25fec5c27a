//! What several tests share.
#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

pub mod history;
#[cfg(feature = "broker")]
pub mod pool;
#[cfg(feature = "broker")]
pub mod toy_store;
