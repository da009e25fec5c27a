//! The listening socket, and the options of the connections that it accepts.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream, lookup_host};

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1024;
/// A silent connection is probed after this long, and then this often.
const KEEPALIVE: Duration = Duration::from_secs(5);
/// It is given up after this many probes without an answer: 20 seconds after its last sign of life.
const KEEPALIVE_PROBES: u32 = 3;
/// It is given up, too, when what was sent has not been acknowledged for this long.
const UNACKNOWLEDGED: Duration = Duration::from_secs(20);

/// Listens on `address`, the first that works of those that a name stands for.
pub(crate) async fn listen(address: &str) -> io::Result<TcpListener> {
    let mut failure = None;
    for address in lookup_host(address).await? {
        match bind(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| io::Error::other("the name has no address")))
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for connections of the last run to be forgotten.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Sees to it that a client that has vanished without a word is noticed within about 20 seconds.
pub(crate) fn watch_for_dead_peer(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE)
        .with_retries(KEEPALIVE_PROBES);
    socket.set_tcp_keepalive(&keepalive)?;
    // Keepalive is silent while something is on its way, so that case needs a limit of its own.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    // A notice is one small write that should leave at once.
    socket.set_tcp_nodelay(true)
}
