//! Who else is told what happens: logs, metrics, event streams.

use crate::engine::Notice;

/// Is told of every notice of a pool, in order.
///
/// # Contract
/// - `notify` is called after the cause is durable.
/// - It never blocks and never waits for a client: it hands over and returns. The pool's only thread of
///   control calls it.
/// - It may drop or coalesce what it likes for its own audience, but a notifier that serves holders
///   never drops a grant or an end.
///
/// The broker tells sessions by itself; a notifier is for everyone else.
pub trait LeaseNotifier: Send + Sync {
    /// Takes note of what happened.
    fn notify(&self, notice: &Notice);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoNotifier;

impl LeaseNotifier for NoNotifier {
    fn notify(&self, _notice: &Notice) {}
}
