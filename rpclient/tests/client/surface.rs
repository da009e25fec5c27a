//! What a server speaks.

/// How it answers requests for leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    /// Over a WebSocket.
    Socket,
    /// By `POST /lock` only, as an older one does, or one behind a proxy that refuses upgrades.
    Lines,
}

/// Runs each of these against a server that speaks WebSocket, and against one that does not.
macro_rules! on_each_surface {
    ($($name:ident)*) => {
        mod over_a_socket {
            $(#[tokio::test] async fn $name() { super::$name(crate::surface::Surface::Socket).await; })*
        }
        mod by_lines {
            $(#[tokio::test] async fn $name() { super::$name(crate::surface::Surface::Lines).await; })*
        }
    };
}

pub(crate) use on_each_surface;
