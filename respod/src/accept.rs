//! The accept loop: from the listening socket to a task per connection.

use std::convert::Infallible;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::Service;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use warp::reply::Response;

use crate::connection::Server;
use crate::overload;

/// How long to wait after a failure that is not one connection's own, such as no more open files.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Accepts connections until `stopping` turns true, and then closes the listening socket.
///
/// Each connection takes one of `slots` for as long as it lives.
pub(crate) async fn run<R>(
    listener: TcpListener,
    server: Arc<Server<R>>,
    slots: Arc<Semaphore>,
    mut stopping: watch::Receiver<bool>,
) where
    R: Service<Request<Incoming>, Response = Response, Error = Infallible>,
    R: Clone + Send + Sync + 'static,
    R::Future: Send + 'static,
{
    let refusals = Arc::new(Semaphore::new(overload::TOLD_AT_A_TIME));
    let connections = stopping.clone();
    let mut pause = FIRST_PAUSE;
    let mut is_full = false;
    loop {
        let accepted = tokio::select! {
            biased;
            _ = stopping.wait_for(|&stopping| stopping) => return,
            accepted = listener.accept() => accepted,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_of_one_connection(&error) => {
                tracing::debug!(%error, "a connection ended before it was accepted");
                continue;
            }
            Err(error) => {
                tracing::error!(%error, "failed to accept a connection; trying again in {pause:?}");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
        };
        pause = FIRST_PAUSE;
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            if !is_full {
                tracing::warn!("there are as many connections as there may be; refusing others");
            }
            is_full = true;
            refuse(stream, address, &refusals);
            continue;
        };
        is_full = false;
        let server = Arc::clone(&server);
        let stopping = connections.clone();
        tokio::spawn(async move { server.serve(stream, address, stopping, slot).await });
    }
}

fn refuse(stream: TcpStream, address: SocketAddr, refusals: &Arc<Semaphore>) {
    tracing::debug!(%address, "refused a connection");
    if let Ok(slot) = Arc::clone(refusals).try_acquire_owned() {
        tokio::spawn(async move {
            overload::refuse(stream).await;
            drop(slot);
        });
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::Interrupted
    )
}
