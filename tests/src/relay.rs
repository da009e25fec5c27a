//! A relay between a client and a daemon, whose connections can be cut under both.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinHandle};

/// Passes connections on to a daemon until it is dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    connections: Arc<Mutex<Vec<AbortHandle>>>,
    accepting: JoinHandle<()>,
}

impl Relay {
    /// A relay to this address, at one of its own.
    pub async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let connections = Arc::new(Mutex::new(Vec::new()));
        let made = Arc::clone(&connections);
        let accepting = tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let connection = tokio::spawn(async move {
                    let mut server = TcpStream::connect(target).await.expect("the daemon is there");
                    // How a connection ends is the business of its two ends.
                    copy_bidirectional(&mut client, &mut server).await.ok();
                });
                made.lock().expect("no panic").push(connection.abort_handle());
            }
        });
        Self { address, connections, accepting }
    }

    /// Where it listens, as a URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Cuts every connection that there is. New ones are passed on as before.
    pub fn cut(&self) {
        for connection in self.connections.lock().expect("no panic").drain(..) {
            connection.abort();
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}
