//! For how long: what a pool allows, and how a lease is made to last.

use std::time::Duration;

use respo::broker::Broker;
use respo::{Refusal, RequestId, Timestamp, Token};
use warp::http::StatusCode;

use super::Family;
use super::fault::Fault;

/// How long rent-a-bot 1.0 locks where nothing is said.
const USUAL: Duration = Duration::from_secs(3600);

/// The longest that a lock may last in all.
pub(super) fn longest(broker: &Broker) -> Duration {
    let limits = broker.limits();
    limits.max_ttl.min(limits.max_duration.unwrap_or(limits.max_ttl))
}

/// How long a lock lasts where nothing is said. Former clients know of no end but their own `unlock`, so that
/// theirs lasts as long as one may.
pub(super) fn usual(broker: &Broker, family: Family) -> Duration {
    match family {
        Family::Present => USUAL.min(longest(broker)),
        Family::Former => longest(broker),
    }
}

/// A ttl in seconds, as long as the pool allows it.
pub(super) fn checked(broker: &Broker, seconds: i64) -> Result<Duration, Fault> {
    let most = longest(broker).as_secs();
    let ttl = u64::try_from(seconds).ok().filter(|seconds| (1..=most).contains(seconds));
    ttl.map(Duration::from_secs).ok_or_else(|| {
        let message = format!("a ttl is a number of seconds from 1 to {most}");
        let fault = Fault::new(StatusCode::BAD_REQUEST, message);
        fault.about("ttl", seconds).about("max_lock_duration", most)
    })
}

/// Makes a lease last for `ttl` from now, if it does not last longer anyway, and says until when it does then.
///
/// It is a durable extension rather than a renewal, so that a restart keeps it. A pool with a longest duration
/// extends nothing beyond that; up to there, the lease is renewed.
pub(super) async fn keep_for(
    broker: &Broker,
    id: RequestId,
    token: &Token,
    ttl: Duration,
) -> Result<Option<Timestamp>, Refusal> {
    let standing = broker.look_up(id, token).await?;
    let until = standing.grant.ok_or(Refusal::NotGranted(id))?.expires;
    let Some(until) = until else { return Err(Refusal::NotRenewable(id)) };
    let more = broker.now().after(ttl).since(until);
    if more.is_zero() {
        return Ok(Some(until));
    }
    match broker.extend(id, token, more).await {
        Err(Refusal::OverLimit(_)) => broker.renew(id, token, Some(ttl)).await,
        extended => extended,
    }
}
