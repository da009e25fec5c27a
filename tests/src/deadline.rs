//! Waiting for conditions.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

/// How long a condition may take to come true. Much longer than it ever should, since the tests share
/// a small machine with others.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How often a condition that cannot be awaited is looked at.
const LOOK: Duration = Duration::from_millis(15);

/// Awaits `future`, and panics with `what` if it takes longer than [`DEADLINE`].
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: nothing came within {DEADLINE:?}"),
    }
}

/// Looks until `probe` has an answer. It panics with `what` and the last reason why not after
/// [`DEADLINE`].
pub async fn eventually<T, E: Display>(what: &str, probe: impl AsyncFnMut() -> Result<T, E>) -> T {
    eventually_within(DEADLINE, what, probe).await
}

/// Like [`eventually`], for what takes its time.
pub async fn eventually_within<T, E: Display>(
    deadline: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let mut looks = tokio::time::interval(LOOK);
    let mut last = String::from("it was never looked at");
    let answer = tokio::time::timeout(deadline, async {
        loop {
            looks.tick().await;
            match probe().await {
                Ok(value) => break value,
                Err(reason) => last = reason.to_string(),
            }
        }
    })
    .await;
    answer.unwrap_or_else(|_| panic!("{what}: not within {deadline:?}; the last look: {last}"))
}
