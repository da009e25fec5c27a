//! A client in a process of its own, which can be stopped and killed: holds a resource over a WebSocket until
//! the connection ends, and says how it did.

// This is test code: a panic is how it reports.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;

use clap::Parser;
use tests::WebSocket;

/// Holds a resource over a WebSocket
#[derive(Debug, Parser)]
struct Arguments {
    /// Where respod listens
    address: SocketAddr,
    /// The name of the resource
    resource: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let Arguments { address, resource } = Arguments::parse();
    let mut socket = WebSocket::open(address).await;
    socket.expect_hello().await;
    let lease = socket.hold("lease", &resource).await;
    println!("granted {}", lease.id);
    let (code, reason) = socket.expect_close_at_last().await;
    println!("closed {code}: {reason}");
}
