//! What calls say and are answered, as the OpenAPI document describes it.
#![expect(dead_code, reason = "the calls are read and answered key by key")]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::reservation::Reservation;
use super::resources::Shown;

/// For how long.
#[derive(Deserialize, ToSchema)]
#[schema(as = RentabotTerms)]
pub(super) struct Terms {
    /// In seconds.
    #[schema(minimum = 1)]
    ttl: Option<i64>,
}

/// What is to be reserved.
#[derive(Deserialize, ToSchema)]
#[schema(as = RentabotReservationRequest)]
pub(super) struct ReservationRequest {
    /// All of them fit.
    #[schema(min_items = 1)]
    tags: Vec<String>,
    /// How many.
    #[schema(minimum = 1)]
    quantity: i64,
    /// How long the locks last once they are claimed, in seconds.
    #[schema(minimum = 1)]
    ttl: Option<i64>,
    /// How long to wait, in seconds.
    #[schema(minimum = 1)]
    max_wait_time: Option<i64>,
}

/// Every resource.
#[derive(ToSchema)]
#[schema(as = RentabotResources)]
pub(super) struct Resources {
    resources: Vec<Shown>,
}

/// One resource.
#[derive(ToSchema)]
#[schema(as = RentabotOneResource)]
pub(super) struct OneResource {
    resource: Shown,
}

/// A lock.
#[derive(ToSchema)]
#[schema(as = RentabotLock, rename_all = "kebab-case")]
pub(super) struct Lock {
    message: String,
    lock_token: String,
    resource: Shown,
    locked_at: String,
    #[schema(required)]
    expires_at: Option<String>,
}

/// A lock that lasts longer.
#[derive(ToSchema)]
#[schema(as = RentabotExtension, rename_all = "kebab-case")]
pub(super) struct Extension {
    message: String,
    #[schema(required)]
    new_expires_at: Option<String>,
    #[schema(required)]
    total_lock_duration: Option<u64>,
}

/// What there is to say.
#[derive(ToSchema)]
#[schema(as = RentabotMessage)]
pub(super) struct Message {
    message: String,
}

/// Every reservation.
#[derive(ToSchema)]
#[schema(as = RentabotReservations)]
pub(super) struct Reservations {
    reservations: Vec<Reservation>,
}

/// What cannot be understood.
#[derive(ToSchema)]
#[schema(as = RentabotUnprocessable)]
pub(super) struct Unprocessable {
    /// Each with `type`, `loc`, which leads there, and `msg`.
    detail: Vec<BTreeMap<String, Value>>,
}
