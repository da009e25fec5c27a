//! The client at the other end of a connection, and how its departure is noticed.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;

/// The client that a request comes from. The server puts it into the request's extensions.
#[derive(Debug, Clone)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// Tells when it has left.
    pub disconnected: Disconnected,
}

/// Tells when a client has left: it has closed its sending half, or the connection is gone.
///
/// An HTTP server does not always look for that: while a request's body, or a further request, sits
/// unread in front of it, the end of the connection stays hidden behind those bytes. So the server
/// watches the socket itself, and only the calls that must know wait for it. Clones tell the same.
#[derive(Clone)]
pub struct Disconnected(Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>);

impl Disconnected {
    /// Asks `watch` for a future each time that somebody waits; it must complete once the client has
    /// left, and at once if it has left already.
    #[must_use]
    pub fn when<F, W>(watch: W) -> Self
    where
        W: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(watch())))
    }

    /// Never tells: for a server that notices by other means, and for tests.
    #[must_use]
    pub fn never() -> Self {
        Self::when(std::future::pending)
    }

    /// Waits until the client has left.
    pub async fn wait(&self) {
        (self.0)().await;
    }
}

impl fmt::Debug for Disconnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disconnected")
    }
}
