//! One TCP connection, one HTTP/1.1 exchange on it.
//!
//! A connection is never used twice: a lease ends with its connection, so each has one of its own.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
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

/// The head of an answer, and the connection on which its body arrives. Dropping it closes that.
pub(crate) struct Answer {
    pub(crate) head: http::response::Parts,
    body: Incoming,
    _driver: AbortOnDrop,
    /// Kept because hyper closes the connection when nobody could send on it any more.
    _sender: http1::SendRequest<Full<Bytes>>,
}

impl Answer {
    /// Makes a connection, sends `request`, and waits for the head of the answer.
    pub(crate) async fn to(
        url: &BaseUrl,
        mut request: Request<Full<Bytes>>,
        connect_timeout: Duration,
        answer_timeout: Duration,
    ) -> io::Result<Self> {
        let host = HeaderValue::from_str(url.authority()).map_err(io::Error::other)?;
        request.headers_mut().insert(header::HOST, host);
        let stream = timeout(connect_timeout, connect(url.address()))
            .await
            .map_err(|_| timed_out("no connection", connect_timeout))??;
        timeout(answer_timeout, Self::exchange(stream, request))
            .await
            .map_err(|_| timed_out("no answer", answer_timeout))?
            .map_err(broken)
    }

    async fn exchange(
        stream: TcpStream,
        request: Request<Full<Bytes>>,
    ) -> Result<Self, hyper::Error> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let driver = AbortOnDrop::spawn(async move {
            // An error of the connection reaches the reader of the body too, who reports it.
            connection.await.ok();
        });
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok(Self { head, body, _driver: driver, _sender: sender })
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
pub(crate) struct AbortOnDrop(JoinHandle<()>);

impl AbortOnDrop {
    pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task))
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn connect(address: (&str, u16)) -> io::Result<TcpStream> {
    let mut failure = None;
    for candidate in lookup_host(address).await? {
        match TcpStream::connect(candidate).await {
            Ok(stream) => {
                notice_a_vanished_peer(&stream)?;
                return Ok(stream);
            }
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| {
        io::Error::new(io::ErrorKind::NotFound, format!("{} has no address", address.0))
    }))
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

fn timed_out(what: &str, after: Duration) -> io::Error {
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
