//! What happens in a pool, for a connection that has subscribed to it.

use respo::broker::{EventItem, Events};
use respo::wire::socket::ServerMessage;
use tokio::sync::oneshot;

/// A subscription.
pub(crate) struct Subscription {
    /// The client's name for it.
    reference: String,
    events: Events,
    /// Told, or dropped, when it is not wanted any more.
    unsubscribed: oneshot::Receiver<()>,
}

impl Subscription {
    /// A subscription, and what ends it when it is dropped.
    pub(crate) fn new(reference: String, events: Events) -> (Self, oneshot::Sender<()>) {
        let (unsubscribe, unsubscribed) = oneshot::channel();
        (Self { reference, events, unsubscribed }, unsubscribe)
    }

    pub(crate) fn reference(&self) -> &str {
        &self.reference
    }

    /// Waits for something to happen; `None`: nothing more will be said.
    pub(crate) async fn next(&mut self) -> Option<ServerMessage> {
        let reference = self.reference.clone();
        let item = tokio::select! {
            biased;
            _ = &mut self.unsubscribed => None,
            item = self.events.next() => item,
        };
        item.map(|item| match item {
            EventItem::Happened(happened) => ServerMessage::Happened { reference, happened },
            EventItem::Missed => ServerMessage::Missed { reference },
        })
    }
}
