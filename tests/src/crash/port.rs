//! A port that stays ours while nobody listens on it.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

/// A port of the loopback, reserved until this is dropped.
///
/// A port that was merely found free would not do: while the server is down, the system may give it to
/// any connection that starts somewhere else, even to a client that is just connecting to it, which would
/// then be connected to itself. A socket that is bound and does not listen prevents that, and does not
/// stand in the way of a listener, since both allow the address to be used again.
#[derive(Debug)]
pub struct ReservedPort {
    address: SocketAddr,
    /// Holds the reservation.
    _socket: Socket,
}

impl ReservedPort {
    /// Reserves a free port.
    ///
    /// # Errors
    /// If there is none.
    pub fn any() -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
        // Without this at first: else the port could be one that somebody else has reserved like this.
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
        socket.set_reuse_address(true)?;
        let address = socket.local_addr()?.as_socket();
        let address = address.ok_or_else(|| io::Error::other("not an IP address"))?;
        Ok(Self { address, _socket: socket })
    }

    /// The address to listen on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn connections_are_refused_until_somebody_listens() {
        let port = ReservedPort::any().unwrap();
        for _ in 0..100 {
            let refused = TcpStream::connect(port.address()).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        }
        // The standard library's listener allows the address to be used again, as respod's does.
        let listener = TcpListener::bind(port.address()).unwrap();
        TcpStream::connect(port.address()).unwrap();
        drop(listener);
        assert!(TcpStream::connect(port.address()).is_err());
        TcpListener::bind(port.address()).unwrap();
    }
}
