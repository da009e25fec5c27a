//! Serving one connection, from its first byte to its last.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::Either;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use respo_warp::Peer;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};
use warp::reply::Response;

use crate::listener::watch_for_dead_peer;
use crate::socket::Socket;
use crate::websocket;

/// The longest head of a request over HTTP/1, in bytes, and of its headers over HTTP/2.
const LONGEST_HEAD: u32 = 64 * 1024;
/// The most requests that one HTTP/2 connection has at a time.
const MOST_STREAMS: u32 = 250;
/// How often an HTTP/2 client is asked for a sign of life, and how long it may take to give it.
const HTTP2_PING: Duration = Duration::from_secs(10);
/// How long a client that has come just before the server stops may take to make its first request.
const FIRST_REQUEST: Duration = Duration::from_secs(1);
/// How long, and for how many bytes, a client that still sends is let do so, so that it can read the
/// last answer: closing a socket in front of unread bytes resets the connection, and with it what is
/// on its way.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 1024 * 1024;

/// What serves every connection.
pub(crate) struct Server<R> {
    builder: Builder<TokioExecutor>,
    routes: R,
    websockets: Arc<respo_ws::Api>,
    header_timeout: Duration,
}

impl<R> Server<R> {
    pub(crate) fn new(routes: R, websockets: Arc<respo_ws::Api>, header_timeout: Duration) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(header_timeout)
            // A client may close its sending half after its request and still read the answer.
            // The calls for which that counts as leaving watch the socket themselves.
            .half_close(true)
            .max_buf_size(LONGEST_HEAD as usize);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(HTTP2_PING)
            .keep_alive_timeout(HTTP2_PING)
            .max_header_list_size(LONGEST_HEAD)
            .max_concurrent_streams(MOST_STREAMS);
        Self { builder, routes, websockets, header_timeout }
    }
}

impl<R> Server<R>
where
    R: Service<Request<Incoming>, Response = Response, Error = Infallible>,
    R: Clone + Send + 'static,
    R::Future: Send + 'static,
{
    /// Serves a connection until it ends. When `stopping` turns true, it ends after the requests
    /// that are under way, the first of a connection that has just been made among them.
    ///
    /// A WebSocket is served by a task of its own, which needs less memory. It keeps `slot`.
    pub(crate) async fn serve(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        stopping: watch::Receiver<bool>,
        slot: OwnedSemaphorePermit,
    ) {
        if let Err(error) = watch_for_dead_peer(&stream) {
            tracing::debug!(%address, %error, "failed to set the options of a connection");
        }
        let socket = Socket::new(stream);
        let (speaks, has_spoken) = watch::channel(false);
        let (upgrades, mut upgraded) = mpsc::channel(1);
        let front = Front {
            upgrades,
            peer: Peer { address, disconnected: socket.disconnected() },
            speaks,
            routes: self.routes.clone(),
        };
        {
            let io = TokioIo::new(socket.clone());
            let mut connection = pin!(self.builder.serve_connection_with_upgrades(io, front));
            let mut silence = pin!(tokio::time::sleep(self.header_timeout));
            let mut is_silence_checked = false;
            let mut end = pin!(time_to_end(stopping.clone(), has_spoken.clone()));
            let mut is_ending = false;
            loop {
                tokio::select! {
                    result = connection.as_mut() => {
                        if let Err(error) = result {
                            tracing::debug!(%address, %error, "a connection ended early");
                        }
                        break;
                    }
                    // The server's own timer starts only once it knows the version of HTTP.
                    () = silence.as_mut(), if !is_silence_checked => {
                        is_silence_checked = true;
                        if !*has_spoken.borrow() {
                            tracing::debug!(%address, "a connection never made a request");
                            break;
                        }
                    }
                    () = end.as_mut(), if !is_ending => {
                        is_ending = true;
                        connection.as_mut().graceful_shutdown();
                    }
                }
            }
        }
        match upgraded.try_recv() {
            Ok(upgrade) => {
                self.spawn(websocket::Upgrade { upgrade, socket, address, stopping }, slot);
            }
            Err(_) => linger(&socket).await,
        }
    }

    /// Serves a WebSocket by a task of its own.
    fn spawn(&self, websocket: websocket::Upgrade, slot: OwnedSemaphorePermit) {
        let websockets = Arc::clone(&self.websockets);
        tokio::spawn(async move {
            websocket.serve(websockets).await;
            drop(slot);
        });
    }
}

/// Waits until the server stops. A request that is on its way by then is waited for, if it is the first:
/// nobody may get a connection and no answer only because of a restart.
async fn time_to_end(mut stopping: watch::Receiver<bool>, mut has_spoken: watch::Receiver<bool>) {
    // An error means that nobody is left who could stop it otherwise.
    let is_known = stopping.wait_for(|&stopping| stopping).await.is_ok();
    let first_request = has_spoken.wait_for(|&spoken| spoken);
    let is_silent = tokio::time::timeout(FIRST_REQUEST, first_request).await.is_err();
    tracing::trace!(is_known, is_silent, "a connection is to end");
}

/// Closes the sending half and waits a little for the client to do the same.
pub(crate) async fn linger(socket: &Socket) {
    if let Err(error) = socket.shut_down() {
        tracing::trace!(%error, "the connection is gone already");
        return;
    }
    let mut unread = tokio::io::AsyncReadExt::take(socket.clone(), LINGER_BYTES as u64);
    let mut buffer = [0; 8 * 1024];
    let drain = async { while matches!(unread.read(&mut buffer).await, Ok(1..)) {} };
    if tokio::time::timeout(LINGER, drain).await.is_err() {
        tracing::trace!("a client keeps its side of a connection open");
    }
}

/// Looks at each request before the routes do, and takes those for a WebSocket out of the common path.
struct Front<R> {
    peer: Peer,
    /// Told that there has been a request on this connection.
    speaks: watch::Sender<bool>,
    /// Where the connection goes that is to become a WebSocket.
    upgrades: mpsc::Sender<OnUpgrade>,
    routes: R,
}

impl<R> Service<Request<Incoming>> for Front<R>
where
    R: Service<Request<Incoming>, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Either<Ready<Result<Response, Infallible>>, R::Future>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        self.speaks.send_replace(true);
        // Never the query: it may have a token in it.
        tracing::debug!(
            peer = %self.peer.address,
            method = %request.method(),
            path = without_token(request.uri().path()),
            "request"
        );
        if let Some(key) = respo_warp::upgrade_key(&request)
            && self.upgrades.try_send(hyper::upgrade::on(&mut request)).is_ok()
        {
            return Either::Left(ready(Ok(websocket::switching_protocols(&key))));
        }
        request.extensions_mut().insert(self.peer.clone());
        Either::Right(self.routes.call(request))
    }
}

/// A path as it may be logged: what rent-a-bot's clients call a reservation has its token in it.
fn without_token(path: &str) -> &str {
    path.find("/reservations/").map_or(path, |place| &path[..place + "/reservations/".len()])
}
