//! A server that says what a test wants it to say, for what a real respod cannot be made to do.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Listens on a port of its own.
pub(crate) struct FakeRespod {
    listener: TcpListener,
    address: SocketAddr,
}

/// The place of a server that is not there: connections to it are refused.
pub(crate) struct Stopped(SocketAddr);

/// One request that has arrived, and the connection to answer on. Dropping it closes that.
pub(crate) struct Exchange {
    /// The request line and the headers.
    pub(crate) head: String,
    pub(crate) body: String,
    stream: TcpStream,
}

impl FakeRespod {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    /// Stops to listen.
    pub(crate) fn stop(self) -> Stopped {
        Stopped(self.address)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request.
    pub(crate) async fn request(&self) -> Exchange {
        let (mut stream, _) = self.listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        stream.read_exact(&mut body).await.unwrap();
        Exchange { head, body: String::from_utf8(body).unwrap(), stream }
    }

    /// The next request, which is answered with a stream that begins with `lines`.
    pub(crate) async fn stream(&self, lines: &str) -> Exchange {
        let mut exchange = self.request().await;
        exchange.begin_stream(lines).await;
        exchange
    }
}

impl Stopped {
    /// Listens again where it did before.
    pub(crate) async fn start(self) -> FakeRespod {
        FakeRespod { listener: TcpListener::bind(self.0).await.unwrap(), address: self.0 }
    }
}

impl Exchange {
    /// Answers with a stream that begins with `lines`.
    pub(crate) async fn begin_stream(&mut self, lines: &str) {
        self.send(
            "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\n\
             transfer-encoding: chunked\r\n\r\n",
        )
        .await;
        self.line(lines).await;
    }

    /// Sends a line of a stream as a chunk of its own.
    pub(crate) async fn line(&mut self, line: &str) {
        self.chunk(&format!("{line}\n")).await;
    }

    /// Sends a piece of a stream.
    pub(crate) async fn chunk(&mut self, text: &str) {
        self.send(&format!("{:x}\r\n{text}\r\n", text.len())).await;
    }

    /// Answers with a problem document and closes.
    pub(crate) async fn refuse(self, status: u16, code: &str) {
        let body = crate::requests::problem(status, code, "");
        self.answer(&format!("{status} No"), "application/problem+json", &body).await;
    }

    /// Answers with a whole document and closes.
    pub(crate) async fn answer(mut self, status: &str, media_type: &str, body: &str) {
        let length = body.len();
        self.send(&format!(
            "HTTP/1.1 {status}\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await;
    }

    /// Whether the client has not closed its side.
    pub(crate) fn is_open(&mut self) -> bool {
        let nothing_yet = std::io::ErrorKind::WouldBlock;
        matches!(self.stream.try_read(&mut [0]), Err(error) if error.kind() == nothing_yet)
    }

    /// Waits until the client has closed its side.
    pub(crate) async fn closed(mut self) {
        let mut rest = Vec::new();
        // A reset closes it as well as an orderly end does.
        self.stream.read_to_end(&mut rest).await.ok();
        assert!(rest.is_empty(), "the client sent more than one request");
    }

    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }
}
