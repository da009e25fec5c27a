//! What a connection hears of without asking again: requests, leases, subscriptions.

use respo::wire::socket::ServerMessage;

use crate::followed::Followed;
use crate::subscription::Subscription;

/// Something that is watched.
pub(crate) enum Watched {
    Request(Box<Followed>),
    Events(Box<Subscription>),
}

/// What there is to say, and what is watched from then on.
pub(crate) struct Told {
    pub(crate) reference: String,
    pub(crate) message: Option<ServerMessage>,
    /// `None`: nothing more will be said.
    pub(crate) next: Option<Watched>,
}

impl Watched {
    pub(crate) fn reference(&self) -> &str {
        match self {
            Self::Request(followed) => followed.reference(),
            Self::Events(subscription) => subscription.reference(),
        }
    }

    /// Waits for something to say. Dropping the future ends the watch.
    pub(crate) async fn next(mut self) -> Told {
        let (message, goes_on) = match &mut self {
            Self::Request(followed) => followed.next().await,
            Self::Events(subscription) => {
                let message = subscription.next().await;
                let goes_on = message.is_some();
                (message, goes_on)
            }
        };
        Told { reference: self.reference().to_owned(), message, next: goes_on.then_some(self) }
    }
}
