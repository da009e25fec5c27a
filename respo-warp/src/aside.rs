//! Work that takes a while for large pools, on a thread of its own: the runtime's threads have heartbeats to
//! send and departures to notice.

use crate::problem::Problem;

/// Does `work` on a thread for such work.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "an answer could not be made");
        Problem::internal()
    })
}
