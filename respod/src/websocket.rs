//! From an HTTP connection to a WebSocket.

use std::net::SocketAddr;
use std::sync::Arc;

use hyper::header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, UPGRADE};
use hyper::http::StatusCode;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto::upgrade::downcast;
use tokio::sync::watch;
use warp::reply::Response;

use crate::connection::linger;
use crate::socket::Socket;

/// A connection that is to become a WebSocket once the answer to its request is out.
pub(crate) struct Upgrade {
    pub(crate) upgrade: OnUpgrade,
    pub(crate) socket: Socket,
    pub(crate) address: SocketAddr,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Upgrade {
    /// Serves the WebSocket until it ends.
    pub(crate) async fn serve(self, api: Arc<respo_ws::Api>) {
        let Self { upgrade, socket, address, mut stopping } = self;
        match upgrade.await.map(downcast::<TokioIo<Socket>>) {
            Ok(Ok(parts)) => {
                let stopping = async {
                    // An error means that nobody is left who could stop it otherwise.
                    let is_known = stopping.wait_for(|&stopping| stopping).await.is_ok();
                    tracing::trace!(is_known, "a WebSocket is to end");
                };
                let disconnected = socket.disconnected();
                let (stream, unread) = (parts.io.into_inner(), parts.read_buf.to_vec());
                drop(parts.read_buf);
                respo_ws::serve(api, stream, unread, disconnected.wait(), stopping).await;
                tracing::debug!(%address, "a WebSocket ended");
            }
            Ok(Err(_)) => tracing::error!(%address, "an upgraded connection is not its socket"),
            Err(error) => tracing::debug!(%address, %error, "a connection ended in its upgrade"),
        }
        // Its buffer is as large as everything else that a WebSocket needs.
        Box::pin(linger(&socket)).await;
    }
}

/// The answer after which the connection is a WebSocket. Extensions, such as compression, are not offered.
pub(crate) fn switching_protocols(key: &HeaderValue) -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    // Base64 is a valid header value.
    if let Ok(accept) = HeaderValue::from_str(&respo_ws::accept_key(key.as_bytes())) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}
