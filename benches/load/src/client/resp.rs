//! Redis's protocol: commands as arrays of strings, and the replies.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::connect::connect;
use crate::failure::{Doing, Failure};

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    Status(String),
    Number(i64),
    Text(String),
    Nothing,
    List(Vec<Reply>),
}

/// A connection to a Redis.
pub(super) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
    command: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr, number: usize) -> Result<Self, Failure> {
        let stream = connect(address, number).await?;
        Ok(Self { stream, received: Vec::new(), command: Vec::new() })
    }

    /// Sends a command.
    pub(super) async fn send(&mut self, words: &[&str]) -> Result<(), Failure> {
        self.command.clear();
        self.command.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
        for word in words {
            self.command.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
        }
        self.stream.write_all(&self.command).await.doing("send a command to Redis")
    }

    /// Reads the next reply; an error is a failure.
    pub(super) async fn reply(&mut self) -> Result<Reply, Failure> {
        loop {
            if let Some((reply, length)) = parse(&self.received)? {
                self.received.drain(..length);
                return Ok(reply);
            }
            if self.stream.read_buf(&mut self.received).await.doing("receive from Redis")? == 0 {
                return Err(Failure::new("Redis has closed the connection"));
            }
        }
    }

    /// Sends a command and reads its reply.
    pub(super) async fn call(&mut self, words: &[&str]) -> Result<Reply, Failure> {
        self.send(words).await?;
        self.reply().await
    }
}

/// The first reply in these bytes and its length, if all of it is there.
fn parse(bytes: &[u8]) -> Result<Option<(Reply, usize)>, Failure> {
    let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let line = std::str::from_utf8(&bytes[..end]).doing("read a reply of Redis")?;
    let (kind, rest) = line.split_at_checked(1).unwrap_or_default();
    let after = end + 2;
    let reply = match kind {
        "+" => Reply::Status(rest.to_owned()),
        ":" => Reply::Number(rest.parse().doing("read a number of Redis")?),
        "$" | "*" if rest.starts_with('-') => Reply::Nothing,
        "$" => {
            let length: usize = rest.parse().doing("read a length of Redis")?;
            let Some(text) = bytes.get(after..after + length + 2) else { return Ok(None) };
            let text = String::from_utf8_lossy(&text[..length]).into_owned();
            return Ok(Some((Reply::Text(text), after + length + 2)));
        }
        "*" => return parse_list(bytes, after, rest.parse().doing("read a length of Redis")?),
        _ => return Err(Failure::new(format!("Redis says {line}"))),
    };
    Ok(Some((reply, after)))
}

fn parse_list(bytes: &[u8], from: usize, count: usize) -> Result<Option<(Reply, usize)>, Failure> {
    let mut list = Vec::new();
    let mut end = from;
    for _ in 0..count {
        let Some((reply, length)) = parse(&bytes[end..])? else { return Ok(None) };
        list.push(reply);
        end += length;
    }
    Ok(Some((Reply::List(list), end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_read_once_all_of_it_is_there() {
        let bytes = b"*2\r\n$5\r\nqueue\r\n:7\r\n+OK\r\n";
        let list = Reply::List(vec![Reply::Text("queue".to_owned()), Reply::Number(7)]);
        let whole = b"*2\r\n$5\r\nqueue\r\n:7\r\n".len();
        assert_eq!(parse(bytes).unwrap(), Some((list, whole)));
        for length in 0..whole {
            assert_eq!(parse(&bytes[..length]).unwrap(), None, "{length}");
        }
        assert_eq!(parse(b"$-1\r\n").unwrap(), Some((Reply::Nothing, 5)));
    }

    #[test]
    fn an_error_of_redis_is_a_failure() {
        let failure = parse(b"-NOSCRIPT no matching script\r\n").unwrap_err().to_string();
        assert_eq!(failure, "Redis says -NOSCRIPT no matching script");
    }
}
