//! Connections by the ten thousands from one machine to itself.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpSocket, TcpStream};

use crate::failure::{Doing, Failure};

/// How many connections come from one address of the loopback: fewer than the system has free ports.
const FROM_ONE_ADDRESS: usize = 20_000;

/// Connects the client of this number.
pub(super) async fn connect(address: SocketAddr, number: usize) -> Result<TcpStream, Failure> {
    if !address.ip().is_loopback() {
        return Err(Failure::new(format!("{address} is not on this machine")));
    }
    let socket = TcpSocket::new_v4()?;
    if let Ok(further @ 1..) = u8::try_from(number / FROM_ONE_ADDRESS) {
        let source = Ipv4Addr::new(127, 0, 1, further);
        socket.bind((source, 0).into()).doing(format!("bind to {source}"))?;
    }
    let stream = socket.connect(address).await.doing(format!("connect to {address}"))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
