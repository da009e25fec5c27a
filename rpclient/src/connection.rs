//! One TCP connection, one HTTP/1.1 exchange on it.
//!
//! A connection is never used for two exchanges: a lease that is kept by a lock stream ends with its
//! connection, so each has one of its own. One may become a WebSocket.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::base_url::BaseUrl;

/// What it is called when the connection ends before it should.
pub(crate) const CLOSED: &str = "the server closed the connection";
/// The longest answer that is read into memory: 256 MiB, the overview of a very large pool.
const MAX_ANSWER: usize = 256 * 1024 * 1024;
/// After this long without a word from the peer, the kernel asks whether it is still there.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(10);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(3);
const KEEPALIVE_ATTEMPTS: u32 = 3;
/// How long sent data may stay unacknowledged before the connection counts as broken.
#[cfg(target_os = "linux")]
const USER_TIMEOUT: Duration = Duration::from_secs(20);

/// How long a call may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timeouts {
    /// Until there is a connection.
    pub(crate) connect: Duration,
    /// From then until the head of the answer, and from then until the end of its body.
    pub(crate) answer: Duration,
}

/// The head of an answer, and the connection on which its body arrives. Dropping it closes that.
pub(crate) struct Answer {
    pub(crate) head: http::response::Parts,
    /// Who answered.
    pub(crate) peer: Option<SocketAddr>,
    body: Incoming,
    _driver: AbortOnDrop,
    /// Kept because hyper closes the connection when nobody could send on it any more.
    _sender: http1::SendRequest<Full<Bytes>>,
}

impl Answer {
    /// Makes a connection, sends `request`, and waits for the head of the answer.
    ///
    /// `before` is the peer that is known to be, or to have been, the server. With it, the error is
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) only if that very peer refuses, or, where
    /// the server's name does not lead there any more, all do to whom it leads.
    pub(crate) async fn to(
        url: &BaseUrl,
        mut request: Request<Full<Bytes>>,
        before: Option<SocketAddr>,
        within: Timeouts,
    ) -> io::Result<Self> {
        let host = HeaderValue::from_str(url.authority()).map_err(io::Error::other)?;
        request.headers_mut().insert(header::HOST, host);
        let stream = timeout(within.connect, connect(url.address(), before))
            .await
            .map_err(|_| timed_out("no connection", within.connect))??;
        timeout(within.answer, Self::exchange(stream, request))
            .await
            .map_err(|_| timed_out("no answer", within.answer))?
            .map_err(broken)
    }

    async fn exchange(
        stream: TcpStream,
        request: Request<Full<Bytes>>,
    ) -> Result<Self, hyper::Error> {
        let peer = stream.peer_addr().ok();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let driver = AbortOnDrop::spawn(async move {
            // An error of the connection reaches the reader of the body too, who reports it.
            connection.with_upgrades().await.ok();
        });
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok(Self { head, peer, body, _driver: driver, _sender: sender })
    }

    /// The connection itself, where the answer was that it is to be used for something else from now on.
    pub(crate) async fn upgraded(self) -> io::Result<Upgraded> {
        let Self { head, body, _driver: driver, _sender: sender, .. } = self;
        let upgraded = hyper::upgrade::on(http::Response::from_parts(head, body)).await;
        // Until then it takes both to drive the connection.
        drop((driver, sender));
        upgraded.map_err(broken)
    }

    /// The next piece of the body; `None` at its end. Cancel-safe.
    pub(crate) async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(broken(error)),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }

    /// The whole body.
    pub(crate) async fn bytes(&mut self, within: Duration) -> io::Result<Bytes> {
        let body = Limited::new(&mut self.body, MAX_ANSWER).collect();
        match timeout(within, body).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) => Err(io::Error::other(error)),
            Err(_) => Err(timed_out("no complete answer", within)),
        }
    }

    /// The media type of the body without its parameters.
    pub(crate) fn media_type(&self) -> &str {
        let value = self.head.headers.get(header::CONTENT_TYPE);
        let text = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
        text.split(';').next().unwrap_or_default().trim()
    }
}

/// A task that ends when this is dropped.
pub(crate) struct AbortOnDrop<T = ()>(JoinHandle<T>);

impl<T: Send + 'static> AbortOnDrop<T> {
    pub(crate) fn spawn(task: impl Future<Output = T> + Send + 'static) -> Self {
        Self(tokio::spawn(task))
    }

    /// What the task came to; `None` if its runtime stopped it. Not to be called again after that.
    /// Cancel-safe.
    pub(crate) async fn outcome(&mut self) -> Option<T> {
        (&mut self.0).await.ok()
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn connect(address: (&str, u16), before: Option<SocketAddr>) -> io::Result<TcpStream> {
    let mut candidates: Vec<SocketAddr> = lookup_host(address).await?.collect();
    candidates.sort_by_key(|candidate| Some(*candidate) != before);
    let mut failures = Vec::new();
    for candidate in &candidates {
        match TcpStream::connect(candidate).await {
            Ok(stream) => {
                notice_a_vanished_peer(&stream)?;
                return Ok(stream);
            }
            Err(error) => failures.push(error),
        }
    }
    let first_is_known = before.is_some() && candidates.first().copied() == before;
    Err(failure_that_counts(failures, before.is_some(), first_is_known).unwrap_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, format!("{} has no address", address.0))
    }))
}

/// Which of several failures tells what became of the server: that of the peer where it was, if it was
/// tried, which is then the first. Otherwise one that leaves open where it is, if there is one.
fn failure_that_counts(
    mut failures: Vec<io::Error>,
    is_known: bool,
    first_is_known: bool,
) -> Option<io::Error> {
    if first_is_known {
        return failures.into_iter().next();
    }
    let is_refusal = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    let open = failures.iter().position(|error| !is_refusal(error));
    match open.filter(|_| is_known) {
        Some(open) => Some(failures.swap_remove(open)),
        None => failures.pop(),
    }
}

fn notice_a_vanished_peer(stream: &TcpStream) -> io::Result<()> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE_AFTER)
        .with_interval(KEEPALIVE_EVERY)
        .with_retries(KEEPALIVE_ATTEMPTS);
    socket.set_tcp_keepalive(&keepalive)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(())
}

pub(crate) fn timed_out(what: &str, after: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("{what} within {} s", after.as_secs_f64()))
}

/// hyper's errors as I/O errors, in words that say what happened to the connection.
fn broken(error: hyper::Error) -> io::Error {
    use std::error::Error as _;
    let cause = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let kind = cause.map(io::Error::kind);
    if kind == Some(io::ErrorKind::UnexpectedEof)
        || error.is_incomplete_message()
        || error.is_closed()
        || error.is_canceled()
    {
        return io::Error::new(io::ErrorKind::UnexpectedEof, CLOSED);
    }
    match (kind, cause) {
        (Some(kind), Some(cause)) => io::Error::new(kind, cause.to_string()),
        _ if error.is_parse() => io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
        _ => io::Error::other(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use io::ErrorKind::{ConnectionRefused, HostUnreachable, NetworkUnreachable};

    use super::*;

    fn counts(kinds: &[io::ErrorKind], is_known: bool, first_is_known: bool) -> io::ErrorKind {
        let failures = kinds.iter().copied().map(io::Error::from).collect();
        failure_that_counts(failures, is_known, first_is_known).unwrap().kind()
    }

    #[test]
    fn a_refusal_counts_only_where_the_server_was_or_if_nobody_else_is_left() {
        // It was at the first of these addresses.
        assert_eq!(counts(&[ConnectionRefused, HostUnreachable], true, true), ConnectionRefused);
        assert_eq!(counts(&[HostUnreachable, ConnectionRefused], true, true), HostUnreachable);
        // Its name leads elsewhere by now.
        assert_eq!(counts(&[HostUnreachable, ConnectionRefused], true, false), HostUnreachable);
        assert_eq!(counts(&[ConnectionRefused, ConnectionRefused], true, false), ConnectionRefused);
        // Nobody knows where it was: the last failure is the one to tell people.
        assert_eq!(
            counts(&[NetworkUnreachable, ConnectionRefused], false, false),
            ConnectionRefused
        );
    }
}
