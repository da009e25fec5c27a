//! What many of rent-a-bot's calls have in common, as the OpenAPI document describes it.

use respo::Label;
use utoipa::IntoParams;

/// The problems that any call may be answered with before it comes to rent-a-bot's own.
pub(super) const PROBLEMS: [&str; 6] = [
    "pool_required",
    "no_such_pool",
    "queue_full",
    "too_many_requests",
    "draining",
    "store_unavailable",
];

// What answers mean.
pub(super) const NOT_ALLOWED: &str =
    "The ttl, or what is asked for, is more than allowed, or nothing is asked for.";
pub(super) const LOCKED: &str = "It is locked, or the token is not that of the lock.";
pub(super) const NO_SUCH_THING: &str = "There is no such thing.";
pub(super) const WRONG_STATE: &str = "It is not in a state for that.";
pub(super) const NOT_UNDERSTOOD: &str = "It cannot be understood.";

// What calls say.
pub(super) const LOCK_TOKEN: &str = "The token of the lock.";
pub(super) const LOCK_TERMS: &str = "For how long, if not for the usual time.";

/// Where.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it says what is in the query of a call")]
pub(super) struct ChosenPool {
    /// The pool, if there are several and none is called rent-a-bot.
    pool: Option<Label>,
}

/// Which resource a path is about.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it says what is in the path of a call")]
pub(super) struct ResourceNumber {
    /// Its number.
    #[param(example = 1)]
    resource_id: i64,
}

/// Which reservation a path is about.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "it says what is in the path of a call")]
pub(super) struct ReservationId {
    /// The reservation.
    #[param(example = "res_1")]
    reservation_id: String,
}
