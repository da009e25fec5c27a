//! One HTTP/1.1 connection, down to its bytes and to the way in which it ends.

use std::io::ErrorKind;
use std::net::{Shutdown, SocketAddr};

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::deadline::within;
use crate::reply::{Head, Reply};

/// How a response says where its body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    /// After so many bytes.
    Length(usize),
    /// In chunks, the last one empty.
    Chunked,
    /// Where the connection ends.
    UntilEnd,
}

/// A connection that does what it is told and nothing by itself.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    /// Received and not yet looked at.
    received: Vec<u8>,
    framing: Framing,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        let connection = Self::try_open(address).await;
        connection.unwrap_or_else(|error| panic!("no connection to {address}: {error}"))
    }

    /// Connects, where somebody may listen or not.
    pub async fn try_open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = within("the connection", TcpStream::connect(address)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { address, stream, received: Vec::new(), framing: Framing::UntilEnd })
    }

    /// Sends these bytes.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).await.expect("the bytes go out");
    }

    /// Sends these bytes to a peer that may have closed the connection.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        within("sending", self.stream.write_all(bytes.as_ref())).await
    }

    /// Sends a request without a body.
    pub async fn request(&mut self, method: &str, target: &str) {
        let head = self.request_head(method, target, &[]);
        self.send(head).await;
    }

    /// A request line and headers, with `Host` and the empty line at the end.
    #[must_use]
    pub fn request_head(&self, method: &str, target: &str, headers: &[(&str, &str)]) -> String {
        let mut text = format!("{method} {target} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text
    }

    /// Reads the head of a response.
    pub async fn head(&mut self) -> Head {
        let head = self.try_head().await;
        head.unwrap_or_else(|seen| panic!("the connection ended inside the head: {seen:?}"))
    }

    /// Reads the head of a response; if the connection ends before, what had come of it.
    pub async fn try_head(&mut self) -> Result<Head, String> {
        let end = loop {
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                break end;
            }
            if !self.receive().await {
                return Err(String::from_utf8_lossy(&self.received).into_owned());
            }
        };
        let text = String::from_utf8(self.received.drain(..end + 4).collect()).expect("UTF-8");
        let head = Head::parse(text.trim_end_matches("\r\n"));
        self.framing = framing(&head);
        Ok(head)
    }

    /// Reads a whole response.
    pub async fn reply(&mut self) -> Reply {
        let head = self.head().await;
        let body = self.body().await;
        Reply { head, body }
    }

    /// Reads the rest of the body of the response whose head was read last.
    pub async fn body(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece().await {
            body.extend(piece);
        }
        body
    }

    /// Reads the next piece of a body; `None` after its end, in whatever way that came.
    pub async fn piece(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(piece) = self.piece_received() {
                return (!piece.is_empty()).then_some(piece);
            }
            if !self.receive().await {
                self.framing = Framing::Length(0);
                let rest = std::mem::take(&mut self.received);
                return (!rest.is_empty()).then_some(rest);
            }
        }
    }

    /// A piece of the body from what has been received; an empty one at the end of the body, `None`
    /// if more bytes are needed to tell.
    fn piece_received(&mut self) -> Option<Vec<u8>> {
        match self.framing {
            Framing::Length(0) => Some(Vec::new()),
            _ if self.received.is_empty() => None,
            Framing::Length(left) => {
                let take = left.min(self.received.len());
                self.framing = Framing::Length(left - take);
                Some(self.received.drain(..take).collect())
            }
            Framing::UntilEnd => Some(std::mem::take(&mut self.received)),
            Framing::Chunked => {
                let line = find(&self.received, b"\r\n")?;
                let size = std::str::from_utf8(&self.received[..line]).expect("a chunk size");
                let size = usize::from_str_radix(size.trim(), 16).expect("a chunk size");
                if self.received.len() < line + 2 + size + 2 {
                    return None;
                }
                let chunk = self.received[line + 2..line + 2 + size].to_vec();
                self.received.drain(..line + 2 + size + 2);
                if size == 0 {
                    self.framing = Framing::Length(0);
                }
                Some(chunk)
            }
        }
    }

    /// Receives more; `false` if the peer has ended the connection, with FIN or RST.
    async fn receive(&mut self) -> bool {
        let read = self.stream.read_buf(&mut self.received);
        matches!(within("the peer's next bytes", read).await, Ok(1..))
    }

    /// Waits until these bytes have come, and forgets them and what came before.
    pub async fn until_bytes(&mut self, wanted: &[u8]) {
        loop {
            if let Some(start) = find(&self.received, wanted) {
                self.received.drain(..start + wanted.len());
                return;
            }
            let seen = self.received.clone();
            assert!(self.receive().await, "the connection ended before {wanted:?}: {seen:?}");
        }
    }

    /// Waits until the peer has ended the connection, and returns what it sent before.
    pub async fn until_end(&mut self) -> Vec<u8> {
        while self.receive().await {}
        std::mem::take(&mut self.received)
    }

    /// Says with a FIN that nothing more will be sent, and stays to listen.
    pub fn finish_sending(&self) {
        self.shutdown(Shutdown::Write);
    }

    /// Ends the connection with a FIN.
    pub fn close(self) {
        // Closing alone would send RST where something is received and unread.
        self.shutdown(Shutdown::Both);
    }

    /// Ends the connection with a RST.
    pub fn reset(self) {
        self.stream.set_zero_linger().expect("SO_LINGER");
    }

    /// Makes the window small, so that a peer that writes much fills it soon.
    pub fn receive_little(&self) {
        SockRef::from(&self.stream).set_recv_buffer_size(2048).expect("SO_RCVBUF");
    }

    fn shutdown(&self, how: Shutdown) {
        match SockRef::from(&self.stream).shutdown(how) {
            // The peer may have been faster.
            Err(error) if error.kind() != ErrorKind::NotConnected => panic!("shutdown: {error}"),
            _ => {}
        }
    }
}

fn framing(head: &Head) -> Framing {
    if matches!(head.status, 100..200 | 204 | 304) {
        Framing::Length(0)
    } else if head.header_lists("transfer-encoding", "chunked") {
        Framing::Chunked
    } else if let Some(length) = head.header("content-length") {
        Framing::Length(length.parse().expect("a content length"))
    } else {
        Framing::UntilEnd
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
