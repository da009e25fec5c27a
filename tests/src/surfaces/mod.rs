//! The surfaces of respod, each as a client that asks, waits, holds, comes back and vanishes: what is the same
//! on all of them can be tested once.

mod lock;
mod rentabot;
mod token_lease;
mod web_socket;

use std::time::Duration;

use async_trait::async_trait;

use crate::daemon::Daemon;

pub use lock::Lock;
pub use rentabot::RentABot;
pub use token_lease::TokenLease;
pub use web_socket::WebSocketSurface;

/// What is asked for: one resource with an attribute.
#[derive(Debug, Clone)]
pub struct Ask {
    /// The attribute.
    pub attribute: String,
    /// Who asks, where the surface lets that be said.
    pub name: String,
    /// Whether to wait.
    pub wait: bool,
    /// How long the lease outlives its client: a linger, or a ttl. At least one second.
    pub life: Duration,
}

/// A way to lease.
#[async_trait(?Send)]
pub trait Surface {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// Whether a client of it can take up what another has, with its token.
    fn takes_up(&self) -> bool {
        true
    }

    /// Asks. `None`: it is taken, and was not waited for.
    async fn ask(&self, daemon: &Daemon, ask: &Ask) -> Option<Box<dyn Asked>>;

    /// Takes up what somebody else asked for; `None` if the token is good for nothing.
    async fn take_up(&self, daemon: &Daemon, id: u64, token: &str) -> Option<Box<dyn Held>>;
}

/// A request that waits, or has been granted and not been looked at.
#[async_trait(?Send)]
pub trait Asked {
    /// Waits until it is granted.
    async fn granted(self: Box<Self>, daemon: &Daemon) -> Box<dyn Held>;

    /// Leaves the queue in good order.
    async fn leave(self: Box<Self>, daemon: &Daemon);
}

/// A lease.
#[async_trait(?Send)]
pub trait Held {
    /// What is held.
    fn resource(&self) -> &str;

    /// Its id, where the surface tells it.
    fn id(&self) -> u64;

    /// Its token.
    fn token(&self) -> &str;

    /// Gives it back, and waits until that is so.
    async fn release(self: Box<Self>, daemon: &Daemon);

    /// The client goes without a word.
    fn vanish(self: Box<Self>);

    /// Waits until the client is told that another has taken the lease up, where the surface tells that.
    async fn is_taken_over(self: Box<Self>);
}
