//! What a client expects to be told next, over whatever it is told.

use respo::wire::{Event, GrantedLease, QueuedRequest};

/// The next event other than a heartbeat; `None` when there are no more.
pub(crate) async fn next(mut event: impl AsyncFnMut() -> Option<Event>) -> Option<Event> {
    loop {
        match event().await {
            Some(Event::Heartbeat { .. }) => {}
            other => return other,
        }
    }
}

/// The next notice, which must be `queued`.
pub(crate) async fn queued(event: impl AsyncFnMut() -> Option<Event>) -> QueuedRequest {
    match next(event).await {
        Some(Event::Queued { request }) => request,
        other => panic!("expected queued, got {other:?}"),
    }
}

/// Waits through `queued` for `granted`.
pub(crate) async fn granted(mut event: impl AsyncFnMut() -> Option<Event>) -> GrantedLease {
    loop {
        match next(&mut event).await {
            Some(Event::Granted { lease }) => return lease,
            Some(Event::Queued { .. }) => {}
            other => panic!("expected granted, got {other:?}"),
        }
    }
}
