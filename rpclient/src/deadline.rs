//! Points in time that are as far away as a caller says, who may say [`Duration::MAX`].

use std::time::Duration;

use tokio::time::Instant;

/// What stands for never: clocks need not go much further.
const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// So long after `start`.
pub(crate) fn after(start: Instant, duration: Duration) -> Instant {
    start + duration.min(FAR)
}

/// So long after now.
pub(crate) fn within(duration: Duration) -> Instant {
    after(Instant::now(), duration)
}
