//! One HTTP/1.1 request and its answer, over a connection that may end at any byte.
//!
//! Unlike [`Connection`](crate::Connection), which panics where a test expects an answer, this returns
//! an error: here, a connection that breaks is the ordinary case.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::lock_stream::Lines;
use crate::reply::Head;

/// A connection for one request. Dropping it closes it.
#[derive(Debug)]
pub struct Exchange {
    address: SocketAddr,
    stream: TcpStream,
    /// Received and not yet looked at.
    received: Vec<u8>,
    body: Body,
    lines: Lines,
}

/// What is still to come of the body.
#[derive(Debug, Clone, Copy)]
enum Body {
    /// So many bytes.
    Length(usize),
    /// Chunks.
    Chunked,
    /// Nothing.
    Over,
}

impl Exchange {
    /// Connects.
    ///
    /// # Errors
    /// If nobody listens, or the listener goes.
    pub async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (received, lines) = (Vec::new(), Lines::default());
        Ok(Self { address, stream, received, body: Body::Over, lines })
    }

    /// Sends a request and reads the head of the answer.
    ///
    /// # Errors
    /// If the connection ends before.
    pub async fn ask(&mut self, method: &str, target: &str, headers: &str) -> io::Result<Head> {
        let address = self.address;
        let head = format!("{method} {target} HTTP/1.1\r\nHost: {address}\r\n{headers}\r\n");
        self.stream.write_all(head.as_bytes()).await?;
        let end = loop {
            if let Some(end) = find(&self.received, b"\r\n\r\n") {
                break end;
            }
            self.receive().await?;
        };
        let text: Vec<u8> = self.received.drain(..end + 4).collect();
        let head = Head::parse(String::from_utf8_lossy(&text).trim_end());
        self.body = body(&head)?;
        Ok(head)
    }

    /// The next line of the body; `None` after the last. It may be cancelled.
    ///
    /// # Errors
    /// If the connection ends before the body does.
    pub async fn line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(line) = self.lines.pop() {
                return Ok(Some(line));
            }
            match self.piece().await? {
                Some(piece) => self.lines.push(&piece),
                None => return Ok(None),
            }
        }
    }

    /// The rest of the body.
    ///
    /// # Errors
    /// If the connection ends before the body does.
    pub async fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut rest = Vec::new();
        while let Some(piece) = self.piece().await? {
            rest.extend(piece);
        }
        Ok(rest)
    }

    async fn piece(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(piece) = self.piece_received()? {
                return Ok(Some(piece));
            }
            if matches!(self.body, Body::Over | Body::Length(0)) {
                return Ok(None);
            }
            self.receive().await?;
        }
    }

    /// A piece of the body out of what has been received, if there is a whole one.
    fn piece_received(&mut self) -> io::Result<Option<Vec<u8>>> {
        match self.body {
            Body::Length(left) if left > 0 && !self.received.is_empty() => {
                let taken = left.min(self.received.len());
                self.body = Body::Length(left - taken);
                Ok(Some(self.received.drain(..taken).collect()))
            }
            Body::Chunked => self.chunk_received(),
            Body::Length(_) | Body::Over => Ok(None),
        }
    }

    fn chunk_received(&mut self) -> io::Result<Option<Vec<u8>>> {
        let Some(line) = find(&self.received, b"\r\n") else { return Ok(None) };
        let size = String::from_utf8_lossy(&self.received[..line]).into_owned();
        let size = usize::from_str_radix(size.trim(), 16)
            .map_err(|_| malformed(format!("a chunk of size {size:?}")))?;
        let (start, end) = (line + 2, line + 2 + size);
        if self.received.len() < end + 2 {
            return Ok(None);
        }
        let chunk = self.received[start..end].to_vec();
        self.received.drain(..end + 2);
        if size == 0 {
            self.body = Body::Over;
            return Ok(None);
        }
        Ok(Some(chunk))
    }

    async fn receive(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.received).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

fn body(head: &Head) -> io::Result<Body> {
    if head.header_lists("transfer-encoding", "chunked") {
        return Ok(Body::Chunked);
    }
    match head.header("content-length") {
        Some(length) => length.parse().map(Body::Length).map_err(malformed),
        None if head.status == 204 => Ok(Body::Over),
        None => Err(malformed(format!("a body without a length: {head:?}"))),
    }
}

fn malformed(problem: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem.to_string())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}
