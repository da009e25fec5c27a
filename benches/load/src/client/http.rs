//! An HTTP/1.1 connection that is kept and used for one call after the other.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::connect::connect;
use crate::failure::{Doing, Failure};

const MOST_HEADERS: usize = 32;

/// Where the body of the present answer is.
#[derive(Debug, Clone, Copy)]
enum Framing {
    /// So many bytes, and it is over.
    Length(usize),
    /// The size of a chunk comes next.
    ChunkSize,
    /// So many bytes of a chunk.
    Chunk(usize),
    /// The line end behind a chunk.
    ChunkEnd,
    /// The empty line behind the last chunk.
    LastLine,
    Over,
}

/// A connection that is kept.
pub(crate) struct Http {
    stream: TcpStream,
    received: Vec<u8>,
    /// How much of `received` has been read.
    read: usize,
    framing: Framing,
    body: Vec<u8>,
    /// How much of `body` has been given out as lines.
    told: usize,
}

impl Http {
    /// Connects the client of this number.
    pub(crate) async fn open(address: SocketAddr, number: usize) -> Result<Self, Failure> {
        let stream = connect(address, number).await?;
        let (received, body) = (Vec::new(), Vec::new());
        Ok(Self { stream, received, read: 0, framing: Framing::Over, body, told: 0 })
    }

    /// Sends a request.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Result<(), Failure> {
        self.stream.write_all(request).await.doing("send a request")
    }

    /// Reads the head of an answer, and returns its status.
    pub(crate) async fn head(&mut self) -> Result<u16, Failure> {
        self.body.clear();
        self.told = 0;
        loop {
            let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
            let mut response = httparse::Response::new(&mut headers);
            let parsed = response.parse(&self.received[self.read..]);
            if let httparse::Status::Complete(length) =
                parsed.doing("read the head of an answer")?
            {
                let status = response.code.unwrap_or_default();
                self.framing = framing(status, response.headers)?;
                self.read += length;
                return Ok(status);
            }
            self.receive().await?;
        }
    }

    /// Reads the whole of a body, or what is left of it.
    pub(crate) async fn body(&mut self) -> Result<&[u8], Failure> {
        while self.more().await? {}
        self.told = self.body.len();
        Ok(&self.body)
    }

    /// Whether nothing more comes of the last answer.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.framing, Framing::Over | Framing::Length(0))
    }

    /// Reads the next line of a body, with its end; `None` after the last one.
    pub(crate) async fn line(&mut self) -> Result<Option<&[u8]>, Failure> {
        if self.told == self.body.len() {
            self.body.clear();
            self.told = 0;
        }
        let mut seen = self.told;
        loop {
            if let Some(end) = self.body[seen..].iter().position(|&byte| byte == b'\n') {
                let line = self.told..seen + end + 1;
                self.told = line.end;
                return Ok(Some(&self.body[line]));
            }
            seen = self.body.len();
            if !self.more().await? {
                return Ok(None);
            }
        }
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn call(&mut self, request: &[u8]) -> Result<(u16, &[u8]), Failure> {
        self.send(request).await?;
        let status = self.head().await?;
        Ok((status, self.body().await?))
    }

    /// Reads more of the body; `false` at its end.
    async fn more(&mut self) -> Result<bool, Failure> {
        loop {
            let fresh = self.received.len() - self.read;
            match self.framing {
                Framing::Over | Framing::Length(0) => return Ok(false),
                Framing::Length(left) | Framing::Chunk(left) if fresh > 0 => {
                    self.take(left.min(fresh));
                    return Ok(true);
                }
                Framing::ChunkSize => {
                    if let Some(size) = self.chunk_size()? {
                        self.framing =
                            if size == 0 { Framing::LastLine } else { Framing::Chunk(size) };
                        continue;
                    }
                }
                Framing::ChunkEnd | Framing::LastLine if fresh >= 2 => {
                    self.read += 2;
                    let is_last = matches!(self.framing, Framing::LastLine);
                    self.framing = if is_last { Framing::Over } else { Framing::ChunkSize };
                    continue;
                }
                _ => {}
            }
            self.receive().await?;
        }
    }

    /// Moves so much of what has been received into the body.
    fn take(&mut self, count: usize) {
        self.body.extend_from_slice(&self.received[self.read..self.read + count]);
        self.read += count;
        self.framing = match self.framing {
            Framing::Length(left) => Framing::Length(left - count),
            Framing::Chunk(left) if left == count => Framing::ChunkEnd,
            Framing::Chunk(left) => Framing::Chunk(left - count),
            other => other,
        };
    }

    fn chunk_size(&mut self) -> Result<Option<usize>, Failure> {
        let fresh = &self.received[self.read..];
        let Some(end) = fresh.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(&fresh[..end]).doing("read the size of a chunk")?;
        let size = usize::from_str_radix(text, 16).doing("read the size of a chunk")?;
        self.read += end + 2;
        Ok(Some(size))
    }

    async fn receive(&mut self) -> Result<(), Failure> {
        if self.read == self.received.len() {
            self.received.clear();
            self.read = 0;
        }
        match self.stream.read_buf(&mut self.received).await.doing("receive an answer")? {
            0 => Err(Failure::new("the server has closed the connection")),
            _ => Ok(()),
        }
    }
}

fn framing(status: u16, headers: &[httparse::Header<'_>]) -> Result<Framing, Failure> {
    if status == 204 || status == 304 {
        return Ok(Framing::Over);
    }
    for header in headers {
        if header.name.eq_ignore_ascii_case("content-length") {
            let text = std::str::from_utf8(header.value).doing("read the length of an answer")?;
            return Ok(Framing::Length(text.parse().doing("read the length of an answer")?));
        }
        if header.name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok(Framing::ChunkSize);
        }
    }
    Err(Failure::new("an answer does not say where it ends"))
}
