//! How a lease stands, for those who do not hold it.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use futures_util::{Stream, stream};
use tokio::sync::watch;

use crate::lease::{LeaseState, LostReason};

/// A view of how a lease stands, from [`Lease::watch`](crate::Lease::watch). When the lease is released or
/// dropped, it counts as lost to those who watch it.
#[derive(Debug, Clone)]
pub struct LeaseWatch {
    state: watch::Receiver<LeaseState>,
}

impl LeaseWatch {
    pub(crate) fn new(state: watch::Receiver<LeaseState>) -> Self {
        Self { state }
    }

    /// How it stands now.
    #[must_use]
    pub fn state(&self) -> LeaseState {
        let state = self.state.borrow().clone();
        let is_over = self.state.has_changed().is_err() && !is_lost(&state);
        if is_over { LeaseState::Lost(let_go()) } else { state }
    }

    /// Waits until it stands otherwise than it did at the last call, and says how. Cancel-safe. Nothing comes
    /// after [`Lost`](LeaseState::Lost), so that a loss is told in any case.
    pub async fn changed(&mut self) -> LeaseState {
        changed(&mut self.state).await
    }

    /// Waits until the lease is lost; returns at once if it already is.
    pub async fn lost(&self) -> LostReason {
        let mut state = self.state.clone();
        match state.wait_for(is_lost).await.as_deref() {
            Ok(LeaseState::Lost(reason)) => reason.clone(),
            _ => let_go(),
        }
    }

    /// Runs `work`, and drops it where it stands if the lease is lost meanwhile.
    ///
    /// # Errors
    /// Why the lease was lost. If it is lost already, `work` does not begin.
    pub async fn while_held<T>(&self, work: impl Future<Output = T>) -> Result<T, LostReason> {
        let mut work = pin!(work);
        let mut lost = pin!(self.lost());
        poll_fn(|context| match lost.as_mut().poll(context) {
            Poll::Ready(reason) => Poll::Ready(Err(reason)),
            Poll::Pending => work.as_mut().poll(context).map(Ok),
        })
        .await
    }

    /// How it stands now and from now on, as a stream that ends after [`Lost`](LeaseState::Lost).
    pub fn states(self) -> impl Stream<Item = LeaseState> {
        let first = self.state();
        stream::unfold((Some(self), Some(first)), async |(watch, first)| {
            let mut watch = watch?;
            let state = match first {
                Some(first) => first,
                None => watch.changed().await,
            };
            let rest = (!is_lost(&state)).then_some(watch);
            Some((state, (rest, None)))
        })
    }
}

/// Waits until there is a state that this receiver has not told, and tells it.
pub(crate) async fn changed(state: &mut watch::Receiver<LeaseState>) -> LeaseState {
    if state.changed().await.is_err() {
        let last = state.borrow().clone();
        return if is_lost(&last) { last } else { LeaseState::Lost(let_go()) };
    }
    state.borrow_and_update().clone()
}

fn is_lost(state: &LeaseState) -> bool {
    matches!(state, LeaseState::Lost(_))
}

/// Nobody follows the lease any more: whoever held it has let go of it, or the runtime has stopped.
fn let_go() -> LostReason {
    LostReason::Disconnected("nobody here follows the lease any more".to_owned())
}
